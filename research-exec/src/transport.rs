//! How leader, workers and executors talk: messages in frames over byte streams.
//!
//! Leader to worker: commands, over the socket that is the worker's standard input. Worker to
//! leader: reports, over an ipc-channel. Executor to worker: the same reports, over a pipe of the
//! executor's own, which the worker passes on as they are.

pub(crate) mod commands;
pub(crate) mod frame;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
pub(crate) mod messages;
pub(crate) mod reports;
