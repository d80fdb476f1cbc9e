//! Scales of axes: their range and their ticks.

/// The scale of an axis, from `low` to `high`.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    log: bool,
    /// Whether ticks are only at integers.
    whole: bool,
}

/// A tick with its label.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) at: f64,
    pub(super) label: String,
}

impl Scale {
    /// Creates a scale for numbers from `low` to `high`, with the fraction `room` of the range as
    /// margin at both ends.
    pub(super) fn around(low: f64, high: f64, log: bool, room: f64) -> Self {
        let scale = Self {
            low,
            high,
            log,
            whole: false,
        };
        let (from, to) = (scale.inner(low), scale.inner(high));
        // Subtract halves, because the difference of two floats may exceed the largest float.
        let half = to / 2.0 - from / 2.0;
        let room = match half > 0.0 {
            true => half * (2.0 * room),
            false if log => 0.5,
            false if from == 0.0 => 1.0,
            false => from.abs() * 0.1,
        };
        Self {
            low: scale.outer(from - room),
            high: scale.outer(to + room),
            ..scale
        }
    }

    /// Creates a scale for integers from `low` to `high`, with ticks only at integers.
    pub(super) fn for_integers(low: f64, high: f64, room: f64) -> Self {
        // A single number gets a range without other integers.
        let scale = match low < high {
            true => Self::around(low, high, false, room),
            false => Self::around(low - 0.5, high + 0.5, false, 0.0),
        };
        Self {
            whole: true,
            ..scale
        }
    }

    /// Returns the position of a number on the axis, from 0 to 1.
    pub(super) fn place(&self, number: f64) -> f64 {
        let (low, high) = (self.inner(self.low), self.inner(self.high));
        let place = (self.inner(number) / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
        if place.is_nan() {
            0.0
        } else {
            place.clamp(0.0, 1.0)
        }
    }

    fn inner(&self, number: f64) -> f64 {
        match self.log {
            true => number.max(f64::MIN_POSITIVE).log10(),
            false => number,
        }
    }

    /// Inverts [`inner`](Self::inner), limited to the range of floats.
    fn outer(&self, number: f64) -> f64 {
        if self.log {
            10_f64.powf(number).clamp(f64::MIN_POSITIVE, f64::MAX)
        } else {
            number.clamp(f64::MIN, f64::MAX)
        }
    }

    /// Returns about `count` ticks.
    pub(super) fn ticks(&self, count: usize) -> Vec<Tick> {
        let count = count.max(2);
        let ticks = if self.log {
            self.log_ticks(count)
        } else {
            Vec::new()
        };
        // An axis within one decade has linear ticks.
        if ticks.len() < 2 {
            self.linear_ticks(count)
        } else {
            ticks
        }
    }

    fn linear_ticks(&self, count: usize) -> Vec<Tick> {
        let rough = self.high / count as f64 - self.low / count as f64;
        if !rough.is_finite() || rough <= 0.0 {
            return Vec::new();
        }
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0]
            .into_iter()
            .map(|factor| factor * power)
            .find(|step| *step >= rough * 0.999 && (!self.whole || step.fract() == 0.0))
            .unwrap_or(power * 10.0);
        let step = if self.whole { step.max(1.0) } else { step };
        let first = (self.low / step - 1e-9).ceil();
        let numbers = (0..=count * 3).map(|nth| (first + nth as f64) * step);
        let mut numbers: Vec<f64> = numbers
            .take_while(|at| *at <= self.high + step * 1e-9)
            .collect();
        // Neighbouring ticks are equal if floats are farther apart than the step.
        numbers.dedup();
        let largest = numbers.iter().fold(0.0, |most: f64, at| most.max(at.abs()));
        let tick = |at: f64| Tick {
            at,
            label: label(at, step, largest),
        };
        numbers.into_iter().map(tick).collect()
    }

    fn log_ticks(&self, count: usize) -> Vec<Tick> {
        let (first, last) = (self.low.log10().ceil(), self.high.log10().floor());
        let decades = (last - first + 1.0).max(0.0);
        let every = (decades / (count as f64 * 1.5)).ceil().max(1.0);
        let factors: &[f64] = match decades {
            few if few <= 2.0 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        let mut ticks = Vec::new();
        let mut decade = first - 1.0;
        while decade <= last && ticks.len() < 100 {
            for factor in factors {
                let at = factor * 10_f64.powf(decade);
                // The ends of the axis were rounded, so compare with a tolerance.
                if at >= self.low * (1.0 - 1e-9) && at <= self.high * (1.0 + 1e-9) {
                    ticks.push(Tick {
                        at,
                        label: power_label(*factor, decade),
                    });
                }
            }
            decade += if decade < first { 1.0 } else { every };
        }
        ticks
    }
}

/// Formats a tick with enough digits to distinguish it from its neighbours, which are `step` away.
fn label(at: f64, step: f64, largest: f64) -> String {
    // A rounding error of a sum that should be zero.
    let at = if at.abs() < step * 1e-9 { 0.0 } else { at };
    let digits = (largest.log10().floor() - step.log10().floor()).clamp(0.0, 15.0);
    let is_small = largest < 1e-3 && largest > 0.0;
    // Many digits are easier to read without an exponent.
    let is_large = largest >= 1e15 || (largest >= 1e6 && digits <= 4.0);
    if is_small || is_large {
        return match at == 0.0 {
            true => "0".to_owned(),
            false => without_zeros_before_e(&format!("{at:.*e}", digits as usize + 1)),
        };
    }
    let decimals = (0..20).find(|decimals| {
        let scaled = step * 10_f64.powi(*decimals);
        (scaled - scaled.round()).abs() < scaled * 1e-6
    });
    format!("{at:.*}", decimals.unwrap_or(20) as usize)
}

fn power_label(factor: f64, decade: f64) -> String {
    if (-3.0..=5.0).contains(&decade) {
        format!("{}", factor * 10_f64.powi(decade as i32))
            .chars()
            .take(8)
            .collect()
    } else {
        format!("{factor}e{decade}")
    }
}

fn without_zeros_before_e(text: &str) -> String {
    match text.split_once('e') {
        Some((mantissa, exponent)) if mantissa.contains('.') => {
            let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
            format!("{mantissa}e{exponent}")
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::Scale;

    fn labels(low: f64, high: f64, log: bool) -> Vec<String> {
        let ticks = Scale::around(low, high, log, 0.0).ticks(5);
        ticks.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(
            labels(0.0, 1.0, false),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(labels(-3.0, 7.0, false), ["-2", "0", "2", "4", "6"]);
        assert_eq!(
            labels(0.0, 0.1, false),
            ["0.00", "0.02", "0.04", "0.06", "0.08", "0.10"]
        );
        assert_eq!(labels(0.0, 4e6, false), ["0", "1e6", "2e6", "3e6", "4e6"]);
        assert_eq!(
            labels(0.0, 2e-5, false),
            ["0", "5e-6", "1e-5", "1.5e-5", "2e-5"]
        );
        assert_eq!(
            labels(1e-4, 10.0, true),
            ["1e-4", "0.001", "0.01", "0.1", "1", "10"]
        );
        assert_eq!(labels(1.0, 50.0, true), ["1", "2", "5", "10", "20", "50"]);
        assert_eq!(
            labels(3.0, 4.0, true),
            ["3.0", "3.2", "3.4", "3.6", "3.8", "4.0"]
        );
    }

    #[test]
    fn ticks_of_integers_are_integers() {
        let labels = |low: f64, high: f64| -> Vec<String> {
            let ticks = Scale::for_integers(low, high, 0.0).ticks(10);
            ticks.into_iter().map(|tick| tick.label).collect()
        };
        assert_eq!(labels(0.0, 3.0), ["0", "1", "2", "3"]);
        assert_eq!(
            labels(1_000_000.0, 1_000_002.0),
            ["1000000", "1000001", "1000002"]
        );
        // A single iteration has no ticks for others.
        assert_eq!(labels(0.0, 0.0), ["0"]);
        assert_eq!(labels(1000.0, 1000.0), ["1000"]);
    }

    #[test]
    fn no_two_ticks_look_the_same() {
        for (low, high) in [
            (1_785_000_000.0, 1_785_000_002.5),
            (1e9, 1e9 + 1e-3),
            (-1e15 - 3.0, -1e15),
            (1e16, 1e16 + 2.0),
            (1e300, 1.000_001e300),
            (1e-300, 2e-300),
            (-1e308, 1.7e308),
            (0.001, 0.001_000_1),
            (0.5, 0.500_000_01),
        ] {
            let labels = labels(low, high, false);
            let distinct: std::collections::BTreeSet<&String> = labels.iter().collect();
            assert!(!labels.is_empty(), "{low} to {high}");
            assert_eq!(distinct.len(), labels.len(), "{low}: {labels:?}");
        }
        assert_eq!(
            labels(1_785_000_000.0, 1_785_000_004.0, false),
            [
                "1785000000",
                "1785000001",
                "1785000002",
                "1785000003",
                "1785000004"
            ]
        );
    }

    #[test]
    fn any_numbers_make_an_axis() {
        for (low, high) in [
            (0.0, 0.0),
            (5.0, 5.0),
            (-1e300, 1e300),
            (1e-320, 1e-320),
            (-1e308, 1.7e308),
            (1e-300, 1e300),
        ] {
            for log in [false, true] {
                let scale = Scale::around(low, high, log, 0.05);
                assert!((1..40).contains(&scale.ticks(5).len()));
                let (low, high) = (scale.place(low), scale.place(high));
                assert!((0.0..=1.0).contains(&low) && low <= high && high <= 1.0);
            }
        }
        // The middle of two distant numbers is at 0.5.
        let scale = Scale::around(-1.7e308, 1.7e308, false, 0.05);
        assert!((scale.place(0.0) - 0.5).abs() < 1e-9);
        let scale = Scale::around(1e-300, 1e300, true, 0.05);
        assert!((scale.place(1.0) - 0.5).abs() < 1e-3);
    }
}
