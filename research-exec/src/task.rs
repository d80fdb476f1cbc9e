//! Tasks: the experiments that an executor runs at once, and where they come from.

use std::collections::HashMap;
use std::sync::Arc;

use research_core::domain::{
    Config, Configs, Domain, DomainError, ExperimentId, IdPrefixes, IdRegistry, IdRegistryError,
    Identity, Items,
};
use research_core::{Event, ExperimentNumber, ExperimentRecord, Timestamp, WorkerNumber};
use serde::{Deserialize, Serialize};

/// One experiment of a task: what it is, and which attempt this is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskExperiment {
    /// Its number in the log.
    pub number: ExperimentNumber,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// How many attempts have failed. Those that were interrupted have not.
    pub failures: u32,
    /// What it is.
    pub record: Arc<ExperimentRecord>,
}

impl TaskExperiment {
    /// The event that tells of its start.
    #[must_use]
    pub fn started(&self, at: Timestamp, worker: WorkerNumber, pid: u32) -> Event {
        Event::ExperimentStarted {
            at,
            experiment: self.number,
            attempt: self.attempt,
            worker,
            pid,
            record: Box::new((*self.record).clone()),
        }
    }
}

/// Where the distributor takes experiments from: a domain, or what is left of one.
pub trait TaskSource: Send {
    /// The experiments of the next task, or `None` when there are no more.
    ///
    /// # Errors
    /// The domain cannot give its next config.
    fn next_task(&mut self) -> Result<Option<Vec<TaskExperiment>>, SourceError>;

    /// Experiments of earlier runs that were passed since this was last asked, and have another
    /// place now than they had: each with its place.
    fn take_moved(&mut self) -> Vec<(ExperimentNumber, u64)> {
        Vec::new()
    }

    /// How many experiments are left at most, if that is known; zero only if there are none.
    fn remaining(&self) -> Option<u64>;
}

/// A domain could not give its next experiment.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SourceError {
    /// A config cannot be made.
    #[error("the domain cannot give its next config: {0}")]
    Domain(Box<DomainError>),
    /// The same config is there too often.
    #[error(transparent)]
    Id(#[from] IdRegistryError),
}

impl From<DomainError> for SourceError {
    fn from(error: DomainError) -> Self {
        Self::Domain(Box::new(error))
    }
}

/// What a research that goes on has done already.
#[derive(Clone, Debug, Default)]
pub struct DoneBefore {
    /// What is known of each experiment, by its id.
    pub experiments: HashMap<ExperimentId, KnownExperiment>,
    /// The first number that was not used yet.
    pub next_number: u64,
}

/// What is known of an experiment that was started in an earlier run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownExperiment {
    /// Its number in the log.
    pub number: ExperimentNumber,
    /// Its place in the domain then.
    pub place: u64,
    /// How often it was tried.
    pub attempts: u32,
    /// How many of these attempts failed; the others were interrupted, or given up.
    pub failures: u32,
    /// Whether nothing is left to do for it.
    pub is_done: bool,
}

/// The experiments of a domain, in its order, without those that are done already.
pub struct DomainSource {
    items: Items,
    prefixes: Option<IdPrefixes>,
    registry: IdRegistry,
    seed: u64,
    done: DoneBefore,
    /// How many of the done experiments have not been passed yet.
    done_ahead: u64,
    size: Option<u64>,
    place: u64,
    moved: Vec<(ExperimentNumber, u64)>,
    /// How many experiments a task has at most.
    branches: usize,
    /// Looked at ahead of time, so that the end is known when it is there.
    next: Result<Option<TaskExperiment>, SourceError>,
}

impl DomainSource {
    /// The experiments of these configs, for a research with this seed.
    ///
    /// # Errors
    /// The number of configs cannot be known: it is beyond 128 bits.
    pub fn new(
        configs: &Configs,
        domain: &Domain,
        id_prefix_digits: Option<u8>,
        seed: u64,
        done: DoneBefore,
    ) -> Result<Self, SourceError> {
        let prefixes = id_prefix_digits.map(|digits| {
            let mut prefixes = IdPrefixes::new(digits);
            prefixes.add_parameters(domain);
            prefixes
        });
        let size = configs
            .size()?
            .finite()
            .map(|size| u64::try_from(size).unwrap_or(u64::MAX));
        let done_ahead = done
            .experiments
            .values()
            .filter(|known| known.is_done)
            .count();
        let mut source = Self {
            items: configs.iter(),
            prefixes,
            registry: IdRegistry::new(),
            seed,
            done,
            done_ahead: u64::try_from(done_ahead).unwrap_or(u64::MAX),
            size,
            place: 0,
            moved: Vec::new(),
            branches: 1,
            next: Ok(None),
        };
        source.next = source.find_next();
        Ok(source)
    }

    /// Sets how many experiments a task has; the last task may have fewer.
    #[must_use]
    pub fn branches(mut self, branches: u32) -> Self {
        self.branches = usize::try_from(branches.max(1)).unwrap_or(usize::MAX);
        self
    }

    fn find_next(&mut self) -> Result<Option<TaskExperiment>, SourceError> {
        loop {
            let Some(item) = self.items.next().transpose()? else {
                return Ok(None);
            };
            let prefix = self
                .prefixes
                .as_mut()
                .map(|prefixes| prefixes.prefix(&item));
            let assigned = self
                .registry
                .assign(item.identity(self.seed), prefix.as_deref().unwrap_or(""))?;
            let place = self.place;
            self.place += 1;
            let Some((number, attempt, failures)) = self.next_attempt(&assigned.id, place) else {
                continue;
            };
            let record = ExperimentRecord {
                id: assigned.id,
                place,
                config: item.config,
                repetition: item.repetition,
                updates: item.updates,
                seed: assigned.seed,
            };
            return Ok(Some(TaskExperiment {
                number,
                attempt,
                failures,
                record: Arc::new(record),
            }));
        }
    }

    /// The number of an experiment, which attempt comes next, and how many have failed; `None` if it
    /// is done.
    fn next_attempt(
        &mut self,
        id: &ExperimentId,
        place: u64,
    ) -> Option<(ExperimentNumber, u32, u32)> {
        match self.done.experiments.get(id) {
            Some(known) if known.is_done => {
                if known.place != place {
                    self.moved.push((known.number, place));
                }
                self.done_ahead = self.done_ahead.saturating_sub(1);
                None
            }
            Some(known) => Some((known.number, known.attempts + 1, known.failures)),
            None => {
                let number = ExperimentNumber(self.done.next_number);
                self.done.next_number += 1;
                Some((number, 1, 0))
            }
        }
    }
}

impl TaskSource for DomainSource {
    fn next_task(&mut self) -> Result<Option<Vec<TaskExperiment>>, SourceError> {
        let mut task = Vec::new();
        while task.len() < self.branches {
            match std::mem::replace(&mut self.next, Ok(None)) {
                Ok(None) => break,
                Ok(Some(experiment)) => {
                    task.push(experiment);
                    self.next = self.find_next();
                }
                Err(error) if task.is_empty() => return Err(error),
                // What came before it still runs.
                Err(error) => {
                    self.next = Err(error);
                    break;
                }
            }
        }
        Ok((!task.is_empty()).then_some(task))
    }

    fn take_moved(&mut self) -> Vec<(ExperimentNumber, u64)> {
        std::mem::take(&mut self.moved)
    }

    fn remaining(&self) -> Option<u64> {
        if matches!(self.next, Ok(None)) {
            return Some(0);
        }
        // One was looked at ahead.
        self.size
            .map(|size| (size - self.place).saturating_sub(self.done_ahead) + 1)
    }
}

/// Turns single configs into experiments, for executors that stand alone.
pub(crate) fn standalone_task(
    configs: impl IntoIterator<Item = Config>,
) -> Result<Vec<TaskExperiment>, IdRegistryError> {
    let mut registry = IdRegistry::new();
    let experiment = |(place, config): (u64, Config)| {
        let identity = Identity {
            config: &config,
            repetition: 0,
            updates: 0,
            seed: 0,
            occurrence: 0,
        };
        let assigned = registry.assign(identity, "")?;
        let record = ExperimentRecord {
            id: assigned.id,
            place,
            config,
            repetition: 0,
            updates: 0,
            seed: assigned.seed,
        };
        let number = ExperimentNumber(place);
        Ok(TaskExperiment {
            number,
            attempt: 1,
            failures: 0,
            record: Arc::new(record),
        })
    };
    (0..).zip(configs).map(experiment).collect()
}
