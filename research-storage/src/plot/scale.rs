//! Axes: which numbers they span, and where their ticks are.

/// An axis from the lowest to the highest number.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    log: bool,
    /// Whether ticks are at whole numbers alone.
    whole: bool,
}

/// A tick with its label.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) at: f64,
    pub(super) label: String,
}

impl Scale {
    /// An axis for numbers between these, with a little room at both ends.
    pub(super) fn around(low: f64, high: f64, log: bool, room: f64) -> Self {
        let scale = Self {
            low,
            high,
            log,
            whole: false,
        };
        let (from, to) = (scale.inner(low), scale.inner(high));
        let span = to - from;
        let room = match span > 0.0 && span.is_finite() {
            true => span * room,
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

    /// An axis whose numbers are whole.
    pub(super) fn whole(mut self) -> Self {
        self.whole = true;
        self
    }

    /// Where a number is between the ends of the axis: 0 to 1.
    pub(super) fn place(&self, number: f64) -> f64 {
        let (low, high) = (self.inner(self.low), self.inner(self.high));
        let place = (self.inner(number) - low) / (high - low);
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

    fn outer(&self, number: f64) -> f64 {
        if self.log {
            10_f64.powf(number)
        } else {
            number
        }
    }

    /// About so many ticks.
    pub(super) fn ticks(&self, count: usize) -> Vec<Tick> {
        let count = count.max(2);
        let ticks = if self.log {
            self.log_ticks(count)
        } else {
            Vec::new()
        };
        // Within less than a decade, ticks are as on other axes.
        if ticks.len() < 2 {
            self.linear_ticks(count)
        } else {
            ticks
        }
    }

    fn linear_ticks(&self, count: usize) -> Vec<Tick> {
        let span = self.high - self.low;
        let rough = span / count as f64;
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
        let numbers: Vec<f64> = numbers
            .take_while(|at| *at <= self.high + step * 1e-9)
            .collect();
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
                // The ends are rounded, and so may be less than they were.
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

/// A number with as many decimals as its neighbours at this distance need.
fn label(at: f64, step: f64, largest: f64) -> String {
    // What is left of a sum that should be nothing.
    let at = if at.abs() < step * 1e-9 { 0.0 } else { at };
    if largest >= 1e6 || (largest < 1e-3 && largest > 0.0) {
        let digits = (largest.log10().floor() - step.log10().floor()).clamp(0.0, 6.0) as usize;
        return match at == 0.0 {
            true => "0".to_owned(),
            false => without_zeros_before_e(&format!("{at:.*e}", digits + 1)),
        };
    }
    let decimals = (0..12).find(|decimals| {
        let scaled = step * 10_f64.powi(*decimals);
        (scaled - scaled.round()).abs() < 1e-6
    });
    format!("{at:.*}", decimals.unwrap_or(12) as usize)
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
    fn ticks_of_whole_numbers_are_whole() {
        let ticks = Scale::around(0.0, 3.0, false, 0.0).whole().ticks(10);
        let labels: Vec<String> = ticks.into_iter().map(|tick| tick.label).collect();
        assert_eq!(labels, ["0", "1", "2", "3"]);
    }

    #[test]
    fn any_numbers_make_an_axis() {
        for (low, high) in [
            (0.0, 0.0),
            (5.0, 5.0),
            (-1e300, 1e300),
            (1e-320, 1e-320),
            (-1e308, 1.7e308),
        ] {
            for log in [false, true] {
                let scale = Scale::around(low, high, log, 0.05);
                assert!(scale.ticks(5).len() < 40);
                assert!((0.0..=1.0).contains(&scale.place(low)));
            }
        }
    }
}
