//! The forms in which tables are written.

use std::fmt;
use std::str::FromStr;

/// The form of a written table.
///
/// ```
/// use research_results::Format;
///
/// assert_eq!("csv".parse::<Format>().unwrap(), Format::Csv);
/// assert_eq!(
///     "xml".parse::<Format>().unwrap_err().to_string(),
///     "unknown format `xml`; available: table, csv, json, jsonl"
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// Text: aligned columns; floats in about six digits, long strings truncated.
    #[default]
    Table,
    /// Comma-separated values as RFC 4180 says, with lines that end in `\n`. What is missing is
    /// empty, an empty text `""`. Floats are the shortest that read back, or `NaN`, `inf`, `-inf`.
    /// Lists and maps are JSON, bytes `b"0a1b"`.
    Csv,
    /// A JSON array with an object per row. What is missing is `null`; what JSON has no numbers for
    /// is `NaN`, `Infinity` and `-Infinity`, as Python's `json` writes and reads them. Bytes are
    /// lists of numbers.
    Json,
    /// The same objects, one per line.
    JsonLines,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Table, Self::Csv, Self::Json, Self::JsonLines];

    /// Its name on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::JsonLines => "jsonl",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = ParseFormatError;

    fn from_str(text: &str) -> Result<Self, ParseFormatError> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| ParseFormatError(text.to_owned()))
    }
}

/// The name of a format is unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown format `{0}`; available: table, csv, json, jsonl")]
pub struct ParseFormatError(String);
