//! Durations: numbers of seconds, or strings with a unit.

use std::time::Duration;

use super::error::{Diagnostic, FileErrorKind};
use super::node::{Content, Node};

/// The expected values.
const EXPECTED: &str = "a duration: a number of seconds, or a string such as \"500ms\", \"90s\", \
                        \"10m\", \"1h30m\" or \"1d\"";

/// The units, the longest names first, with their seconds.
const UNITS: [(&str, f64); 5] = [
    ("ms", 0.001),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
    ("d", 86400.0),
];

impl Node {
    /// Returns a duration, which may be zero if `may_be_zero`.
    pub(crate) fn time(&self, key: &str, may_be_zero: bool) -> Result<Duration, Diagnostic> {
        let seconds = match &self.content {
            #[allow(clippy::cast_precision_loss, reason = "exact up to 2^53 seconds")]
            Content::Integer(seconds) => *seconds as f64,
            Content::Float(seconds) => *seconds,
            Content::Text(text) => seconds(text).ok_or_else(|| self.expected(key, EXPECTED))?,
            _ => return Err(self.expected(key, EXPECTED)),
        };
        let reason = match Duration::try_from_secs_f64(seconds) {
            Ok(time) if may_be_zero || !time.is_zero() => return Ok(time),
            Ok(_) => "must be greater than zero".to_owned(),
            Err(_) if seconds < 0.0 => format!("must not be negative, found {seconds} s"),
            Err(_) => format!("{seconds} s is too long"),
        };
        let key = key.to_owned();
        Err(FileErrorKind::Range { key, reason }.at(self.span))
    }
}

/// Returns the seconds of a number, or the sum of numbers with units, the larger units first.
fn seconds(text: &str) -> Option<f64> {
    let number = |number: &str| number.trim().parse::<f64>().ok().filter(|n| n.is_finite());
    if let Some(seconds) = number(text) {
        return Some(seconds);
    }
    let (mut rest, mut sum, mut smallest) = (text.trim(), 0.0, f64::INFINITY);
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_ascii_alphabetic() && !"eE".contains(c))?;
        let (count, behind) = rest.split_at(end);
        let is_unit = |(name, _): &(&str, f64)| behind.starts_with(name);
        let (name, seconds) = UNITS.into_iter().find(is_unit)?;
        if seconds >= smallest {
            return None;
        }
        sum += number(count)? * seconds;
        (smallest, rest) = (seconds, behind[name.len()..].trim_start());
    }
    (smallest < f64::INFINITY).then_some(sum)
}
