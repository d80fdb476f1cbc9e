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
    /// Text that fits a terminal: if the columns are wider, those with the same value in all rows
    /// are left out first, then others from the middle. The last line names them.
    Fitted {
        /// The width of the terminal.
        columns: usize,
        /// Says how to see the columns that are left out, at the end of the last line.
        hint: &'static str,
    },
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
    /// All of them that have a name of their own.
    pub const ALL: [Self; 4] = [Self::Table, Self::Csv, Self::Json, Self::JsonLines];

    /// Whether it is aligned text.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::Table | Self::Fitted { .. })
    }

    /// Its name on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table | Self::Fitted { .. } => "table",
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
