//! Counts how experiments ended, with a few bytes for each.

use std::collections::HashMap;

use research_core::{Event, ExperimentNumber, Status};

/// Counts how experiments end. As in a resumed run, an experiment that did not succeed has ended
/// only when it has no retries left.
#[derive(Debug, Default)]
pub(super) struct Tally {
    retries: u32,
    experiments: HashMap<ExperimentNumber, Counted>,
    /// The number of events so far.
    events: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    failures: u32,
    ended: Option<Status>,
}

impl Tally {
    pub(super) fn new(retries: u32) -> Self {
        Self {
            retries,
            ..Self::default()
        }
    }

    pub(super) fn see(&mut self, events: &[Event]) {
        self.events += events.len() as u64;
        for event in events {
            match event {
                Event::ExperimentStarted { experiment, .. } => self.find(*experiment).ended = None,
                Event::ExperimentEnded {
                    experiment, status, ..
                } => {
                    let retries = self.retries;
                    let counted = self.find(*experiment);
                    counted.failures += u32::from(!status.is_success());
                    let is_over = status.is_success() || counted.failures > retries;
                    counted.ended = is_over.then_some(*status);
                }
                _ => {}
            }
        }
    }

    /// Resets the attempts of experiments that did not succeed.
    pub(super) fn redo_failed(&mut self) {
        for counted in self.experiments.values_mut() {
            counted.failures = 0;
            counted.ended = counted.ended.filter(|status| status.is_success());
        }
    }

    fn find(&mut self, number: ExperimentNumber) -> &mut Counted {
        self.experiments.entry(number).or_default()
    }

    /// How many events were seen.
    pub(super) fn events(&self) -> u64 {
        self.events
    }

    /// Returns the number of experiments that ended with one of these statuses.
    pub(super) fn count(&self, is_wanted: impl Fn(Status) -> bool) -> u64 {
        let ended = self
            .experiments
            .values()
            .filter_map(|counted| counted.ended);
        ended.filter(|status| is_wanted(*status)).count() as u64
    }
}
