//! The measurements of a contestant.

use super::contestants::Contestant;

/// The measurements of a contestant in one round.
#[derive(Clone, Debug)]
pub(super) struct Round {
    pub(super) version: String,
    pub(super) experiments: f64,
    pub(super) run_seconds: f64,
    pub(super) table_seconds: Option<f64>,
    pub(super) peak_mib: Option<f64>,
    pub(super) files: u64,
    pub(super) bytes: u64,
}

/// A contestant with its rounds; without any if it could not be installed or failed.
pub(super) struct Entry {
    pub(super) contestant: &'static Contestant,
    pub(super) rounds: Vec<Round>,
    pub(super) failure: Option<String>,
}

impl Entry {
    pub(super) fn new(contestant: &'static Contestant) -> Self {
        Self {
            contestant,
            rounds: Vec::new(),
            failure: None,
        }
    }

    /// Returns a measurement of all rounds, sorted.
    pub(super) fn sorted(&self, figure: impl Fn(&Round) -> f64) -> Vec<f64> {
        let mut values: Vec<f64> = self.rounds.iter().map(figure).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    /// Returns the median of a measurement; `None` without rounds.
    pub(super) fn median(&self, figure: impl Fn(&Round) -> f64) -> Option<f64> {
        let values = self.sorted(figure);
        let upper = values.get(values.len() / 2)?;
        let lower = values.get((values.len() - 1) / 2)?;
        Some(f64::midpoint(*lower, *upper))
    }

    /// Returns the median rate in experiments per second.
    pub(super) fn rate(&self) -> Option<f64> {
        self.median(|round| round.experiments / round.run_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::super::contestants::CONTESTANTS;
    use super::*;

    #[test]
    fn the_median_of_two_rounds_is_between_them() {
        let round = |run_seconds| Round {
            version: String::new(),
            experiments: 1.0,
            run_seconds,
            table_seconds: None,
            peak_mib: None,
            files: 0,
            bytes: 0,
        };
        let mut entry = Entry::new(&CONTESTANTS[0]);
        let median = |entry: &Entry| entry.median(|round| round.run_seconds);
        assert_eq!(median(&entry), None);
        entry.rounds = vec![round(4.0), round(1.0)];
        assert_eq!(median(&entry), Some(2.5));
        entry.rounds.push(round(9.0));
        assert_eq!(median(&entry), Some(4.0));
    }
}
