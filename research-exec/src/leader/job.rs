//! What a run is given, and how it ended.

use research_core::{Experiment, Outcome, RunOptions, Storage, StorageError, Subscriber};
use research_process::MAX_DEPTH;

use super::{DomainUpdater, LaunchError, RunControl, Signals};
use crate::devices::{DevicePlan, DeviceProbe};
use crate::launcher::Launcher;
use crate::scheduler::StatusCounts;
use crate::task::TaskSource;
use crate::worker::Target;

/// All that is needed to run a research.
pub struct Job {
    /// What is run for each config.
    pub experiment: Experiment,
    /// How.
    pub options: RunOptions,
    /// Where experiments come from.
    pub source: Box<dyn TaskSource>,
    /// Which devices its workers have.
    pub devices: DevicePlan,
    /// Who decides on updates of the domain, if somebody does.
    pub updater: Option<Box<dyn DomainUpdater>>,
    /// Who tells of the memory of devices, where that is checked.
    pub probe: Box<dyn DeviceProbe>,
    /// Where events are kept.
    pub storage: Box<dyn Storage>,
    /// Who else wants to see them.
    pub subscribers: Vec<Box<dyn Subscriber>>,
    /// Which `run` of the program this is, so that workers find it.
    pub target: Target,
    /// What starts its workers.
    pub launcher: Launcher,
    /// What workers build the experiment from, where it was not written in Rust.
    pub recorded_source: Option<String>,
    /// What other threads of the program can end the run with.
    pub control: RunControl,
    /// Listens to Ctrl-C, SIGTERM and other signals, which end the run in an orderly way; without
    /// it they do what they do in this process.
    pub signals: Option<Signals>,
    /// What people should know before it begins.
    pub warnings: Vec<String>,
    /// What marks the processes of the run, for whoever comes after it to know them: in the form
    /// `PID-TIME`, which no other run of this machine has ([`new_mark`](crate::new_mark)).
    pub mark: String,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whether it came to its end.
    pub outcome: Outcome,
    /// How many experiments got which final status in this run.
    pub counts: StatusCounts,
}

/// A run could not be done, or not to its end. What was stored is stored, and the research can be
/// resumed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Events could not be kept.
    #[error("the run ends here: {0}")]
    Storage(#[from] StorageError),
    /// A worker could not be started.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// It made no sense to go on.
    #[error("the run ends here: {0}")]
    GivenUp(String),
    /// It was stopped before it came to its end, and what it was for is not there.
    #[error("it was interrupted")]
    Interrupted,
    /// A unit has failed, and failures are to be raised at once.
    #[error("{0}")]
    Raised(String),
    /// It would be in a unit of a research that is in a unit of another one, and so on.
    #[error(
        "researches are nested too deep: this one is in a unit of another one, which is in a unit of another one, \
         and so on {MAX_DEPTH} times; does it start itself?"
    )]
    TooDeep,
    /// A thread of the leader has panicked.
    #[error("the leader's {0} has panicked: this is a fault of research itself, please report it")]
    Panicked(&'static str),
    /// The system has no thread for a part of the leader.
    #[error("the leader has no thread that {purpose}: {source}")]
    NoThread {
        /// What the thread is for.
        purpose: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system refused something else.
    #[error("the leader cannot {action}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}
