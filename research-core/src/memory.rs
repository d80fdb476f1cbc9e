//! Memory sizes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A memory size in bytes; written as `6GiB`, `500 MB` or a plain number of bytes.
///
/// ```
/// use research_core::MemorySize;
///
/// let size: MemorySize = "6GiB".parse()?;
/// assert_eq!(size, MemorySize(6 << 30));
/// assert_eq!(size.to_string(), "6 GiB");
/// assert_eq!("1.5 GB".parse(), Ok(MemorySize(1_500_000_000)));
/// assert!("6 apples".parse::<MemorySize>().is_err());
/// # Ok::<(), research_core::ParseMemoryError>(())
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MemorySize(pub u64);

/// An invalid memory size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid memory size `{0}`: write a number with a unit, such as 6GiB, 500 MB, or a number of \
     bytes"
)]
pub struct ParseMemoryError(String);

/// The units of powers of 1024, the largest first.
const BINARY: [(&str, u64); 4] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
];

const DECIMAL: [(&str, u64); 5] = [
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

impl FromStr for MemorySize {
    type Err = ParseMemoryError;

    fn from_str(text: &str) -> Result<Self, ParseMemoryError> {
        parse(text.trim()).ok_or_else(|| ParseMemoryError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<MemorySize> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim());
    let mut units = BINARY.iter().chain(&DECIMAL);
    let factor = match unit {
        "" => 1,
        _ => units.find(|(name, _)| name.eq_ignore_ascii_case(unit))?.1,
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(factor).map(MemorySize);
    }
    let bytes = number.parse::<f64>().ok()? * factor as f64;
    // Larger floats cannot represent each byte, and no memory is so large. The cast cuts off
    // fractions of a byte.
    (bytes < (1_u64 << 53) as f64).then_some(MemorySize(bytes as u64))
}

impl fmt::Display for MemorySize {
    /// Writes the size in the largest unit in which it is at least 1; exact if it has no decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((unit, factor)) = BINARY.iter().find(|(_, factor)| self.0 >= *factor) else {
            return write!(f, "{} B", self.0);
        };
        if self.0.is_multiple_of(*factor) {
            return write!(f, "{} {unit}", self.0 / factor);
        }
        write!(f, "{:.1} {unit}", self.0 as f64 / *factor as f64)
    }
}
