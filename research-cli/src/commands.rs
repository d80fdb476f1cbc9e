//! What the commands do: a module for each, with what can be typed after it.
//!
//! Results go to a writer, which is standard output in the program; everything else is said on
//! standard error.

pub mod artifacts;
pub mod chosen;
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
pub mod lead;
pub mod list;
pub mod logs;
pub(crate) mod lost_end;
pub mod man;
pub mod plot;
pub mod profile;
pub mod query;
pub mod remove;
pub mod reproduce;
pub mod results;
pub mod resume;
pub mod run;
pub mod status;
pub mod stop;
mod table;

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use research::domain::Value;
use serde::Serialize;

pub use error::CommandError;

use crate::terminal;

/// How what is no table is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    /// For people
    #[default]
    Text,
    /// One JSON object
    Json,
}

/// Writes JSON, with NaN and infinities as [`Value::json`] writes them.
fn write_json(out: &mut dyn Write, value: &impl Serialize) -> Result<(), CommandError> {
    match Value::from_serialize(value) {
        Ok(value) => Ok(write!(out, "{}", value.json())?),
        // Counts of experiments may be larger than any value; they have no other floats.
        Err(_) => {
            serde_json::to_writer(out, value).map_err(|error| CommandError::Output(error.into()))
        }
    }
}

/// Asks, if there is somebody to ask.
fn ask(question: &str) -> Result<bool, CommandError> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(CommandError::NobodyToAsk { flag: "-y" });
    }
    let mut stderr = terminal::stderr();
    write!(stderr, "{question} [y/N] ")?;
    stderr.flush()?;
    drop(stderr);
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
