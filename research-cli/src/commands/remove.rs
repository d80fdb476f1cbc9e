//! `research remove`: a research and all that it has saved.

use research::storage::remove;

use super::{CommandError, ask};
use crate::arguments::RemoveArguments;
use crate::exit::Exit;

/// Runs the command.
///
/// # Errors
/// There is no such research, a process runs it, it cannot be deleted; and a question where there
/// is nobody to answer it.
pub fn run(arguments: &RemoveArguments) -> Result<Exit, CommandError> {
    let folder = &arguments.name;
    // Nothing there is told before anything is asked.
    let question = format!("Remove {} and all that it has saved?", folder.display());
    let is_there = folder.symlink_metadata().is_ok();
    if arguments.yes || !is_there || ask(&question)? {
        remove(folder, arguments.force)?;
    }
    Ok(Exit::Success)
}
