//! The tests of the public interface.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
mod devices;
mod executor_alone;
mod executor_branches;
mod executor_pipelines;
mod executor_sending;
mod executor_spans;
mod executor_units;
mod golden_devices;
mod golden_execution;
mod processes;
mod program;
