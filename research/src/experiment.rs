//! An experiment of a stored research.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use research_core::{Event, ExperimentNumber, ExperimentRecord, Fold, Status, WorkerNumber};
use research_domain::Value;
use research_storage::StoredResearch;

use crate::error::ResearchError;

/// The number of matches that an error lists.
const NAMED: usize = 5;

/// An experiment of a stored research, with the values of its latest attempt.
#[derive(Clone, Debug)]
pub struct StoredExperiment {
    /// The number in the log.
    pub number: ExperimentNumber,
    /// The record: id, config, seed.
    pub record: ExperimentRecord,
    /// The worker of the latest attempt.
    pub worker: WorkerNumber,
    /// The status, if it ended.
    pub status: Option<Status>,
    /// The saved values by variable and iteration; for a large value, the reference to its file.
    pub values: BTreeMap<(String, u64), Value>,
}

impl StoredExperiment {
    /// Finds an experiment by its id, or a unique prefix.
    ///
    /// # Errors
    /// No experiment or several match, or the log cannot be read.
    pub fn find(stored: &StoredResearch, id: &str) -> Result<Self, ResearchError> {
        let ids = Self::ids(stored, &[id])?;
        let mut found = Found::of(|_, record| ids.iter().any(|id| id == record.id.as_ref()));
        stored.replay(&mut [&mut found])?;
        found.experiment.ok_or_else(|| ResearchError::NoExperiment {
            name: stored.name(),
            id: id.to_owned(),
            several: Vec::new(),
        })
    }

    /// Completes unique prefixes of ids. The log is read once for all of them.
    ///
    /// # Errors
    /// For one of them no experiment or several match, or the log cannot be read.
    pub fn ids(
        stored: &StoredResearch,
        called: &[impl AsRef<str>],
    ) -> Result<Vec<String>, ResearchError> {
        let mut fitting = BTreeSet::new();
        if called.is_empty() {
            return Ok(Vec::new());
        }
        for events in stored.events()? {
            for event in &events? {
                let Event::ExperimentStarted { record, .. } = event else {
                    continue;
                };
                let id: &str = record.id.as_ref();
                if called.iter().any(|called| id.starts_with(called.as_ref())) {
                    fitting.insert(id.to_owned());
                }
            }
        }
        let name = &stored.name();
        let called = called.iter().map(AsRef::as_ref);
        called.map(|called| only(&fitting, called, name)).collect()
    }

    /// Returns the experiment with this number from a list of events.
    pub(crate) fn in_events(events: &[Event], number: ExperimentNumber) -> Option<Self> {
        let mut found = Found::of(|one, _| one == number);
        events.iter().for_each(|event| found.apply(event));
        found.experiment
    }
}

/// Returns the id that equals the prefix, or the only one with this prefix.
fn only(ids: &BTreeSet<String>, called: &str, name: &str) -> Result<String, ResearchError> {
    let from = (Bound::Included(called), Bound::Unbounded);
    let begins_so = |id: &&String| id.starts_with(called);
    let fitting: Vec<&String> = ids
        .range::<str, _>(from)
        .take_while(begins_so)
        .take(NAMED)
        .collect();
    match fitting.as_slice() {
        [id] => Ok((*id).clone()),
        // An equal id sorts before those with the prefix.
        [id, ..] if *id == called => Ok((*id).clone()),
        several => Err(ResearchError::NoExperiment {
            name: name.to_owned(),
            id: called.to_owned(),
            several: several.iter().copied().cloned().collect(),
        }),
    }
}

/// Collects the events of one experiment.
struct Found<F> {
    is_meant: F,
    experiment: Option<StoredExperiment>,
}

impl<F: Fn(ExperimentNumber, &ExperimentRecord) -> bool> Found<F> {
    fn of(is_meant: F) -> Self {
        Self {
            is_meant,
            experiment: None,
        }
    }

    fn known(&mut self, number: ExperimentNumber) -> Option<&mut StoredExperiment> {
        self.experiment.as_mut().filter(|one| one.number == number)
    }
}

impl<F: Fn(ExperimentNumber, &ExperimentRecord) -> bool> Fold for Found<F> {
    fn apply(&mut self, event: &Event) {
        match event {
            Event::ExperimentStarted {
                experiment,
                record,
                worker,
                ..
            } if (self.is_meant)(*experiment, record) => {
                // A new attempt discards the values of earlier ones.
                self.experiment = Some(StoredExperiment {
                    number: *experiment,
                    record: (**record).clone(),
                    worker: *worker,
                    status: None,
                    values: BTreeMap::new(),
                });
            }
            Event::Values {
                experiment,
                variable,
                iterations,
                column,
            } => {
                let Some(known) = self.known(*experiment) else {
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
                if let Some(known) = self.known(*experiment) {
                    let key = (variable.to_string(), *iteration);
                    known.values.insert(key, value.stand_in());
                }
            }
            Event::ExperimentEnded {
                experiment, status, ..
            } => {
                if let Some(known) = self.known(*experiment) {
                    known.status = Some(*status);
                }
            }
            _ => {}
        }
    }
}
