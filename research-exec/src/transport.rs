//! The channel between the leader and each worker: commands one way, reports the other, as frames.
//!
//! Three transports carry the bytes: `local` (a socket for commands, ipc-channel for reports),
//! `tcp` (one connection for both), and `memory` for tests. [`endpoint`] selects one. Executors
//! send the same reports to their worker over a pipe, and the worker forwards them undecoded.

pub(crate) mod bytes;
pub(crate) mod commands;
pub(crate) mod endpoint;
pub(crate) mod frame;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod local;
#[cfg(test)]
mod memory;
pub(crate) mod messages;
pub(crate) mod reports;
mod tcp;
#[cfg(test)]
#[path = "../tests/unit/transport.rs"]
mod tests;
