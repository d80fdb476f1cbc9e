//! One experiment of a stored research.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

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
        let ids = Self::ids(stored, &[id])?;
        let mut found = Found::of(|_, record| ids.iter().any(|id| id == record.id.as_ref()));
        for events in stored.events()? {
            events?.iter().for_each(|event| found.apply(event));
        }
        found.experiment.ok_or_else(|| ResearchError::NoExperiment {
            name: stored.name(),
            id: id.to_owned(),
            several: Vec::new(),
        })
    }

    /// The ids of experiments, each of which is called by it, or by as much of its beginning as no
    /// other has. The log is read once for all of them.
    ///
    /// # Errors
    /// For one of them there is none, or there are several; the log cannot be read.
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

    /// The experiment in a list of events, by its number.
    pub(crate) fn in_events(events: &[Event], number: ExperimentNumber) -> Option<Self> {
        let mut found = Found::of(|one, _| one == number);
        events.iter().for_each(|event| found.apply(event));
        found.experiment
    }
}

/// The only id that begins so, or is so.
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
        // It stands before those that begin with it.
        [id, ..] if *id == called => Ok((*id).clone()),
        several => Err(ResearchError::NoExperiment {
            name: name.to_owned(),
            id: called.to_owned(),
            several: several.iter().copied().cloned().collect(),
        }),
    }
}

/// What is known of the one experiment that is meant.
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

    fn apply(&mut self, event: &Event) {
        match event {
            Event::ExperimentStarted {
                experiment,
                record,
                worker,
                ..
            } if (self.is_meant)(*experiment, record) => {
                // What earlier attempts have saved is void.
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
