//! The parameters of a run, and its result.

use std::fmt;

use research_core::{Experiment, Outcome, RunOptions, Storage, StorageError, Subscriber};
use research_process::MAX_DEPTH;

use super::writer::WriterError;
use super::{DomainUpdater, LaunchError, RunControl};
use crate::devices::{DevicePlan, DeviceProbe};
use crate::launcher::Launcher;
use crate::scheduler::StatusCounts;
use crate::task::TaskSource;
use crate::worker::Target;

/// The parameters of a run.
pub struct Job {
    /// The experiment that runs for each config.
    pub experiment: Experiment,
    /// The options of the research.
    pub options: RunOptions,
    /// The source from which the scheduler takes experiments.
    pub source: Box<dyn TaskSource>,
    /// The devices of the workers.
    pub devices: DevicePlan,
    /// Decides on updates of the domain.
    pub updater: Option<Box<dyn DomainUpdater>>,
    /// Samples the memory of devices, if it is checked.
    pub probe: Box<dyn DeviceProbe>,
    /// Stores the events.
    pub storage: Box<dyn Storage>,
    /// The subscribers, which receive the events after they were appended.
    pub subscribers: Vec<Box<dyn Subscriber>>,
    /// Identifies this `run` call of the program, for workers.
    pub target: Target,
    /// Starts the workers.
    pub launcher: Launcher,
    /// The description from which workers build the experiment, if it is not written in Rust.
    pub recorded_source: Option<String>,
    /// Lets other threads of the program end the run.
    pub control: RunControl,
    /// Warnings that are logged when the run begins.
    pub warnings: Vec<String>,
    /// The mark of the run's processes, by which later runs find strays, in the form `PID-TIME`
    /// ([`new_mark`](research_process::new_mark)).
    pub mark: String,
}

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The outcome of the run.
    pub outcome: Outcome,
    /// The number of experiments with each final status in this run.
    pub counts: StatusCounts,
}

/// Shows outcome and counts: `complete: 7 finished, 1 failed`.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.outcome, self.counts)
    }
}

/// The run failed or was interrupted. Everything stored is kept, and the research can be resumed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Events could not be stored.
    #[error("the run was aborted: {0}")]
    Storage(#[from] StorageError),
    /// A worker could not be started.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The run cannot continue.
    #[error("the run was aborted: {0}")]
    GivenUp(String),
    /// The run was interrupted before its results were complete.
    #[error("the run was interrupted")]
    Interrupted,
    /// A unit has failed in debug mode.
    #[error("{0}")]
    Raised(String),
    /// Too many researches run within units of each other.
    #[error(
        "researches are nested too deeply: this one runs in a unit of another one, and so on \
         {MAX_DEPTH} times; \
         check whether it starts itself"
    )]
    TooDeep,
    /// A thread of the leader panicked.
    #[error(
        "the {0} thread of the leader has panicked; this is a bug in research, please report it"
    )]
    Panicked(&'static str),
    /// A thread of the leader could not be started.
    #[error("cannot start the {purpose} thread: {source}")]
    NoThread {
        /// The purpose of the thread.
        purpose: &'static str,
        /// The system's error.
        source: std::io::Error,
    },
    /// Another system call failed.
    #[error("the leader cannot {action}: {source}")]
    Io {
        /// The action that failed.
        action: &'static str,
        /// The system's error.
        source: std::io::Error,
    },
}

impl From<WriterError> for RunError {
    fn from(error: WriterError) -> Self {
        match error {
            WriterError::Storage(error) => Self::Storage(error),
            WriterError::Panicked => Self::Panicked("writer"),
        }
    }
}
