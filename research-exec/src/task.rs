//! Tasks: the experiments that an executor runs together, and their source.

mod source;

use std::sync::Arc;

use research_core::domain::{
    Config, Domain, DomainError, IdRegistry, IdRegistryError, Identity, SyntaxError,
};
use research_core::events::UpdateRecord;
use research_core::{Event, ExperimentNumber, ExperimentRecord, Status, Timestamp, WorkerNumber};
use serde::{Deserialize, Serialize};

pub use source::{DomainSource, Grouping, KnownExperiment, ResumePlan, ResumeState};

/// The end of an experiment of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// The experiment.
    pub number: ExperimentNumber,
    /// Its status.
    pub status: Status,
    /// The reason, unless it succeeded.
    pub reason: Option<String>,
    /// The number of iterations that it began.
    pub iterations: u64,
}

/// An experiment of a task, with the number of its attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskExperiment {
    /// Its number in the log.
    pub number: ExperimentNumber,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The number of failed attempts. Interrupted attempts do not count.
    pub failures: u32,
    /// The index of its branch in the task, from 0: it gets the additional config of that branch.
    /// The index does not change when only some experiments of the task are retried.
    pub branch: u32,
    /// The record of the experiment.
    pub record: Arc<ExperimentRecord>,
}

impl TaskExperiment {
    /// The event that reports its start.
    #[must_use]
    pub fn started(&self, at: Timestamp, worker: WorkerNumber, pid: u32, added: Config) -> Event {
        Event::ExperimentStarted {
            at,
            experiment: self.number,
            attempt: self.attempt,
            worker,
            pid,
            record: Box::new((*self.record).clone()),
            epoch: 0,
            added,
        }
    }
}

/// The source of the scheduler's experiments: a domain, or the rest of one.
pub trait TaskSource: Send {
    /// Returns the experiments of the next task; `None` if there are no more.
    ///
    /// # Errors
    /// The next config of the domain cannot be built.
    fn next_task(&mut self) -> Result<Option<Vec<TaskExperiment>>, SourceError>;

    /// Takes the experiments of earlier runs that the source has passed since the last call and
    /// that have a new index in the domain, each with this index.
    fn take_moved(&mut self) -> Vec<(ExperimentNumber, u64)> {
        Vec::new()
    }

    /// Returns the largest possible number of remaining experiments, if it is known; zero only if
    /// there are none.
    fn remaining(&self) -> Option<u64>;

    /// Returns the progress of the source.
    fn progress(&self) -> SourceProgress;

    /// Replaces the rest of the domain.
    ///
    /// # Errors
    /// The new domain is invalid; the old one stays in place.
    fn update(&mut self, new: &NewDomain) -> Result<UpdateRecord, SourceError>;
}

/// The progress of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceProgress {
    /// The number of experiments that were taken from it, including those of earlier runs.
    pub generated: u64,
    /// The number of updates of the domain.
    pub updates: u64,
    /// The value of `generated` at the last update.
    pub updated_at: u64,
}

/// A domain that replaces the rest of the current one, with its options.
///
/// ```
/// use research_core::domain::option;
/// use research_exec::NewDomain;
///
/// let finer = NewDomain::new(option("lr", [0.01, 0.02])).n_reps(5);
/// assert_eq!(finer.n_reps, Some(5));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NewDomain {
    /// The domain.
    pub domain: Domain,
    /// The number of its configs to run; `None` for all.
    pub n_configs: Option<u64>,
    /// The number of repetitions of each config; `None` for that of the first domain.
    pub n_reps: Option<u64>,
    /// The number of configs after which they are repeated; `None` for that of the first domain.
    pub repeat_each: Option<u64>,
}

impl NewDomain {
    /// Creates an update that runs all configs of a domain.
    #[must_use]
    pub fn new(domain: impl Into<Domain>) -> Self {
        Self {
            domain: domain.into(),
            n_configs: None,
            n_reps: None,
            repeat_each: None,
        }
    }

    /// Sets the number of configs to run.
    #[must_use]
    pub fn n_configs(mut self, n_configs: u64) -> Self {
        self.n_configs = Some(n_configs);
        self
    }

    /// Sets the number of repetitions of each config.
    #[must_use]
    pub fn n_reps(mut self, n_reps: u64) -> Self {
        self.n_reps = Some(n_reps);
        self
    }

    /// Sets the number of configs after which they are repeated.
    #[must_use]
    pub fn repeat_each(mut self, configs: u64) -> Self {
        self.repeat_each = Some(configs);
        self
    }
}

impl From<Domain> for NewDomain {
    fn from(domain: Domain) -> Self {
        Self::new(domain)
    }
}

/// The next experiment of a domain cannot be created.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SourceError {
    /// A config cannot be built.
    #[error("the domain cannot give its next config: {0}")]
    Domain(Box<DomainError>),
    /// The same config occurs too often.
    #[error(transparent)]
    Id(#[from] IdRegistryError),
    /// The recorded domain of an update cannot be parsed.
    #[error("update {number} of the domain was recorded with an invalid domain: {source}")]
    Recorded {
        /// The number of the update, from 1.
        number: u64,
        /// The error in its expression.
        source: Box<SyntaxError>,
    },
}

impl From<DomainError> for SourceError {
    fn from(error: DomainError) -> Self {
        Self::Domain(Box::new(error))
    }
}

/// Converts configs to experiments, for executors that are used without a leader.
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
            branch: u32::try_from(place).unwrap_or(u32::MAX),
            record: Arc::new(record),
        })
    };
    (0..).zip(configs).map(experiment).collect()
}
