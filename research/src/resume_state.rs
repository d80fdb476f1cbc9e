//! The state of a stored research from which a run resumes.

use std::collections::{HashMap, HashSet};

use research_core::{Event, ExperimentNumber, Fold};
use research_domain::ExperimentId;
use research_exec::{KnownExperiment, ResumeState};

/// Folds the log of a stored research into the state from which it resumes.
#[derive(Default)]
pub(crate) struct ResumeFold {
    retries: u32,
    done: ResumeState,
    ids: HashMap<ExperimentNumber, ExperimentId>,
    /// The experiments that succeeded.
    succeeded: HashSet<ExperimentNumber>,
}

impl Fold for ResumeFold {
    fn apply(&mut self, event: &Event) {
        match event {
            Event::ExperimentStarted {
                experiment,
                attempt,
                record,
                ..
            } => {
                let known = KnownExperiment {
                    number: *experiment,
                    place: record.place,
                    attempts: *attempt,
                    failures: self.failures(&record.id),
                    is_done: false,
                };
                self.ids.insert(*experiment, record.id.clone());
                self.done.experiments.insert(record.id.clone(), known);
                self.done.next_number = self.done.next_number.max(experiment.0 + 1);
            }
            Event::ExperimentEnded {
                experiment, status, ..
            } => {
                if status.is_success() {
                    self.succeeded.insert(*experiment);
                }
                let retries = self.retries;
                self.change(*experiment, |known| {
                    known.failures += u32::from(status.is_failure());
                    known.is_done = status.is_final(known.failures, retries);
                });
            }
            Event::ExperimentCancelled { experiment, .. } => {
                self.change(*experiment, |known| known.is_done = true);
            }
            Event::DomainUpdated { update, .. } => self.done.updates.push((**update).clone()),
            Event::Moved { experiment, place } => {
                self.change(*experiment, |known| known.place = *place);
            }
            _ => {}
        }
    }
}

impl ResumeFold {
    pub(crate) fn new(retries: u32) -> Self {
        Self {
            retries,
            ..Self::default()
        }
    }

    /// Returns the state. An experiment that did not succeed runs again if it has retries left.
    /// With `redo_failed`, every experiment that did not succeed runs again, with the retries of a
    /// new run.
    pub(crate) fn finish(mut self, redo_failed: bool) -> ResumeState {
        if redo_failed {
            for known in self.done.experiments.values_mut() {
                known.is_done &= self.succeeded.contains(&known.number);
                known.failures = 0;
            }
        }
        self.done
    }

    /// Returns the number of failed attempts of an experiment so far.
    fn failures(&self, id: &ExperimentId) -> u32 {
        self.done
            .experiments
            .get(id)
            .map_or(0, |known| known.failures)
    }

    fn change(&mut self, number: ExperimentNumber, change: impl FnOnce(&mut KnownExperiment)) {
        let id = self.ids.get(&number);
        if let Some(known) = id.and_then(|id| self.done.experiments.get_mut(id)) {
            change(known);
        }
    }
}
