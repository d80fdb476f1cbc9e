//! Captures the output of experiments (`redirect_stdout`, `redirect_stderr`).
//!
//! The output of programs is read by the process that started them. The output of code is read by
//! the worker through a pipe ([`Pipes`]), or through a file in memory if experiments share a
//! process ([`SharedOutput`]). Each reader passes complete lines to an [`OutputWriter`], which
//! appends them with one call, so lines of different processes are never mixed, even if several
//! processes write to one file.

mod lines;
mod pipes;
mod shared;
mod writer;

pub(crate) use lines::WholeLines;
pub(crate) use pipes::{EndNumbers, Pipes, PrintEnds};
pub(crate) use shared::{CapturingSink, SharedOutput, TaskOutput};
pub(crate) use writer::{OutputWriter, Redirects};

use research_core::OutputStream;

/// A value for each of the two outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PerStream<T> {
    pub(crate) stdout: T,
    pub(crate) stderr: T,
}

impl<T> PerStream<T> {
    pub(crate) fn of(mut make: impl FnMut(OutputStream) -> T) -> Self {
        Self {
            stdout: make(OutputStream::Stdout),
            stderr: make(OutputStream::Stderr),
        }
    }

    pub(crate) fn get(&self, stream: OutputStream) -> &T {
        match stream {
            OutputStream::Stdout => &self.stdout,
            OutputStream::Stderr => &self.stderr,
        }
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (OutputStream, &mut T)> {
        [
            (OutputStream::Stdout, &mut self.stdout),
            (OutputStream::Stderr, &mut self.stderr),
        ]
        .into_iter()
    }
}
