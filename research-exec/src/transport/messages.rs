//! The messages: commands to workers, and their reports.

use std::path::PathBuf;
use std::time::Duration;

use research_core::events::ResourceUsage;
use research_core::{Event, FailureKind, Isolation, RunOptions, WorkerNumber};
use serde::{Deserialize, Serialize};

use crate::devices::WorkerDevices;
use crate::task::Ending;
use crate::task::TaskExperiment;

/// The version of the messages; both sides must have the same.
pub(crate) const PROTOCOL: u32 = 7;

/// The number of one attempt to run a task. Every attempt has its own number, so the leader
/// recognises the reports of an abandoned attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TaskNumber(pub(crate) u64);

/// The first message to a worker, or to an executor that was started by execution.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Init {
    pub(crate) protocol: u32,
    pub(crate) worker: WorkerNumber,
    pub(crate) options: RunOptions,
    pub(crate) experiments_folder: Option<PathBuf>,
    /// The devices of the worker's experiments; `None` in a run without devices.
    pub(crate) devices: Option<WorkerDevices>,
    /// The JSON from which the experiment is built, if it is not written in Rust.
    pub(crate) source: Option<String>,
    /// The start of the clock of the run.
    pub(crate) epoch: Option<u64>,
}

impl Init {
    pub(crate) fn isolation(&self) -> Isolation {
        self.options.isolation
    }
}

/// The experiments of one task; the payload of a `Run` frame.
pub(crate) type Task = Vec<TaskExperiment>;

/// The payload of a `Hello` frame.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Hello {
    pub(crate) protocol: u32,
    pub(crate) pid: u32,
}

/// The end of unfinished experiments whose process has ended; the payload of an `ExecutorDied`
/// frame.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Termination {
    pub(crate) kind: FailureKind,
    pub(crate) reason: String,
    /// The resource usage of the experiment, if the task has only one.
    pub(crate) usage: ResourceUsage,
}

impl Termination {
    pub(crate) fn killed(reason: String) -> Self {
        Self {
            kind: FailureKind::Killed,
            reason,
            usage: ResourceUsage::default(),
        }
    }

    /// Creates the termination of experiments whose process did not enforce their timeout.
    pub(crate) fn late(timeout: Duration) -> Self {
        Self {
            kind: FailureKind::TimedOut,
            reason: format!("it ran into the experiment's timeout of {timeout:?}, and was killed"),
            usage: ResourceUsage::default(),
        }
    }
}

/// The payload of an `Ended` frame.
pub(crate) type Ended = (Vec<Event>, Vec<Ending>);
