//! Estimates the rate and the time to completion of a run.

use research_core::Timestamp;

/// The minimum duration of a measurement in seconds, so that thousands of completions within a
/// moment count as one measurement.
const MIN_MEASUREMENT: f64 = 0.1;

/// The weight of older measurements when a new one arrives: about the last 64 matter.
const DECAY: f64 = 1.0 - 1.0 / 64.0;

/// The estimated time to completion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Eta {
    /// The expected number of seconds.
    pub seconds: f64,
    /// The standard deviation of this number, once there are enough measurements.
    pub uncertainty: Option<f64>,
}

/// Measures the time between completions with exponential decay.
///
/// A measurement is `count` completions in `seconds`. If the times between completions are
/// independent, with mean `m` and variance `v`, a measurement has the mean `count * m` and the
/// variance `count * v`. The estimator tracks both; the time to completion follows from them.
#[derive(Clone, Debug, Default)]
pub(crate) struct EtaEstimator {
    /// The start of the open measurement.
    since: Option<Timestamp>,
    /// The completions of the open measurement.
    open: f64,
    measurements: f64,
    count: f64,
    seconds: f64,
    /// The sum of `seconds² / count`.
    squares: f64,
}

impl EtaEstimator {
    /// Starts to measure, unless already started.
    pub(crate) fn begin(&mut self, at: Timestamp) {
        self.since.get_or_insert(at);
    }

    /// Adds completions; a negative number withdraws some.
    pub(crate) fn add(&mut self, completions: i64, at: Timestamp) {
        let since = *self.since.get_or_insert(at);
        self.open = (self.open + completions as f64).max(0.0);
        let seconds = at.seconds_since(since);
        if seconds < MIN_MEASUREMENT || self.open == 0.0 {
            return;
        }
        self.measurements = self.measurements * DECAY + 1.0;
        self.count = self.count * DECAY + self.open;
        self.seconds = self.seconds * DECAY + seconds;
        self.squares = self.squares * DECAY + seconds * seconds / self.open;
        self.since = Some(at);
        self.open = 0.0;
    }

    /// Returns the current mean time between completions. Time without a completion counts once it
    /// is longer than expected.
    fn mean(&self, now: Timestamp) -> Option<f64> {
        let idle = self.since.map_or(0.0, |since| now.seconds_since(since));
        if self.count == 0.0 {
            // There are too few completions for a measurement: this is a first estimate.
            return (self.open > 0.0 && idle > 0.0).then(|| idle / self.open);
        }
        let mean = self.seconds / self.count;
        if idle > mean * (self.open + 1.0) {
            return Some((self.seconds + idle) / (self.count + self.open));
        }
        Some(mean)
    }

    /// Returns the completions a second.
    pub(crate) fn rate(&self, now: Timestamp) -> Option<f64> {
        let mean = self.mean(now)?;
        (mean > 0.0).then(|| 1.0 / mean)
    }

    /// Estimates the time of `remaining` more completions.
    pub(crate) fn eta(&self, remaining: u64, now: Timestamp) -> Option<Eta> {
        let mean = self.mean(now)?;
        let remaining = remaining as f64;
        let uncertainty = (self.measurements >= 2.0).then(|| {
            let deviations = self.squares - self.seconds * self.seconds / self.count;
            let variance = (deviations / (self.measurements - 1.0)).max(0.0);
            // The variance of the remaining completions, and that of the estimated mean.
            (remaining * variance + remaining * remaining * variance / self.count).sqrt()
        });
        Some(Eta {
            seconds: remaining * mean,
            uncertainty,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Timestamp {
        Timestamp((seconds * 1e6) as u64)
    }

    fn steady(gap: f64, count: u32) -> EtaEstimator {
        let mut estimator = EtaEstimator::default();
        estimator.begin(at(0.0));
        for number in 1..=count {
            estimator.add(1, at(gap * f64::from(number)));
        }
        estimator
    }

    #[test]
    fn a_steady_rate_has_no_uncertainty() {
        let estimator = steady(2.0, 30);
        let left = estimator.eta(10, at(60.0)).unwrap();
        assert!((left.seconds - 20.0).abs() < 1e-6, "{left:?}");
        assert!(left.uncertainty.unwrap() < 1e-3, "{left:?}");
        assert!((estimator.rate(at(60.0)).unwrap() - 0.5).abs() < 1e-9);
    }

    #[test]
    fn the_uncertainty_is_that_of_the_times_between_completions() {
        let mut estimator = EtaEstimator::default();
        estimator.begin(at(0.0));
        let mut time = 0.0;
        for number in 0..400 {
            time += if number % 2 == 0 { 1.0 } else { 3.0 };
            estimator.add(1, at(time));
        }
        // Mean 2, variance 1; 64 measurements are remembered.
        let left = estimator.eta(100, at(time)).unwrap();
        assert!((left.seconds - 200.0).abs() < 5.0, "{left:?}");
        let expected = (100.0f64 + 100.0 * 100.0 / 64.0).sqrt();
        assert!(
            (left.uncertainty.unwrap() - expected).abs() < 1.0,
            "{left:?}"
        );
    }

    #[test]
    fn many_completions_in_a_moment_are_one_measurement() {
        let estimator = steady(1e-5, 100_000);
        assert!((estimator.rate(at(1.0)).unwrap() - 1e5).abs() < 10.0);
        assert!(estimator.measurements < 11.0);
    }

    #[test]
    fn the_rate_follows_a_change_and_drops_when_idle() {
        let mut estimator = steady(1.0, 100);
        for number in 1..=1000 {
            estimator.add(1, at(100.0 + f64::from(number) * 0.2));
        }
        assert!((estimator.rate(at(300.0)).unwrap() - 5.0).abs() < 0.1);
        assert!(estimator.rate(at(400.0)).unwrap() < 1.0);
    }

    #[test]
    fn nothing_done_gives_no_estimate() {
        let mut estimator = EtaEstimator::default();
        assert_eq!(estimator.rate(at(1.0)), None);
        estimator.begin(at(0.0));
        assert_eq!(estimator.eta(5, at(100.0)), None);
        estimator.add(1, at(0.0));
        assert_eq!(estimator.rate(at(0.0)), None);
    }
}
