//! Series: lists of numbers at equal distances.

use super::parser::Parser;
use crate::syntax::error::SyntaxError;
use crate::value::{Listed, Value};

pub(super) const SERIES: [&str; 3] = ["range", "linspace", "geomspace"];

/// The maximum number of values: lists are stored in full, in memory and in the log.
const MAX_VALUES: u64 = 100_000;

/// The arguments of `linspace` and `geomspace`.
struct Ends {
    low: f64,
    high: f64,
    count: u64,
}

impl Ends {
    /// Returns the ends, and between them the results of `value` for points at equal distances from
    /// `first` to `last`. Its arguments are the distance of a point from `first`, and `first`.
    fn between(&self, value: impl Fn(f64, f64) -> f64, first: f64, last: f64) -> Vec<Listed> {
        let steps = self.count.saturating_sub(1);
        let point = |step: u64| match step {
            0 => self.low,
            _ if step == steps => self.high,
            _ => value((last - first) * step as f64 / steps as f64, first),
        };
        (0..self.count)
            .map(|step| Listed::from(point(step)))
            .collect()
    }
}

impl Parser<'_> {
    /// Parses a call of one of [`SERIES`]; the next token is its name.
    pub(super) fn series(&mut self, name: &str) -> Result<Vec<Listed>, SyntaxError> {
        let mark = self.mark();
        self.take();
        self.take();
        match name {
            "range" => self.range(mark),
            "linspace" => {
                let ends = self.ends(name, mark)?;
                Ok(ends.between(|distance, low| low + distance, ends.low, ends.high))
            }
            _ => {
                let ends = self.ends(name, mark)?;
                if !(ends.low > 0.0 && ends.high > 0.0) {
                    let message =
                        "`geomspace` needs numbers above 0: each is a multiple of the last";
                    return Err(self.error_at(mark, message));
                }
                let power = |distance, low| rounded(libm::pow(10.0, low + distance));
                Ok(ends.between(power, libm::log10(ends.low), libm::log10(ends.high)))
            }
        }
    }

    /// Parses `range(end)`, `range(start, end)` or `range(start, end, step)`, without the end.
    fn range(&mut self, mark: usize) -> Result<Vec<Listed>, SyntaxError> {
        let arguments = self.list(")", Parser::integer)?;
        let (start, end, step) = match *arguments.as_slice() {
            [end] => (0, end, 1),
            [start, end] => (start, end, 1),
            [start, end, step] => (start, end, step),
            _ => {
                let (wanted, found) = ("start, end, step", arguments.len());
                return Err(self.wrong_count("range", wanted, found, mark));
            }
        };
        let distance = (i128::from(end) - i128::from(start)) * i128::from(step.signum());
        if step == 0 || distance <= 0 {
            let message = format!("`range` from {start} to {end} by {step} is empty");
            let hint = "the end is excluded: range(0, 3) is [0, 1, 2]";
            return Err(self.error_at(mark, message).with_hint(hint));
        }
        let width = u128::from(step.unsigned_abs());
        let count = distance.unsigned_abs().div_ceil(width);
        let count = self.checked_count(count, "range", mark)?;
        // All values are between the ends, so none overflows.
        let value = |index: u64| start.wrapping_add(step.wrapping_mul(index as i64));
        Ok((0..count).map(|index| Listed::from(value(index))).collect())
    }

    fn integer(&mut self) -> Result<i64, SyntaxError> {
        let mark = self.mark();
        let value = self.value()?;
        value.as_i64().ok_or_else(|| {
            self.error_at(mark, "`range` needs integers")
                .with_hint("for other numbers use linspace(low, high, count)")
        })
    }

    /// Parses `low, high, count)`; both ends are included.
    fn ends(&mut self, name: &str, mark: usize) -> Result<Ends, SyntaxError> {
        let arguments = self.list(")", Parser::value)?;
        let [low, high, count] = arguments.as_slice() else {
            return Err(self.wrong_count(name, "low, high, count", arguments.len(), mark));
        };
        let finite = |value: &Value| value.as_f64().filter(|number| number.is_finite());
        let (Some(low), Some(high)) = (finite(low), finite(high)) else {
            return Err(self.error_at(mark, format!("`{name}` needs two numbers as its ends")));
        };
        let Some(count) = count.as_i64().and_then(|count| u128::try_from(count).ok()) else {
            return Err(self.error_at(mark, format!("`{name}` needs a number of values")));
        };
        let count = self.checked_count(count, name, mark)?;
        if !((high - low) * count as f64).is_finite() {
            return Err(self.error_at(mark, format!("the ends of `{name}` are too far apart")));
        }
        Ok(Ends { low, high, count })
    }

    fn checked_count(&self, count: u128, name: &str, mark: usize) -> Result<u64, SyntaxError> {
        match u64::try_from(count) {
            Ok(count) if (1..=MAX_VALUES).contains(&count) => Ok(count),
            _ => Err(self
                .error_at(mark, format!("`{name}` has {count} values"))
                .with_hint(format!(
                    "it can have 1 to {MAX_VALUES}; a product of lists has no limit"
                ))),
        }
    }
}

/// Rounds to 15 digits, so that 3.999999999999999 becomes 4: later digits are rounding errors, and
/// would appear in ids and tables.
fn rounded(number: f64) -> f64 {
    let written = format!("{number:.14e}");
    written.parse().unwrap_or(number)
}
