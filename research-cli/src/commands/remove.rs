//! `research remove`: a research and all that it has saved.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use research::core::StorageError;
use research::storage::StoredResearch;
use research::{remove, stop};

use super::{CommandError, ask};
use crate::exit::Exit;

/// Remove a research and all that it has saved
#[derive(Debug, Args)]
#[command(
    long_about = "\
Remove a research and all that it has saved. A folder that is no research is left alone, and so is
a research that runs, unless --force is given. What a run that was killed has left running is ended.",
    after_help = "\
Examples:
  research remove power
  research remove power -y     without a question, as in scripts"
)]
pub struct Arguments {
    /// The research: the name of its folder, or a path to it
    pub name: PathBuf,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Remove it even though it runs; the run is ended at once
    #[arg(long)]
    pub force: bool,
}

/// Runs the command.
///
/// # Errors
/// There is no such research, a process runs it, it cannot be deleted; and a question where there
/// is nobody to answer it.
pub fn run(arguments: &Arguments, _: &mut dyn Write) -> Result<Exit, CommandError> {
    let folder = &arguments.name;
    let question = format!("Remove {} and all that it has saved?", folder.display());
    // That there is nothing, or no research, is told before anything is asked.
    let is_there = !matches!(
        StoredResearch::load(folder),
        Err(StorageError::NoResearch { .. })
    );
    if arguments.yes || !is_there || ask(&question)? {
        if arguments.force && is_there {
            // What cannot be ended is no reason to keep it: that is what it is forced for.
            let _ = stop(folder, true);
        }
        remove(folder, arguments.force).map_err(Box::new)?;
    }
    Ok(Exit::Success)
}
