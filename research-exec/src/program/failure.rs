//! Failures of units that run programs.

use std::io;

use nix::sys::signal::Signal;
use research_core::{FailureKind, UnitError};
use research_process::{OOM_HINT, SpawnError};

use super::output_error::OutputError;
use super::render_error::RenderError;

/// The number of characters of a program's output that a message quotes.
const QUOTED: usize = 200;

/// The number of characters of a command by which a message names it.
const LABEL: usize = 40;

/// The beginning of the message of a failure whose command could not be filled in. Running the same
/// command again cannot succeed.
pub const UNFILLED: &str = "cannot fill in the command: ";

/// The reason why a unit that runs a program has no output.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{UNFILLED}{0}")]
    Render(RenderError),
    #[error("program `{program}` cannot be started: {source}")]
    Start { program: String, source: SpawnError },
    #[error("exit code {code} of `{program}`")]
    ExitCode { program: String, code: i32 },
    #[error(
        "killed by signal {signal}{}{}: `{program}`",
        name_of(*.signal),
        if *.wants_memory { OOM_HINT } else { "" }
    )]
    Signal {
        program: String,
        signal: i32,
        /// Whether the out-of-memory killer probably killed it.
        wants_memory: bool,
    },
    #[error("killed at {limit}: `{program}`")]
    TimedOut { program: String, limit: String },
    #[error("{source} (`{program}`)")]
    Output {
        program: String,
        source: OutputError,
    },
    #[error(transparent)]
    File(OutputError),
    #[error("lost: {source}: `{program}`")]
    Lost { program: String, source: io::Error },
}

impl Failure {
    /// Converts the error of starting `program`.
    pub(super) fn start(program: &str) -> impl FnOnce(SpawnError) -> Self {
        let program = program.to_owned();
        move |source| Self::Start { program, source }
    }

    /// Converts the failure into that of the unit, with the last lines that the program printed.
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
            // The last line usually has the reason; an exit code alone does not identify it.
            if let Some(line) = lines.lines().rev().find(|line| !line.trim().is_empty()) {
                message = format!("{} ({message})", shorten(line.trim().as_bytes()));
            }
        }
        let error = UnitError::of_kind(kind, message);
        match last_lines {
            Some(lines) => error.with_backtrace(lines),
            None => error,
        }
    }
}

/// Returns ` (SIGKILL)`, if the signal has a name.
fn name_of(signal: i32) -> String {
    match Signal::try_from(signal) {
        Ok(signal) => format!(" ({signal})"),
        Err(_) => String::new(),
    }
}

/// Returns the beginning of a program's output, readable and on one line.
pub(super) fn shorten(text: &[u8]) -> String {
    shorten_to(text, QUOTED)
}

/// Returns the beginning of a command, by which messages name it.
pub(super) fn label(command: &[u8]) -> String {
    shorten_to(command, LABEL)
}

fn shorten_to(text: &[u8], limit: usize) -> String {
    // A character has four bytes at most.
    let beginning = &text[..text.len().min(4 * limit)];
    let beginning = String::from_utf8_lossy(beginning);
    let mut short: String = beginning
        .chars()
        .take(limit)
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect();
    if beginning.chars().nth(limit).is_some() || text.len() > 4 * limit {
        short.push('…');
    }
    short
}

#[cfg(test)]
#[path = "../../tests/unit/failure.rs"]
mod tests;
