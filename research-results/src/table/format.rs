//! The formats in which tables are written.

use std::fmt;
use std::str::FromStr;

/// The format of a written table.
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
    /// Comma-separated values according to RFC 4180, with lines that end in `\n`. Missing values
    /// are empty, and an empty string is `""`. Floats are in the shortest form that reads back
    /// exactly, or `NaN`, `inf`, `-inf`. Lists and maps are JSON, bytes `b"0a1b"`.
    Csv,
    /// A JSON array with an object per row. Missing values are `null`. Numbers that JSON does not
    /// support are `NaN`, `Infinity` and `-Infinity`, as Python's `json` writes and reads them.
    /// Bytes are lists of numbers.
    Json,
    /// The same objects, one per line.
    JsonLines,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 4] = [Self::Table, Self::Csv, Self::Json, Self::JsonLines];

    /// Returns the name of the format on the command line.
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

/// The error of an unknown format name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown format `{0}`; available: table, csv, json, jsonl")]
pub struct ParseFormatError(String);
