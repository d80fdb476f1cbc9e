//! How experiments have ended: a few bytes for each, whatever they save.

use std::collections::HashMap;

use research_core::{Event, ExperimentNumber, Status};

/// Counts how experiments end. It goes by the same rule as a resumed run: an experiment that did not
/// succeed has ended only when it cannot be tried again.
#[derive(Debug, Default)]
pub(super) struct Tally {
    retries: u32,
    experiments: HashMap<ExperimentNumber, Counted>,
    /// How many events were seen.
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

    /// Lets all that did not succeed be tried again, as if it had not been tried.
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

    /// How many experiments have ended, for good, in one of these ways.
    pub(super) fn count(&self, is_wanted: impl Fn(Status) -> bool) -> u64 {
        let ended = self
            .experiments
            .values()
            .filter_map(|counted| counted.ended);
        ended.filter(|status| is_wanted(*status)).count() as u64
    }
}
