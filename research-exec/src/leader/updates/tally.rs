//! The counts of ended experiments, which take a few bytes for each experiment.

use std::collections::{BTreeMap, HashMap};

use research_core::{Event, ExperimentNumber, Fold, Status};

/// Counts ended experiments by status, by the same rule as a resumed run: a failed experiment has
/// ended only when it has no retries left, a cancelled one when its cancellation was recorded.
#[derive(Debug, Default)]
pub struct Tally {
    retries: u32,
    experiments: HashMap<ExperimentNumber, Counted>,
    counts: EndedCounts,
}

/// The number of experiments that have ended, and the length of the log when they were counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndedCounts {
    /// The number of events in the log.
    pub events: u64,
    by_status: BTreeMap<Status, u64>,
}

impl EndedCounts {
    /// Returns the number of experiments that have ended for good with one of these statuses.
    pub fn count(&self, is_wanted: impl Fn(Status) -> bool) -> u64 {
        let wanted = self
            .by_status
            .iter()
            .filter(|(status, _)| is_wanted(**status));
        wanted.map(|(_, count)| count).sum()
    }

    fn change(&mut self, from: Option<Status>, to: Option<Status>) {
        if let Some(count) = from.and_then(|status| self.by_status.get_mut(&status)) {
            *count -= 1;
        }
        if let Some(status) = to {
            *self.by_status.entry(status).or_default() += 1;
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    failures: u32,
    ended: Option<Status>,
}

impl Fold for Tally {
    fn apply(&mut self, event: &Event) {
        self.counts.events += 1;
        match event {
            Event::ExperimentStarted { experiment, .. } => self.set(*experiment, None),
            Event::ExperimentCancelled {
                experiment, status, ..
            }
            | Event::ExperimentEnded {
                experiment, status, ..
            } => self.set(*experiment, Some(*status)),
            _ => {}
        }
    }
}

impl Tally {
    /// Creates a tally for a research with this number of retries.
    #[must_use]
    pub fn new(retries: u32) -> Self {
        Self {
            retries,
            ..Self::default()
        }
    }

    fn set(&mut self, experiment: ExperimentNumber, status: Option<Status>) {
        let counted = self.experiments.entry(experiment).or_default();
        counted.failures += u32::from(status.is_some_and(Status::is_failure));
        let ended = status.filter(|status| status.is_final(counted.failures, self.retries));
        self.counts.change(counted.ended, ended);
        counted.ended = ended;
    }

    /// Marks all experiments that did not succeed as unfinished, and forgets their failed attempts.
    pub fn redo_failed(&mut self) {
        for counted in self.experiments.values_mut() {
            let ended = counted.ended.filter(|status| status.is_success());
            self.counts.change(counted.ended, ended);
            *counted = Counted { failures: 0, ended };
        }
    }

    /// Returns the counts so far.
    #[must_use]
    pub fn counts(&self) -> &EndedCounts {
        &self.counts
    }
}

#[cfg(test)]
#[path = "../../../tests/unit/tally.rs"]
mod tests;
