//! Runs experiments: in executors, in the worker processes that run these, and in the leader that
//! assigns tasks to workers.
//!
//! [`Executor`] runs the experiments of one task and can be used alone. [`lead`] runs a whole
//! research: it starts workers, which are forked from this process or execute this program again.
//! Each worker runs its tasks in executors, by default with a new process for each task. The
//! executors report events, which only the leader appends to the log.

mod clock;
mod executor;
mod scheduler;

mod in_unit;
mod launcher;
mod leader;

mod capture;
mod transport;

mod relaunch;
mod task;

mod worker;

pub mod devices;
pub mod program;

pub use executor::{BranchExecution, Execution, Executor, ExecutorError, Series, SpanProfile};
pub use in_unit::is_in_unit;
pub use launcher::{Begun, ForkedWorker, Launcher, has_one_thread};
pub use leader::{
    DomainUpdater, EndedCounts, Job, LaunchError, Report, RunControl, RunError, Signals, Tally,
    call_subscriber, lead,
};
pub use relaunch::{is_in_unknown_test, relaunched_test};
pub use scheduler::{StatusCounts, UpdateRequest};
pub use task::{
    DomainSource, Ending, Grouping, KnownExperiment, NewDomain, ResumePlan, ResumeState,
    SourceError, SourceProgress, TaskExperiment, TaskSource,
};
pub use worker::{Target, WorkerBootstrap, WorkerError, end_if_lost, serve};

/// Decodes a stream of bytes in pieces, for the fuzz target for messages: see
/// `transport/fuzzing.rs`.
#[cfg(fuzzing)]
#[must_use]
pub fn decode_stream(bytes: &[u8], piece: usize) -> usize {
    transport::fuzzing::decode_stream(bytes, piece)
}
