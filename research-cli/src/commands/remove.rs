//! `research remove`: a research and all that it has saved.

use std::io::{self, IsTerminal, Write};

use research::storage::remove;

use super::CommandError;
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
    let is_there = folder.symlink_metadata().is_ok();
    if arguments.yes || !is_there || is_wanted(&folder.display().to_string())? {
        remove(folder, arguments.force)?;
    }
    Ok(Exit::Success)
}

/// Asks, if there is somebody to ask.
fn is_wanted(name: &str) -> Result<bool, CommandError> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(CommandError::NobodyToAsk { flag: "-y" });
    }
    eprint!("Remove {name} and all that it has saved? [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
