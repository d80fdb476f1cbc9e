//! The commands: a module for each, with its arguments.
//!
//! Results are written to standard output, everything else to standard error.

pub mod artifacts;
pub mod compact;
pub mod completions;
mod detach;
pub mod devices;
pub mod doctor;
pub mod domain;
mod dry_run;
pub mod env;
mod error;
pub mod init;
pub mod list;
pub mod logs;
pub mod man;
pub mod plot;
pub mod profile;
pub mod query;
pub mod remove;
pub mod reproduce;
pub mod results;
pub mod resume;
pub mod run;
pub mod run_context;
pub mod show;
pub mod status;
pub mod stop;
pub mod table_flags;
mod text_table;
pub(crate) mod truncated_log;

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use clap::ValueEnum;
use research::domain::Value;
use serde::Serialize;

pub use error::CommandError;

use crate::terminal;

/// The output formats of commands that do not print tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    /// Text
    #[default]
    Text,
    /// A JSON object
    Json,
}

/// Writes a line of JSON, with NaN and infinities as [`Value::json`] writes them.
fn write_json(out: &mut dyn Write, value: &impl Serialize) -> Result<(), CommandError> {
    match Value::from_serialize(value) {
        Ok(value) => write!(out, "{}", value.json())?,
        // Counts can exceed the range of values; such objects have no floats.
        Err(_) => serde_json::to_writer(&mut *out, value).map_err(io::Error::from)?,
    }
    Ok(writeln!(out)?)
}

/// Parses a number of seconds.
fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

/// Asks for confirmation on the terminal.
fn ask(question: &str) -> Result<bool, CommandError> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(CommandError::NoTerminal { flag: "-y" });
    }
    let mut stderr = terminal::stderr();
    write!(stderr, "{question} [y/N] ")?;
    stderr.flush()?;
    drop(stderr);
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
