//! The numbers among saved values, their mean and their standard deviation.

use research_core::Column;

use crate::short_float::ShortFloat;
use research_domain::Value;

/// The mean of numbers that are added one by one.
#[derive(Clone, Debug)]
pub struct RunningMean {
    count: usize,
    lowest: f64,
    highest: f64,
    sum: f64,
    /// The sum of the numbers divided by `SCALE`: it is finite where the numbers are.
    scaled: f64,
}

/// A power of two, so that the division changes no digit of a large number.
const SCALE: f64 = 18_446_744_073_709_551_616.0;

impl Default for RunningMean {
    fn default() -> Self {
        Self {
            count: 0,
            lowest: f64::NAN,
            highest: f64::NAN,
            // The sum starts at -0.0, so that the sum of several -0.0 is -0.0.
            sum: -0.0,
            scaled: -0.0,
        }
    }
}

impl RunningMean {
    /// Returns the number of numbers.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Adds a number.
    pub fn push(&mut self, number: f64) {
        self.count += 1;
        self.lowest = self.lowest.min(number);
        self.highest = self.highest.max(number);
        self.sum += number;
        self.scaled += number / SCALE;
    }

    /// Returns the mean; `None` without numbers. It lies between the lowest and the highest number,
    /// also if the sum is rounded or too large for a float.
    pub fn mean(&self) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let count = self.count as f64;
        let is_too_large = !self.sum.is_finite() && self.scaled.is_finite();
        let mean = match is_too_large {
            true => self.scaled / count * SCALE,
            false => self.sum / count,
        };
        // NaN stays NaN.
        let is_outside = mean < self.lowest || mean > self.highest;
        Some(if is_outside {
            mean.clamp(self.lowest, self.highest)
        } else {
            mean
        })
    }
}

/// Returns the mean of numbers; see [`RunningMean::mean`].
pub fn mean(numbers: &[f64]) -> Option<f64> {
    let mut all = RunningMean::default();
    numbers.iter().for_each(|number| all.push(*number));
    all.mean()
}

/// Returns the standard deviation of a sample of numbers around their mean; `None` for fewer than
/// two numbers.
pub fn deviation(numbers: &[f64], mean: f64) -> Option<f64> {
    let freedom = numbers.len().checked_sub(2)? + 1;
    let distances = || numbers.iter().map(|number| number - mean);
    let largest = distances().fold(0.0, |most: f64, distance| most.max(distance.abs()));
    if largest == 0.0 && !distances().any(f64::is_nan) {
        return Some(0.0);
    }
    // Squares of very large or small numbers overflow. Scaling by a power of two changes no digit.
    let unit = match largest.log2().floor().exp2() {
        unit if unit.is_normal() => unit,
        _ => 1.0,
    };
    let squares: f64 = distances().map(|distance| (distance / unit).powi(2)).sum();
    Some(unit * (squares / freedom as f64).sqrt())
}

/// Returns the quantile of numbers in rising order, of which there is at least one: between two of
/// them, it is interpolated linearly.
#[must_use]
pub fn quantile(numbers: &[f64], probability: f64) -> f64 {
    let at = (numbers.len() - 1) as f64 * probability.clamp(0.0, 1.0);
    let (below, share) = (at.floor() as usize, at.fract());
    match numbers.get(below + 1) {
        Some(above) if share > 0.0 => numbers[below] * (1.0 - share) + above * share,
        _ => numbers[below],
    }
}

/// Returns a value as text, with floats in about six significant digits.
#[must_use]
pub fn short_text(value: &Value) -> String {
    match value {
        Value::Float(float) => ShortFloat(*float).to_string(),
        value => rounded(value).to_string(),
    }
}

fn rounded(value: &Value) -> Value {
    match value {
        Value::Float(float) => {
            let shown = ShortFloat(*float).to_string();
            Value::Float(shown.parse().unwrap_or(*float))
        }
        Value::List(items) => Value::List(items.iter().map(rounded).collect()),
        value => value.clone(),
    }
}

/// Returns a note on the number of values of a variable that were left out because they are not
/// numbers, if there are any.
pub fn left_out_note(name: &str, count: usize) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!(
            "`{name}`: 1 value that is not a number is left out"
        )),
        count => Some(format!(
            "`{name}`: {count} values that are not numbers are left out"
        )),
    }
}

/// Whether the value at a position is `null`, which counts as missing.
pub fn is_null(column: &Column, position: usize) -> bool {
    match column {
        Column::Value(values) => values.get(position).is_none_or(Value::is_null),
        _ => false,
    }
}

/// Returns the number at a position of a column. Booleans count as 0 and 1.
pub fn number_at(column: &Column, position: usize) -> Option<f64> {
    match column {
        Column::Float(values) => values.get(position).copied(),
        Column::Int(values) => values.get(position).map(|&value| value as f64),
        Column::Bool(values) => values
            .get(position)
            .map(|&value| f64::from(u8::from(value))),
        Column::Text(_) => None,
        Column::Value(values) => match values.get(position)? {
            Value::Bool(value) => Some(f64::from(u8::from(*value))),
            value => value.as_f64(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::SQRT_2;

    use super::{deviation, mean};

    fn both(numbers: &[f64]) -> (f64, Option<f64>) {
        let mean = mean(numbers).unwrap_or(f64::NAN);
        (mean, deviation(numbers, mean))
    }

    #[test]
    fn they_are_those_of_a_sample() {
        assert_eq!(
            both(&[2.0, 4.0, 4.0, 6.0]),
            (4.0, Some((8.0_f64 / 3.0).sqrt()))
        );
        assert_eq!(both(&[7.0]), (7.0, None));
        assert_eq!(mean(&[]), None);
        assert_eq!(deviation(&[], 0.0), None);
    }

    #[test]
    fn equal_numbers_have_no_deviation() {
        // The sum of these numbers divided by three differs from each of them.
        assert_eq!(both(&[0.1, 0.1, 0.1]), (0.1, Some(0.0)));
        assert_eq!(both(&[-0.7; 10]), (-0.7, Some(0.0)));
    }

    #[test]
    fn numbers_may_be_as_large_or_small_as_floats_are() {
        let (large, deviation) = both(&[1e200, 3e200]);
        assert_eq!(large, 2e200);
        assert!(deviation.is_some_and(|deviation| (deviation / 1e200 - SQRT_2).abs() < 1e-12));
        assert_eq!(mean(&[1.5e308, 1.5e308]), Some(1.5e308));
        let (small, deviation) = both(&[1e-200, 3e-200]);
        assert_eq!(small, 2e-200);
        assert!(deviation.is_some_and(|deviation| deviation > 1e-200));
    }

    #[test]
    fn what_is_not_finite_is_in_the_mean() {
        assert_eq!(mean(&[1.0, f64::INFINITY]), Some(f64::INFINITY));
        assert!(mean(&[1.0, f64::NAN]).is_some_and(f64::is_nan));
        let (_, deviation) = both(&[f64::NAN, f64::NAN]);
        assert!(deviation.is_some_and(f64::is_nan));
    }
}
