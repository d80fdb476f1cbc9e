//! Events: all that happens in a research, in the order of the log.

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

/// One recorded event. The log is a list of events, and every state of a research is a fold of that
/// list.
///
/// An experiment that is retried starts again: an `ExperimentStarted` with a higher attempt
/// voids what earlier attempts of the same number have saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Event {
    /// A run began (a resumed research has several of these).
    RunStarted {
        /// The time of the event.
        at: Timestamp,
        /// The process that leads the run.
        pid: u32,
        /// The number of workers that it starts.
        workers: u32,
        /// The number of experiments in this run, if it is known.
        total: Option<u64>,
        /// The number of iterations of each experiment, if it is known.
        n_iters: Option<u64>,
        /// The number of times that a leader of this research has taken over from another; 0 if
        /// leaders are not counted.
        epoch: u64,
        /// The host of the leader; `None` if it is not known.
        host: Option<String>,
    },
    /// A worker is ready.
    WorkerStarted {
        /// The time of the event.
        at: Timestamp,
        /// The worker.
        worker: WorkerNumber,
        /// Its process.
        pid: u32,
        /// The host that it runs on; `None` for the leader's.
        host: Option<String>,
        /// The engine that started it, for example `slurm`; `None` for the leader itself.
        engine: Option<String>,
    },
    /// A worker ended without a request to end.
    WorkerLost {
        /// The time of the event.
        at: Timestamp,
        /// The worker.
        worker: WorkerNumber,
        /// The reason, as far as it is known.
        reason: String,
    },
    /// An attempt at an experiment began.
    ExperimentStarted {
        /// The time of the event.
        at: Timestamp,
        /// The experiment.
        experiment: ExperimentNumber,
        /// The number of the attempt, from 1.
        attempt: u32,
        /// The worker that runs it.
        worker: WorkerNumber,
        /// The process that runs its units.
        pid: u32,
        /// The record of the experiment.
        record: Box<ExperimentRecord>,
        /// The epoch of the leader that sent it to the worker.
        epoch: u64,
        /// The config that its worker and branch add for its units.
        added: Config,
    },
    /// Values of one variable, saved over some iterations.
    Values {
        /// The experiment.
        experiment: ExperimentNumber,
        /// The name under which they were saved.
        variable: Arc<str>,
        /// The iteration of each value.
        iterations: Iterations,
        /// The values, one for each iteration.
        column: Column,
    },
    /// The progress of an experiment, reported at a bounded rate.
    Progress {
        /// The time of the event.
        at: Timestamp,
        /// The experiment.
        experiment: ExperimentNumber,
        /// The number of iterations that have ended.
        iterations: u64,
    },
    /// A line for the logs.
    Message {
        /// The time of the event.
        at: Timestamp,
        /// The experiment, if the message is about one.
        experiment: Option<ExperimentNumber>,
        /// The level.
        level: LogLevel,
        /// The text.
        text: String,
    },
    /// A unit failed.
    Exception {
        /// The time of the event.
        at: Timestamp,
        /// The experiment of the unit.
        experiment: ExperimentNumber,
        /// The exception.
        exception: Box<ExceptionRecord>,
        /// The command that the unit ran, as a user would type it; `None` if it ran none.
        command: Option<String>,
    },
    /// An attempt at an experiment ended.
    ExperimentEnded {
        /// The time of the event.
        at: Timestamp,
        /// The experiment.
        experiment: ExperimentNumber,
        /// The number of the attempt, from 1.
        attempt: u32,
        /// The status.
        status: Status,
        /// The reason, if it did not succeed.
        reason: Option<String>,
        /// The number of iterations that ran.
        iterations: u64,
        /// The resources that the attempt used.
        usage: ResourceUsage,
    },
    /// A run ended in an orderly way.
    RunEnded {
        /// The time of the event.
        at: Timestamp,
        /// The outcome.
        outcome: Outcome,
    },
    /// An experiment of an earlier run has another index, because the domain was changed since.
    Moved {
        /// The worker.
        experiment: ExperimentNumber,
        /// Its index in the current domain.
        place: u64,
    },
    /// Measurements of calls of a unit, or of whole iterations, if a profile is recorded.
    Profile {
        /// The experiment.
        experiment: ExperimentNumber,
        /// The unit; `None` for whole iterations.
        unit: Option<Arc<str>>,
        /// The measured quantity.
        measure: Measure,
        /// The iteration of each call.
        iterations: Iterations,
        /// The measured values, one for each iteration.
        values: Column,
    },
    /// The domain was updated: its remaining configs were replaced.
    DomainUpdated {
        /// The time of the event.
        at: Timestamp,
        /// The new domain.
        update: Box<UpdateRecord>,
    },
    /// Output of an experiment of a research in memory. With a folder, output is kept in files.
    Output {
        /// The experiment.
        experiment: ExperimentNumber,
        /// The stream.
        stream: OutputStream,
        /// The text, in whole lines.
        text: String,
    },
    /// A saved value that is stored in its own file.
    LargeValue {
        /// The experiment.
        experiment: ExperimentNumber,
        /// The name under which it was saved.
        variable: Arc<str>,
        /// The iteration.
        iteration: u64,
        /// The file.
        value: LargeValue,
    },
    /// A worker waits until its devices have free memory, or stops waiting. A worker that begins an
    /// experiment or is lost stops waiting without an event of this kind.
    WorkerWaits {
        /// The time of the event.
        at: Timestamp,
        /// The worker.
        worker: WorkerNumber,
        /// The reason; `None` if it stops waiting.
        reason: Option<String>,
    },
    /// Times of the spans that the code of a unit has opened since the previous event of this kind,
    /// if a profile of level 2 is recorded.
    Spans {
        /// The experiment.
        experiment: ExperimentNumber,
        /// The unit.
        unit: Arc<str>,
        /// The sums, one for each span.
        spans: Vec<SpanTime>,
    },
    /// The devices that were assigned to an experiment, in a run with devices: the auxiliary key
    /// `device` of its config.
    Device {
        /// The experiment.
        experiment: ExperimentNumber,
        /// A name, a list of names, or null for none.
        device: Value,
    },
    /// A lost worker has connected again, perhaps to another leader.
    WorkerRejoined {
        /// The time of the event.
        at: Timestamp,
        /// The worker.
        worker: WorkerNumber,
        /// Its process.
        pid: u32,
        /// The epoch of the leader that it connected to.
        epoch: u64,
    },
    /// The leader received a request to end an experiment early. The experiment counts as ended,
    /// even if the run ends before its `ExperimentEnded`.
    ExperimentCancelled {
        /// The time of the event.
        at: Timestamp,
        /// The experiment.
        experiment: ExperimentNumber,
        /// `Cancelled` or `Pruned`.
        status: Status,
        /// The origin of the request, and the reason.
        reason: Option<String>,
    },
    /// A search chose the next config.
    Asked {
        /// The time of the event.
        at: Timestamp,
        /// The number of the ask, from 0.
        ask: u64,
        /// The config.
        config: Config,
        /// The experiment that this config continues with a larger budget, if any.
        parent: Option<ExperimentNumber>,
        /// The number of results that the search knew: the first `known` events of kind `Told`.
        known: u64,
    },
    /// A search received the result of an experiment.
    Told {
        /// The time of the event.
        at: Timestamp,
        /// The ask that chose its config.
        ask: u64,
        /// The experiment.
        experiment: ExperimentNumber,
        /// The value of each objective; empty if the experiment failed.
        objectives: Vec<f64>,
    },
    /// An event of a kind that a newer version of the program added. It is kept unchanged.
    Unknown(UnknownEvent),
}
