//! How experiments have ended: a few bytes for each, whatever they save.

use std::collections::{BTreeMap, HashMap};

use research_core::{Event, ExperimentNumber, Fold, Status};

/// Counts how experiments end. It goes by the same rule as a resumed run: an experiment that did not
/// succeed has ended only when it cannot be tried again.
#[derive(Debug, Default)]
pub struct Tally {
    retries: u32,
    experiments: HashMap<ExperimentNumber, Counted>,
    counts: EndedCounts,
}

/// How many experiments have ended, and how far the log was when they were counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndedCounts {
    /// How many events the log had.
    pub events: u64,
    by_status: BTreeMap<Status, u64>,
}

impl EndedCounts {
    /// How many experiments have ended, for good, in one of these ways.
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

impl Tally {
    /// A tally of a research whose experiments are tried again so often.
    #[must_use]
    pub fn new(retries: u32) -> Self {
        Self {
            retries,
            ..Self::default()
        }
    }

    /// Lets all that did not succeed be tried again, as if it had not been tried.
    pub fn redo_failed(&mut self) {
        for counted in self.experiments.values_mut() {
            let ended = counted.ended.filter(|status| status.is_success());
            self.counts.change(counted.ended, ended);
            *counted = Counted { failures: 0, ended };
        }
    }

    /// The counts so far.
    #[must_use]
    pub fn counts(&self) -> &EndedCounts {
        &self.counts
    }
}

impl Fold for Tally {
    fn apply(&mut self, event: &Event) {
        self.counts.events += 1;
        let (number, status) = match event {
            Event::ExperimentStarted { experiment, .. } => (experiment, None),
            Event::ExperimentEnded {
                experiment, status, ..
            } => (experiment, Some(*status)),
            _ => return,
        };
        let counted = self.experiments.entry(*number).or_default();
        let is_over = status.is_some_and(|status| {
            counted.failures += u32::from(status.is_failure());
            !status.is_failure() || counted.failures > self.retries
        });
        let ended = status.filter(|_| is_over);
        self.counts.change(counted.ended, ended);
        counted.ended = ended;
    }
}
