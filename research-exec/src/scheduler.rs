//! Who runs what, as a pure state machine: no clock, no processes, no threads, so that it can be
//! simulated.

mod device_wait;
mod queue;
mod retries;
#[cfg(test)]
mod simulation;
mod timeouts;
mod transitions;
mod unfinished;
mod updates;
mod worker_lost;
mod workers;

use std::fmt;
use std::time::Duration;

use research_core::{Event, ExceptionRecord, Outcome, Status, Timestamp, When, WorkerNumber};

use crate::devices::Samples;
use crate::executor::Ending;
use crate::task::{NewDomain, TaskExperiment};
use crate::transport::messages::{Task, TaskNumber, Termination};

pub(crate) use transitions::Scheduler;
pub use updates::UpdateRequest;

/// What the scheduler is told.
#[derive(Debug)]
pub(crate) enum Input {
    /// A worker is ready for tasks.
    WorkerUp { worker: WorkerNumber, pid: u32 },
    /// A worker is gone, for this reason.
    WorkerLost {
        worker: WorkerNumber,
        reason: String,
    },
    /// Events of a task.
    Events {
        worker: WorkerNumber,
        task: TaskNumber,
        events: Vec<Event>,
    },
    /// A task ended: its last events, and how its experiments did, but for those whose ends were among
    /// the events before. Those without an ending did not come to one, through no fault of theirs.
    Ended {
        worker: WorkerNumber,
        task: TaskNumber,
        events: Vec<Event>,
        endings: Vec<Ending>,
        /// Whether the worker can run nothing more.
        retiring: bool,
    },
    /// An executor has died before it has said how all experiments of its task ended.
    ExecutorDied {
        worker: WorkerNumber,
        task: TaskNumber,
        termination: Termination,
    },
    /// What a task has saved could not be stored, for this reason: what has not ended by then has no
    /// ending.
    StorageFailed {
        worker: WorkerNumber,
        task: TaskNumber,
        reason: String,
    },
    /// The memory of the run's devices, as it was asked for.
    Sampled { round: u64, samples: Samples },
    /// Time has passed: the moment of [`Scheduler::next_deadline`] has come.
    Tick,
    /// What a request for an update of the domain came to: a new domain, none, or why there is
    /// none.
    Updated(Result<Option<NewDomain>, String>),
    /// Finish what runs and take nothing new.
    Stop,
    /// End at once.
    Kill,
}

/// What is to be done, in order.
#[derive(Debug, PartialEq)]
pub(crate) enum Action {
    /// Start a worker.
    Start(WorkerNumber),
    /// Give a worker a task.
    Send(WorkerNumber, TaskNumber, Task),
    /// Tell a worker that there are no more tasks.
    Quit(WorkerNumber),
    /// Kill a worker and all that it runs.
    Kill(WorkerNumber),
    /// Ask for an update of the domain.
    Update(UpdateRequest),
    /// Look at the memory of the run's devices, and tell of it with this number.
    Sample(u64),
    /// Append events to the log.
    Append(Vec<Event>),
    /// The run is over: no worker is left.
    Done(Outcome),
    /// The run cannot go on; it is over when no worker is left.
    GiveUp(String),
}

/// What the scheduler goes by.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// How many workers there are at most.
    pub(crate) workers: u32,
    /// How often an experiment that did not succeed is tried again.
    pub(crate) retries: u32,
    /// How long it waits before that.
    pub(crate) retry_delay: Duration,
    /// Whether it waits twice as long each time.
    pub(crate) double_retry_delay: bool,
    /// How long an experiment may take, where its worker shares its process: it may be stopped, or
    /// lost in it, and not see to that itself.
    pub(crate) timeout: Option<Duration>,
    /// The run ends when so many experiments did not succeed.
    pub(crate) max_failures: Option<u64>,
    /// Whether an experiment can take its worker down with it, so that a lost worker is counted
    /// as a failure of what it ran.
    pub(crate) shared_process: bool,
    /// When each of the rules is asked by which the domain is updated.
    pub(crate) updates: Vec<When>,
}

/// How many experiments got which final status.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StatusCounts([u64; Status::ALL.len()]);

/// Those that there are, by name: `{Finished: 7, Failed: 1}`.
impl fmt::Debug for StatusCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = Status::ALL
            .into_iter()
            .map(|status| (status, self.of(status)));
        f.debug_map()
            .entries(counts.filter(|(_, count)| *count > 0))
            .finish()
    }
}

impl StatusCounts {
    /// How many have this status.
    #[must_use]
    pub fn of(&self, status: Status) -> u64 {
        self.0[status as usize]
    }

    /// How many did not do what they were asked to.
    #[must_use]
    pub fn unsuccessful(&self) -> u64 {
        Status::ALL
            .into_iter()
            .filter(|status| !status.is_success())
            .map(|s| self.of(s))
            .sum()
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(crate) fn add(&mut self, status: Status) {
        self.0[status as usize] += 1;
    }
}

/// The events of an experiment that ended with its process, not by itself.
fn ended_events(
    at: Timestamp,
    experiment: &TaskExperiment,
    termination: &Termination,
) -> [Event; 2] {
    let exception = ExceptionRecord {
        unit: None,
        iteration: 0,
        kind: termination.kind,
        message: termination.reason.clone(),
        backtrace: None,
    };
    [
        Event::Exception {
            at,
            experiment: experiment.number,
            exception: Box::new(exception),
        },
        Event::ExperimentEnded {
            at,
            experiment: experiment.number,
            attempt: experiment.attempt,
            status: termination.kind.status(),
            reason: Some(termination.reason.clone()),
            iterations: 0,
        },
    ]
}
