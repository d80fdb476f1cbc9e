//! Times: numbers of seconds, or texts with a unit.

use std::time::Duration;

use super::error::{Fault, Problem};
use super::node::{Content, Node};

/// What can be written.
const EXPECTED: &str =
    "a time: a number of seconds, or a text like \"500ms\", \"90s\", \"10m\", \"2h\" or \"1d\"";

/// The units, the longest names first, with their seconds.
const UNITS: [(&str, f64); 5] = [
    ("ms", 0.001),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
    ("d", 86400.0),
];

impl Node {
    /// A time; where it must be something, longer than none.
    pub(crate) fn time(&self, key: &str, may_be_zero: bool) -> Result<Duration, Fault> {
        let seconds = match &self.content {
            #[allow(
                clippy::cast_precision_loss,
                reason = "beyond 2^53 seconds nobody waits for the next one"
            )]
            Content::Integer(seconds) => *seconds as f64,
            Content::Float(seconds) => *seconds,
            Content::Text(text) => seconds(text).ok_or_else(|| self.expected(key, EXPECTED))?,
            _ => return Err(self.expected(key, EXPECTED)),
        };
        let reason = match Duration::try_from_secs_f64(seconds) {
            Ok(time) if may_be_zero || !time.is_zero() => return Ok(time),
            Ok(_) => "it must be longer than no time at all".to_owned(),
            Err(_) if seconds < 0.0 => format!("a time cannot be negative, and it is {seconds} s"),
            Err(_) => format!("{seconds} s is too long"),
        };
        let key = key.to_owned();
        Err(Problem::Range { key, reason }.at(self.span))
    }
}

fn seconds(text: &str) -> Option<f64> {
    let text = text.trim();
    let number = |number: &str| number.trim().parse::<f64>().ok().filter(|n| n.is_finite());
    let with_unit =
        |(unit, seconds): (&str, f64)| Some(number(text.strip_suffix(unit)?)? * seconds);
    UNITS
        .into_iter()
        .find_map(with_unit)
        .or_else(|| number(text))
}
