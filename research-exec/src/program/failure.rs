//! How a program as a unit fails.

use std::io;

use nix::sys::signal::Signal;
use research_core::{FailureKind, UnitError};
use research_process::{OOM_HINT, SpawnError};

use super::output_error::OutputError;
use super::render_error::RenderError;

/// How much of a program's text a message quotes, in characters.
const QUOTED: usize = 200;

/// Why a unit that runs a program has no output.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("cannot build the command: {0}")]
    Render(RenderError),
    #[error("program `{program}` cannot be started: {source}")]
    Start { program: String, source: SpawnError },
    #[error("program `{program}` ended with exit code {code}")]
    ExitCode { program: String, code: i32 },
    #[error(
        "program `{program}` was killed by signal {signal}{}{}",
        name_of(*.signal),
        if *.wants_memory { OOM_HINT } else { "" }
    )]
    Signal {
        program: String,
        signal: i32,
        /// It was killed for want of memory.
        wants_memory: bool,
    },
    #[error("program `{program}` was killed, for it ran into {limit}")]
    TimedOut { program: String, limit: String },
    #[error("program `{program}`: {source}")]
    Output {
        program: String,
        source: OutputError,
    },
    #[error(transparent)]
    File(OutputError),
    #[error("program `{program}` was lost: {source}")]
    Lost { program: String, source: io::Error },
}

impl Failure {
    /// Converts the error of starting `program`.
    pub(super) fn start(program: &str) -> impl FnOnce(SpawnError) -> Self {
        let program = program.to_owned();
        move |source| Self::Start { program, source }
    }

    /// The failure as that of the unit, with the last lines that the program put out.
    pub(super) fn into_unit_error(self, last_lines: Option<String>) -> UnitError {
        let kind = match self {
            Self::Signal { .. } => FailureKind::Killed,
            Self::TimedOut { .. } => FailureKind::TimedOut,
            _ => FailureKind::Error,
        };
        let mut message = self.to_string();
        if let Self::Render(RenderError::Folder(source)) = &self {
            message.push_str(&format!(": {source}"));
        }
        if let (Self::ExitCode { .. }, Some(lines)) = (&self, &last_lines) {
            // The reason, most often: an exit code alone tells no cause from another.
            if let Some(line) = lines.lines().rev().find(|line| !line.trim().is_empty()) {
                message.push_str(&format!(": {}", shorten(line.trim().as_bytes())));
            }
        }
        let error = UnitError::of_kind(kind, message);
        match last_lines {
            Some(lines) => error.with_backtrace(lines),
            None => error,
        }
    }
}

/// ` (SIGKILL)`, if the signal has a name.
fn name_of(signal: i32) -> String {
    match Signal::try_from(signal) {
        Ok(signal) => format!(" ({signal})"),
        Err(_) => String::new(),
    }
}

/// The beginning of what a program put out, on one line and readable.
pub(super) fn shorten(text: &[u8]) -> String {
    // A character has four bytes at most.
    let beginning = &text[..text.len().min(4 * QUOTED)];
    let beginning = String::from_utf8_lossy(beginning);
    let mut short: String = beginning
        .chars()
        .take(QUOTED)
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect();
    if beginning.chars().nth(QUOTED).is_some() || text.len() > 4 * QUOTED {
        short.push('…');
    }
    short
}

#[cfg(test)]
#[path = "../../tests/unit/failure.rs"]
mod tests;
