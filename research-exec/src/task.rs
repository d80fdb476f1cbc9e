//! Tasks: the experiments that an executor runs at once, and where they come from.

mod source;

use std::sync::Arc;

use research_core::domain::{
    Config, Domain, DomainError, IdRegistry, IdRegistryError, Identity, SyntaxError,
};
use research_core::events::UpdateRecord;
use research_core::{Event, ExperimentNumber, ExperimentRecord, Status, Timestamp, WorkerNumber};
use serde::{Deserialize, Serialize};

pub use source::{DomainSource, Grouping, KnownExperiment, ResumePlan, ResumeState};

/// How an experiment of a task ended.
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

/// One experiment of a task: what it is, and which attempt this is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskExperiment {
    /// Its number in the log.
    pub number: ExperimentNumber,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// How many attempts have failed. Those that were interrupted have not.
    pub failures: u32,
    /// Which branch of its task it is, from 0: what is added to the config of that branch is added
    /// to its own. It stays so when fewer experiments of the task are retried.
    pub branch: u32,
    /// What it is.
    pub record: Arc<ExperimentRecord>,
}

impl TaskExperiment {
    /// The event that reports its start.
    #[must_use]
    pub fn started(&self, at: Timestamp, worker: WorkerNumber, pid: u32) -> Event {
        Event::ExperimentStarted {
            at,
            experiment: self.number,
            attempt: self.attempt,
            worker,
            pid,
            record: Box::new((*self.record).clone()),
            epoch: 0,
            added: Default::default(),
        }
    }
}

/// Where the scheduler takes experiments from: a domain, or what is left of one.
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

    /// How many experiments were taken from it so far.
    fn progress(&self) -> SourceProgress;

    /// Replaces what is left of the domain.
    ///
    /// # Errors
    /// The new domain cannot be. The old one stays.
    fn update(&mut self, new: &NewDomain) -> Result<UpdateRecord, SourceError>;
}

/// How far a source has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceProgress {
    /// How many experiments were taken from it, those of earlier runs included.
    pub generated: u64,
    /// How often the domain was updated.
    pub updates: u64,
    /// How many experiments there had been when it was updated last.
    pub updated_at: u64,
}

/// A domain that replaces what is left of the current one, and how it is run through.
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
    /// How many of its configs are run: all, if not set.
    pub n_configs: Option<u64>,
    /// How often each is run: as often as those of the first domain, if not set.
    pub n_reps: Option<u64>,
    /// After how many configs they are repeated: as in the first domain, if not set.
    pub repeat_each: Option<u64>,
}

impl NewDomain {
    /// A domain whose configs are all run.
    #[must_use]
    pub fn new(domain: impl Into<Domain>) -> Self {
        Self {
            domain: domain.into(),
            n_configs: None,
            n_reps: None,
            repeat_each: None,
        }
    }

    /// Sets how many configs are taken from it.
    #[must_use]
    pub fn n_configs(mut self, n_configs: u64) -> Self {
        self.n_configs = Some(n_configs);
        self
    }

    /// Sets how often each config is run.
    #[must_use]
    pub fn n_reps(mut self, n_reps: u64) -> Self {
        self.n_reps = Some(n_reps);
        self
    }

    /// Sets after how many configs they are repeated.
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

/// A domain could not give its next experiment.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SourceError {
    /// A config cannot be made.
    #[error("the domain cannot give its next config: {0}")]
    Domain(Box<DomainError>),
    /// The same config is there too often.
    #[error(transparent)]
    Id(#[from] IdRegistryError),
    /// The domain of an update, as it was recorded, is not an expression.
    #[error("update {number} of the domain was recorded with an invalid domain: {source}")]
    Recorded {
        /// Which update, from 1.
        number: u64,
        /// What is wrong with it.
        source: Box<SyntaxError>,
    },
}

impl From<DomainError> for SourceError {
    fn from(error: DomainError) -> Self {
        Self::Domain(Box::new(error))
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
            branch: u32::try_from(place).unwrap_or(u32::MAX),
            record: Arc::new(record),
        })
    };
    (0..).zip(configs).map(experiment).collect()
}
