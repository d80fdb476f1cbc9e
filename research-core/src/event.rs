//! Events: all that happens in a research, in the order in which it is told.

mod records;
mod status;

use std::sync::Arc;

use research_domain::{Config, Value};
use serde::{Deserialize, Serialize};

use crate::log_level::LogLevel;
use crate::output_stream::OutputStream;
use crate::profile::{Measure, SpanTime};
use crate::update::UpdateRecord;
use crate::values::column::{Column, Iterations};
use crate::values::large::LargeValue;

pub use records::{
    ExceptionRecord, ExperimentNumber, ExperimentRecord, ResourceUsage, Timestamp, UnknownEvent,
    WorkerNumber,
};
pub use status::{FailureKind, Outcome, Status};

/// One thing that happened. The log is a list of these, and every state of a research is a
/// fold of that list.
///
/// An experiment that is retried starts again: an `ExperimentStarted` with a higher attempt
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
        /// The host of the leader; `None` if it is not known.
        host: Option<String>,
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
        /// The command that the unit ran, as a user would type it; `None` if it ran none.
        command: Option<String>,
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
        /// Why, if it did not succeed.
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
    /// experiment or is lost no longer waits, without an event of this kind.
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
