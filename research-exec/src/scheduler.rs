//! The scheduler decides which worker runs which task. It is a pure state machine without a clock,
//! processes or threads, so that it can be simulated.

mod cancel;
mod device_wait;
mod ended_set;
mod queue;
mod retries;
#[cfg(test)]
#[path = "../tests/simulation/simulation.rs"]
mod simulation;
mod state_machine;
mod timeouts;
mod unfinished;
mod updates;
mod worker_lost;
mod workers;

use std::fmt;
use std::time::Duration;

use research_core::domain::Config;
use research_core::{
    Event, ExceptionRecord, ExperimentNumber, Outcome, RunOptions, Status, Timestamp, When,
    WorkerNumber,
};

use crate::devices::Samples;
use crate::task::Ending;
use crate::task::{NewDomain, TaskExperiment};
use crate::transport::messages::{Task, TaskNumber, Termination};

pub(crate) use state_machine::Scheduler;
pub use updates::UpdateRequest;

/// An input of the scheduler.
#[derive(Debug)]
pub(crate) enum Input {
    /// A worker is ready for tasks.
    WorkerUp {
        worker: WorkerNumber,
        pid: u32,
        /// The host that it runs on; `None` for the leader's.
        host: Option<String>,
    },
    /// A worker has ended or its connection was lost.
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
    /// A task ended: its last events, and the endings of its experiments except those that earlier
    /// events reported. An experiment without an ending was cut off and is not at fault.
    Ended {
        worker: WorkerNumber,
        task: TaskNumber,
        events: Vec<Event>,
        endings: Vec<Ending>,
        /// Whether the worker can run no more tasks.
        retiring: bool,
    },
    /// An executor ended before it reported the ends of all experiments of its task.
    ExecutorDied {
        worker: WorkerNumber,
        task: TaskNumber,
        termination: Termination,
    },
    /// The values of a task could not be stored. Its experiments that had not ended by then have no
    /// ending.
    StorageFailed {
        worker: WorkerNumber,
        task: TaskNumber,
        reason: String,
    },
    /// The answer to [`Action::Sample`].
    Sampled { round: u64, samples: Samples },
    /// The moment of [`Scheduler::next_deadline`] has come.
    Tick,
    /// The answer to [`Action::Update`]: a new domain, none, or the error.
    Updated(Result<Option<NewDomain>, String>),
    /// End a running experiment with this status, `Cancelled` or `Pruned`.
    Cancel {
        experiment: ExperimentNumber,
        status: Status,
        reason: Option<String>,
    },
    /// Finish the running tasks and start no others.
    Stop,
    /// End the run at once.
    Kill,
}

/// An action that the leader executes, in order.
#[derive(Debug, PartialEq)]
pub(crate) enum Action {
    /// Start a worker.
    Start(WorkerNumber),
    /// Send a task to a worker.
    Send(WorkerNumber, TaskNumber, Task),
    /// Let a worker end, because there are no more tasks.
    Quit(WorkerNumber),
    /// Kill a worker and everything that it runs.
    Kill(WorkerNumber),
    /// Ask the rules for an update of the domain.
    Update(UpdateRequest),
    /// Sample the memory of the devices, and answer with this number of the round.
    Sample(u64),
    /// Append events to the log.
    Append(Vec<Event>),
    /// The run has ended, and no worker is left.
    Done(Outcome),
    /// The run fails for this reason, and ends when no worker is left.
    GiveUp(String),
}

/// The settings of the scheduler.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The largest number of workers.
    pub(crate) workers: u32,
    /// The number of retries of a failed experiment.
    pub(crate) retries: u32,
    /// The delay before a retry.
    pub(crate) retry_delay: Duration,
    /// Whether the delay doubles with each retry.
    pub(crate) double_retry_delay: bool,
    /// The timeout of an experiment whose worker cannot enforce it, because it runs in the worker's
    /// process.
    pub(crate) timeout: Option<Duration>,
    /// The run ends when this many experiments have failed.
    pub(crate) max_failures: Option<u64>,
    /// Whether experiments run in the worker's process. Then the loss of a worker counts as a
    /// failure of its experiments.
    pub(crate) shared_process: bool,
    /// The time at which each update rule is asked.
    pub(crate) updates: Vec<When>,
    /// What each worker and each branch adds to configs, where these are lists of configs.
    pub(crate) added: Option<RunOptions>,
}

impl Settings {
    fn added(&self, worker: WorkerNumber, branch: u32) -> Config {
        let options = self.added.as_ref();
        options.map_or_else(Config::new, |options| options.added_config(worker, branch))
    }
}

/// The number of experiments with each final status.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StatusCounts([u64; Status::ALL.len()]);

/// Shows the counts that are not zero: `{Finished: 7, Failed: 1}`.
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

/// Shows the counts that are not zero: `7 finished, 1 failed`.
impl fmt::Display for StatusCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = Status::ALL.into_iter().map(|one| (one, self.of(one)));
        let counts = counts.filter(|(_, count)| *count > 0);
        let counts: Vec<String> = counts.map(|(status, n)| format!("{n} {status}")).collect();
        match counts.as_slice() {
            [] => f.write_str("no experiments"),
            counts => f.write_str(&counts.join(", ")),
        }
    }
}

impl StatusCounts {
    /// The number of experiments with this status.
    #[must_use]
    pub fn of(&self, status: Status) -> u64 {
        self.0[status as usize]
    }

    /// The number of experiments that failed. Cancelled and pruned ones have not.
    #[must_use]
    pub fn unsuccessful(&self) -> u64 {
        Status::ALL
            .into_iter()
            .filter(|status| status.is_failure())
            .map(|s| self.of(s))
            .sum()
    }

    /// The number of all experiments.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(crate) fn add(&mut self, status: Status) {
        self.0[status as usize] += 1;
    }
}

/// The events of an experiment that did not end by itself.
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
            command: None,
        },
        Event::ExperimentEnded {
            at,
            experiment: experiment.number,
            attempt: experiment.attempt,
            status: termination.kind.status(),
            reason: Some(termination.reason.clone()),
            iterations: 0,
            usage: termination.usage,
        },
    ]
}
