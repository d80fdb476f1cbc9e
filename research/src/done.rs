//! What a stored research has done already.

use std::collections::HashMap;

use research_core::{Event, ExperimentNumber};
use research_domain::ExperimentId;
use research_exec::{DoneBefore, KnownExperiment};
use research_storage::StoredResearch;

use crate::error::ResearchError;

/// What a stored research has done, by a fold of its log. What did not succeed and may be tried
/// again is still to be done: the run may have ended before it came to that.
pub(crate) fn done_before(
    stored: &StoredResearch,
    retries: u32,
) -> Result<DoneBefore, ResearchError> {
    let mut fold = Fold {
        retries,
        ..Fold::default()
    };
    for events in stored.events()? {
        for event in events? {
            fold.apply(event);
        }
    }
    Ok(fold.done)
}

#[derive(Default)]
struct Fold {
    retries: u32,
    done: DoneBefore,
    ids: HashMap<ExperimentNumber, ExperimentId>,
}

impl Fold {
    fn apply(&mut self, event: Event) {
        match event {
            Event::ExperimentStarted {
                experiment,
                attempt,
                record,
                ..
            } => {
                let known = KnownExperiment {
                    number: experiment,
                    place: record.place,
                    attempts: attempt,
                    is_done: false,
                };
                self.ids.insert(experiment, record.id.clone());
                self.done.experiments.insert(record.id, known);
                self.done.next_number = self.done.next_number.max(experiment.0 + 1);
            }
            Event::ExperimentEnded {
                experiment,
                attempt,
                status,
                ..
            } => {
                let is_done = status.is_success() || attempt > self.retries;
                self.change(experiment, |known| known.is_done = is_done);
            }
            Event::Moved { experiment, place } => {
                self.change(experiment, |known| known.place = place);
            }
            _ => {}
        }
    }

    fn change(&mut self, number: ExperimentNumber, change: impl FnOnce(&mut KnownExperiment)) {
        let id = self.ids.get(&number);
        if let Some(known) = id.and_then(|id| self.done.experiments.get_mut(id)) {
            change(known);
        }
    }
}
