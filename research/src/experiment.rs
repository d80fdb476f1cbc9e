//! One experiment of a stored research.

use std::collections::{BTreeMap, HashMap};

use research_core::{Event, ExperimentNumber, ExperimentRecord, Status, WorkerNumber};
use research_domain::Value;
use research_storage::StoredResearch;

use crate::error::ResearchError;

/// So many ids are named where several fit.
const NAMED: usize = 5;

/// An experiment of a stored research: what it is, and what its latest attempt has saved.
#[derive(Clone, Debug)]
pub struct StoredExperiment {
    /// Its number in the log.
    pub number: ExperimentNumber,
    /// What it is.
    pub record: ExperimentRecord,
    /// The worker that ran it.
    pub worker: WorkerNumber,
    /// How it ended, if it has.
    pub status: Option<Status>,
    /// What it has saved: values by variable and iteration; of a large value, what stands in for
    /// it, which names its content.
    pub values: BTreeMap<(String, u64), Value>,
}

impl StoredExperiment {
    /// Finds an experiment by its id, or by as much of its beginning as no other has.
    ///
    /// # Errors
    /// There is none, or there are several; the log cannot be read.
    pub fn find(stored: &StoredResearch, id: &str) -> Result<Self, ResearchError> {
        let mut found = Found {
            beginning: id,
            experiments: HashMap::new(),
        };
        for events in stored.events()? {
            events?.iter().for_each(|event| found.apply(event));
        }
        found.only(&stored.record().name)
    }

    /// The experiment in a list of events, by its number.
    pub(crate) fn in_events(events: &[Event], number: ExperimentNumber) -> Option<Self> {
        let mut found = Found {
            beginning: "",
            experiments: HashMap::new(),
        };
        events.iter().for_each(|event| found.apply(event));
        found.experiments.remove(&number)
    }
}

/// The experiments whose ids fit.
struct Found<'i> {
    beginning: &'i str,
    experiments: HashMap<ExperimentNumber, StoredExperiment>,
}

impl Found<'_> {
    fn apply(&mut self, event: &Event) {
        match event {
            Event::ExperimentStarted {
                experiment,
                record,
                worker,
                ..
            } if record.id.as_ref().starts_with(self.beginning) => {
                // What earlier attempts have saved is void.
                let begun = StoredExperiment {
                    number: *experiment,
                    record: (**record).clone(),
                    worker: *worker,
                    status: None,
                    values: BTreeMap::new(),
                };
                self.experiments.insert(*experiment, begun);
            }
            Event::Values {
                experiment,
                variable,
                iterations,
                column,
            } => {
                let Some(known) = self.experiments.get_mut(experiment) else {
                    return;
                };
                for (position, iteration) in iterations.iter().enumerate() {
                    if let Some(value) = column.get(position) {
                        known
                            .values
                            .insert((variable.to_string(), iteration), value);
                    }
                }
            }
            Event::LargeValue {
                experiment,
                variable,
                iteration,
                value,
            } => {
                if let Some(known) = self.experiments.get_mut(experiment) {
                    let key = (variable.to_string(), *iteration);
                    known.values.insert(key, value.stand_in());
                }
            }
            Event::ExperimentEnded {
                experiment, status, ..
            } => {
                if let Some(known) = self.experiments.get_mut(experiment) {
                    known.status = Some(*status);
                }
            }
            _ => {}
        }
    }

    fn only(mut self, name: &str) -> Result<StoredExperiment, ResearchError> {
        let text = |one: &StoredExperiment| -> String { one.record.id.as_ref().to_owned() };
        let exact = self
            .experiments
            .values()
            .find(|one| text(one) == self.beginning);
        let mut numbers = self.experiments.keys().copied();
        let number = match (exact, numbers.next(), numbers.next()) {
            (Some(exact), _, _) => Some(exact.number),
            (None, Some(one), None) => Some(one),
            (None, _, _) => None,
        };
        if let Some(found) = number.and_then(|number| self.experiments.remove(&number)) {
            return Ok(found);
        }
        let mut ids: Vec<String> = self.experiments.values().map(text).collect();
        ids.sort();
        ids.truncate(NAMED);
        Err(ResearchError::NoExperiment {
            name: name.to_owned(),
            id: self.beginning.to_owned(),
            several: ids,
        })
    }
}
