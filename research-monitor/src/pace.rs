//! How fast things get done, and how long the rest will take.

use research_core::Timestamp;

/// Completions are gathered for at least this many seconds before they count as one measurement,
/// so that thousands in a moment are not thousands of measurements of that moment.
const SHORTEST_MEASUREMENT: f64 = 0.1;

/// What an older measurement weighs when a new one comes: about the last 64 matter.
const FADING: f64 = 1.0 - 1.0 / 64.0;

/// How long the rest will take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeLeft {
    /// The expected number of seconds.
    pub seconds: f64,
    /// One standard deviation of it, once there are measurements enough to tell.
    pub uncertainty: Option<f64>,
}

/// The time between completions, measured with fading memory.
///
/// A measurement is `count` completions in `seconds`. If the times between completions are
/// independent, with mean `m` and variance `v`, a measurement is `count * m` seconds, give or take
/// a variance of `count * v`. Both are estimated here; what is left follows from them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pace {
    /// Where the open measurement begins.
    since: Option<Timestamp>,
    /// The completions of the open measurement.
    open: f64,
    measurements: f64,
    count: f64,
    seconds: f64,
    /// The sum of `seconds² / count`.
    squares: f64,
}

impl Pace {
    /// Begins to measure, if it has not begun.
    pub(crate) fn begin(&mut self, at: Timestamp) {
        self.since.get_or_insert(at);
    }

    /// Takes completions; a negative number takes some back.
    pub(crate) fn add(&mut self, completions: i64, at: Timestamp) {
        let since = *self.since.get_or_insert(at);
        self.open = (self.open + completions as f64).max(0.0);
        let seconds = at.seconds_since(since);
        if seconds < SHORTEST_MEASUREMENT || self.open == 0.0 {
            return;
        }
        self.measurements = self.measurements * FADING + 1.0;
        self.count = self.count * FADING + self.open;
        self.seconds = self.seconds * FADING + seconds;
        self.squares = self.squares * FADING + seconds * seconds / self.open;
        self.since = Some(at);
        self.open = 0.0;
    }

    /// The mean time between completions, as it looks at this moment. A silence longer than
    /// expected counts, one shorter than expected says nothing yet.
    fn mean(&self, now: Timestamp) -> Option<f64> {
        let silence = self.since.map_or(0.0, |since| now.seconds_since(since));
        if self.count == 0.0 {
            // Fewer completions than make a measurement: a first guess.
            return (self.open > 0.0 && silence > 0.0).then(|| silence / self.open);
        }
        let mean = self.seconds / self.count;
        if silence > mean * (self.open + 1.0) {
            return Some((self.seconds + silence) / (self.count + self.open));
        }
        Some(mean)
    }

    /// Completions a second.
    pub(crate) fn rate(&self, now: Timestamp) -> Option<f64> {
        let mean = self.mean(now)?;
        (mean > 0.0).then(|| 1.0 / mean)
    }

    /// How long so many more completions will take.
    pub(crate) fn time_left(&self, left: u64, now: Timestamp) -> Option<TimeLeft> {
        let mean = self.mean(now)?;
        let left = left as f64;
        let uncertainty = (self.measurements >= 2.0).then(|| {
            let deviations = self.squares - self.seconds * self.seconds / self.count;
            let variance = (deviations / (self.measurements - 1.0)).max(0.0);
            // What is left varies by itself, and the mean is known only so well.
            (left * variance + left * left * variance / self.count).sqrt()
        });
        Some(TimeLeft {
            seconds: left * mean,
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

    fn steady(gap: f64, count: u32) -> Pace {
        let mut pace = Pace::default();
        pace.begin(at(0.0));
        for number in 1..=count {
            pace.add(1, at(gap * f64::from(number)));
        }
        pace
    }

    #[test]
    fn a_steady_pace_is_certain() {
        let pace = steady(2.0, 30);
        let left = pace.time_left(10, at(60.0)).unwrap();
        assert!((left.seconds - 20.0).abs() < 1e-6, "{left:?}");
        assert!(left.uncertainty.unwrap() < 1e-3, "{left:?}");
        assert!((pace.rate(at(60.0)).unwrap() - 0.5).abs() < 1e-9);
    }

    #[test]
    fn the_uncertainty_is_that_of_the_times_between_completions() {
        let mut pace = Pace::default();
        pace.begin(at(0.0));
        let mut time = 0.0;
        for number in 0..400 {
            time += if number % 2 == 0 { 1.0 } else { 3.0 };
            pace.add(1, at(time));
        }
        // Mean 2, variance 1; 64 measurements are remembered.
        let left = pace.time_left(100, at(time)).unwrap();
        assert!((left.seconds - 200.0).abs() < 5.0, "{left:?}");
        let expected = (100.0f64 + 100.0 * 100.0 / 64.0).sqrt();
        assert!(
            (left.uncertainty.unwrap() - expected).abs() < 1.0,
            "{left:?}"
        );
    }

    #[test]
    fn many_in_a_moment_are_one_measurement() {
        let pace = steady(1e-5, 100_000);
        assert!((pace.rate(at(1.0)).unwrap() - 1e5).abs() < 10.0);
        assert!(pace.measurements < 11.0);
    }

    #[test]
    fn a_change_is_noticed_and_a_silence_slows_down() {
        let mut pace = steady(1.0, 100);
        for number in 1..=1000 {
            pace.add(1, at(100.0 + f64::from(number) * 0.2));
        }
        assert!((pace.rate(at(300.0)).unwrap() - 5.0).abs() < 0.1);
        assert!(pace.rate(at(400.0)).unwrap() < 1.0);
    }

    #[test]
    fn nothing_done_means_nothing_known() {
        let mut pace = Pace::default();
        assert_eq!(pace.rate(at(1.0)), None);
        pace.begin(at(0.0));
        assert_eq!(pace.time_left(5, at(100.0)), None);
        pace.add(1, at(0.0));
        assert_eq!(pace.rate(at(0.0)), None);
    }
}
