//! Events: all that happens in a research, in the order in which it is told.

use std::fmt;
use std::sync::Arc;

use research_domain::{Config, ExperimentId, Value};
use serde::{Deserialize, Serialize};

use crate::log_level::LogLevel;
use crate::output_stream::OutputStream;
use crate::profile::{Measure, SpanTime};
use crate::run_clock::RunClock;
use crate::update::UpdateRecord;
use crate::values::column::{Column, Iterations};
use crate::values::large::LargeValue;

/// A moment, in microseconds since 1970-01-01 00:00 UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The moment of the call, by the system's clock; in the processes of a run, by the
    /// [clock of the run](crate::RunClock), which follows no steps of that.
    #[must_use]
    pub fn now() -> Self {
        Self(RunClock::now())
    }

    /// Seconds from `earlier` to this moment; zero if the clock went back.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> f64 {
        self.0.saturating_sub(earlier.0) as f64 / 1e6
    }
}

/// The number of an experiment, unique in its research's log. In an undisturbed run it is the
/// experiment's place in the domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ExperimentNumber(pub u64);

/// The number of a worker, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WorkerNumber(pub u32);

impl fmt::Display for ExperimentNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for WorkerNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an experiment is: all that its units may depend on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExperimentRecord {
    /// Its id, also the name of its folder.
    pub id: ExperimentId,
    /// Its place in the domain; tables are ordered by it.
    pub place: u64,
    /// Its parameters, without auxiliary keys.
    pub config: Config,
    /// Which repetition of the config it is, from 0.
    pub repetition: u64,
    /// How many times the domain had been updated when it was generated.
    pub updates: u64,
    /// The seed of its random generator.
    pub seed: u64,
}

impl ExperimentRecord {
    /// The seed in 32 bits, which is as many as every program's generator takes.
    #[must_use]
    pub fn short_seed(&self) -> u32 {
        // The shift leaves no more than 32 bits.
        (self.seed >> 32) as u32
    }

    /// The config with the auxiliary keys `repetition` and `updates`.
    #[must_use]
    pub fn full_config(&self) -> Config {
        let mut config = self.config.clone();
        config.insert("repetition", self.repetition);
        config.insert("updates", self.updates);
        config
    }
}

/// How an experiment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// All its iterations ran.
    Finished,
    /// A generator came to its end and stopped it.
    Stopped,
    /// A unit ended with an error or a panic.
    Failed,
    /// Its process, or the program of a unit, was killed or ended by itself.
    Killed,
    /// It took longer than it may.
    TimedOut,
    /// A user ended it.
    Cancelled,
    /// A rule ended it early, because its values promised too little.
    Pruned,
}

impl Status {
    /// All statuses, in the order of tables and summaries.
    pub const ALL: [Self; 7] = [
        Self::Finished,
        Self::Stopped,
        Self::Failed,
        Self::Killed,
        Self::TimedOut,
        Self::Cancelled,
        Self::Pruned,
    ];

    /// Whether the experiment ran to its end: it finished or was stopped by its generator.
    #[must_use]
    pub fn is_success(self) -> bool {
        matches!(self, Self::Finished | Self::Stopped)
    }

    /// Whether the experiment failed, so that `retries` may run it again. Experiments that were
    /// cancelled or pruned are neither successes nor failures.
    #[must_use]
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Killed | Self::TimedOut)
    }

    /// The word for it in tables and files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Killed => "killed",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Pruned => "pruned",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How a unit failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// It returned an error, or its program ended with another exit code than 0.
    Error,
    /// It panicked.
    Panic,
    /// Its program was killed by a signal.
    Killed,
    /// It took longer than it may.
    TimedOut,
}

impl FailureKind {
    /// The status of an experiment that failed like this.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::Error | Self::Panic => Status::Failed,
            Self::Killed => Status::Killed,
            Self::TimedOut => Status::TimedOut,
        }
    }
}

/// An error or a panic of a unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExceptionRecord {
    /// The unit; `None` where the executor's process itself ended.
    pub unit: Option<String>,
    /// The iteration, from 0.
    pub iteration: u64,
    /// How it failed.
    pub kind: FailureKind,
    /// What went wrong.
    pub message: String,
    /// Where, or the last lines that a program put out.
    pub backtrace: Option<String>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every experiment of the domain has a final status.
    Complete,
    /// It was stopped before that; it can be resumed.
    Interrupted,
    /// It could not go on; it can be resumed.
    Aborted,
}

/// One thing that happened. The log is a list of these, and every picture of a research is a
/// fold of that list.
///
/// An experiment that is tried again starts again: an `ExperimentStarted` with a higher attempt
/// voids what earlier attempts of the same number have saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Event {
    /// A run began (a resumed research has several of these).
    RunStarted {
        /// When.
        at: Timestamp,
        /// The process that leads the run.
        pid: u32,
        /// How many workers it starts.
        workers: u32,
        /// How many experiments this run will do, if their number is known.
        total: Option<u64>,
        /// How many iterations each has, if that is known.
        n_iters: Option<u64>,
        /// How many times leaders of this research have taken over from one another; 0 where no
        /// leader counts.
        epoch: u64,
    },
    /// A worker is ready.
    WorkerStarted {
        /// When.
        at: Timestamp,
        /// Which.
        worker: WorkerNumber,
        /// Its process.
        pid: u32,
        /// The host that it runs on; `None` for the leader's.
        host: Option<String>,
        /// The engine that started it, for example `slurm`; `None` for the leader itself.
        engine: Option<String>,
    },
    /// A worker is gone without having been asked to go.
    WorkerLost {
        /// When.
        at: Timestamp,
        /// Which.
        worker: WorkerNumber,
        /// Why, as far as is known.
        reason: String,
    },
    /// An attempt at an experiment began.
    ExperimentStarted {
        /// When.
        at: Timestamp,
        /// Which experiment.
        experiment: ExperimentNumber,
        /// Which attempt, from 1.
        attempt: u32,
        /// The worker that runs it.
        worker: WorkerNumber,
        /// The process that runs its units.
        pid: u32,
        /// What it is.
        record: Box<ExperimentRecord>,
        /// The epoch of the leader that sent it to the worker.
        epoch: u64,
        /// What its worker and branch add to the config that its units see.
        added: Config,
    },
    /// Values of one variable, saved over some iterations.
    Values {
        /// Whose.
        experiment: ExperimentNumber,
        /// The name that they were saved under.
        variable: Arc<str>,
        /// The iteration of each value.
        iterations: Iterations,
        /// The values, as many as there are iterations.
        column: Column,
    },
    /// How far an experiment has come; told at a bounded rate.
    Progress {
        /// When.
        at: Timestamp,
        /// Which experiment.
        experiment: ExperimentNumber,
        /// How many of its iterations are done.
        iterations: u64,
    },
    /// A line for the logs.
    Message {
        /// When.
        at: Timestamp,
        /// The experiment that it is about, if it is about one.
        experiment: Option<ExperimentNumber>,
        /// How much it matters.
        level: LogLevel,
        /// What it says.
        text: String,
    },
    /// A unit failed.
    Exception {
        /// When.
        at: Timestamp,
        /// Whose unit.
        experiment: ExperimentNumber,
        /// What happened.
        exception: Box<ExceptionRecord>,
    },
    /// An attempt at an experiment ended.
    ExperimentEnded {
        /// When.
        at: Timestamp,
        /// Which experiment.
        experiment: ExperimentNumber,
        /// Which attempt, from 1.
        attempt: u32,
        /// How.
        status: Status,
        /// Why, where it is no success.
        reason: Option<String>,
        /// How many iterations it did.
        iterations: u64,
        /// What the attempt used.
        usage: ResourceUsage,
    },
    /// A run ended in an orderly way.
    RunEnded {
        /// When.
        at: Timestamp,
        /// How.
        outcome: Outcome,
    },
    /// An experiment of an earlier run has another place now: the domain was changed since.
    Moved {
        /// Which.
        experiment: ExperimentNumber,
        /// Its place in the domain as it is now.
        place: u64,
    },
    /// What calls of a unit took, or whole iterations; told where a profile is asked for.
    Profile {
        /// Whose.
        experiment: ExperimentNumber,
        /// The unit; `None` for whole iterations.
        unit: Option<Arc<str>>,
        /// What was measured.
        measure: Measure,
        /// The iteration of each call.
        iterations: Iterations,
        /// What each call took, as many as there are iterations.
        values: Column,
    },
    /// The domain was updated: what was left of it was replaced.
    DomainUpdated {
        /// When.
        at: Timestamp,
        /// By what.
        update: Box<UpdateRecord>,
    },
    /// What an experiment printed, where that is kept in memory; in a folder it is kept in files.
    Output {
        /// Which experiment.
        experiment: ExperimentNumber,
        /// Where it printed.
        stream: OutputStream,
        /// Whole lines.
        text: String,
    },
    /// A saved value that has a file of its own.
    LargeValue {
        /// Whose.
        experiment: ExperimentNumber,
        /// The name that it was saved under.
        variable: Arc<str>,
        /// The iteration.
        iteration: u64,
        /// Where it is.
        value: LargeValue,
    },
    /// A worker waits until its devices have memory, or no longer does. One that begins an
    /// experiment or is lost no longer waits, without being told of here.
    WorkerWaits {
        /// When.
        at: Timestamp,
        /// Which.
        worker: WorkerNumber,
        /// For what it waits; `None` if it no longer does.
        reason: Option<String>,
    },
    /// What the spans took that the code of a unit has opened, since this was told last; told where
    /// a profile of level 2 is asked for.
    Spans {
        /// Whose.
        experiment: ExperimentNumber,
        /// The unit.
        unit: Arc<str>,
        /// A sum for each span.
        spans: Vec<SpanTime>,
    },
    /// Which devices an experiment was given, in a run with devices: the auxiliary key `device` of
    /// its config.
    Device {
        /// Which experiment.
        experiment: ExperimentNumber,
        /// A name, a list of names, or null for none.
        device: Value,
    },
    /// A worker that was lost has connected again, perhaps to another leader.
    WorkerRejoined {
        /// When.
        at: Timestamp,
        /// Which.
        worker: WorkerNumber,
        /// Its process.
        pid: u32,
        /// The epoch of the leader that it connected to.
        epoch: u64,
    },
    /// The leader was asked to end an experiment early. It counts as ended, also if the run ends
    /// before its `ExperimentEnded`.
    ExperimentCancelled {
        /// When.
        at: Timestamp,
        /// Which experiment.
        experiment: ExperimentNumber,
        /// `Cancelled` or `Pruned`.
        status: Status,
        /// Who or what asked, and why.
        reason: Option<String>,
    },
    /// A search chose the next config.
    Asked {
        /// When.
        at: Timestamp,
        /// The number of the ask, from 0.
        ask: u64,
        /// The config.
        config: Config,
        /// The experiment that it continues with a larger budget, if it does.
        parent: Option<ExperimentNumber>,
        /// How many results the search knew: that many of the first `Told` events.
        known: u64,
    },
    /// A search took in the result of an experiment.
    Told {
        /// When.
        at: Timestamp,
        /// The ask that chose its config.
        ask: u64,
        /// Which experiment.
        experiment: ExperimentNumber,
        /// The value of each objective; empty if the experiment failed.
        objectives: Vec<f64>,
    },
    /// An event of a kind that a newer version of the program added. It is kept as it is.
    Unknown(UnknownEvent),
}

/// What an attempt at an experiment used, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ResourceUsage {
    /// The most memory that its processes had at once, in bytes.
    pub peak_memory: Option<u64>,
    /// The processor time of its processes, in seconds.
    pub cpu_seconds: Option<f64>,
    /// The exit code of its program or process.
    pub exit_code: Option<i32>,
}

/// An event that this version of the program cannot read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownEvent {
    /// The number of its kind in the log.
    pub kind: u8,
    /// The version of its kind.
    pub version: u8,
    /// Its encoded fields.
    pub body: Vec<u8>,
}
