//! `research status`: how a research stands.

use std::io::Write;

use research::core::{StorageError, Timestamp};
use research::monitor::{Picture, StatusReport};
use research::storage::StoredResearch;

use super::{CommandError, write_json};
use crate::arguments::{StatusArguments, StatusFormat};
use crate::exit::Exit;

/// Runs the command.
///
/// # Errors
/// There is no such research, it cannot be read, and an output that cannot be written.
pub fn run(arguments: &StatusArguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let stored = StoredResearch::load(&arguments.name)?;
    let report = report(&stored)?;
    match arguments.format {
        StatusFormat::Text => writeln!(out, "{report}")?,
        StatusFormat::Json => {
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
