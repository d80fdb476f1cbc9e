//! `research status`: how a research stands.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use research::core::{StorageError, Timestamp};
use research::monitor::{Picture, StatusReport};
use research::storage::StoredResearch;

use super::{CommandError, write_json};
use crate::exit::Exit;

/// Show how a research stands
#[derive(Debug, Args)]
#[command(
    long_about = "\
Show how a research stands: what is done, running, failed and left, how fast it goes and how long it
will take, what each worker does, and why experiments failed.",
    after_help = "\
Examples:
  research status power
  research status power --format json"
)]
pub struct Arguments {
    /// The research: the name of its folder, or a path to it
    pub name: PathBuf,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// How a status is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Lines for people
    #[default]
    Text,
    /// One JSON object
    Json,
}

/// Runs the command.
///
/// # Errors
/// There is no such research, it cannot be read, and an output that cannot be written.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let stored = StoredResearch::load(&arguments.name)?;
    let report = report(&stored)?;
    match arguments.format {
        Format::Text => writeln!(out, "{report}")?,
        Format::Json => {
            write_json(out, &report)?;
            writeln!(out)?;
        }
    }
    Ok(Exit::Success)
}

/// How a research stands now, folded from its log.
pub(crate) fn report(stored: &StoredResearch) -> Result<StatusReport, StorageError> {
    // Asked before the log is read: a run that ends in between says so in the log.
    let is_run = stored.runner()?.is_some();
    let mut picture = Picture::default();
    for events in stored.events()? {
        for event in &events? {
            picture.apply(event);
        }
    }
    let name = &stored.record().name;
    Ok(StatusReport::of(name, &picture, is_run, Timestamp::now()))
}
