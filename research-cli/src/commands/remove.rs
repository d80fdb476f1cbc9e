//! `research remove`: deletes a research.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use research::base::StorageError;
use research::storage::StoredResearch;
use research::{remove, stop};

use super::{CommandError, ask};
use crate::exit::Exit;

/// Delete a research and its results
#[derive(Debug, Args)]
#[command(
    long_about = "\
Delete a research and its results. A folder that is not a research is not touched, and neither is a
research that is running, unless --force is given. Processes that a killed run left are ended.",
    after_help = "\
Examples:
  research remove power
  research remove power -y     without confirmation, for scripts"
)]
pub struct Arguments {
    /// The research: its folder, as a name or a path
    pub name: PathBuf,
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub yes: bool,
    /// Delete it even if it is running; the run is ended at once
    #[arg(long)]
    pub force: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, _: &mut dyn Write) -> Result<Exit, CommandError> {
    let folder = &arguments.name;
    let question = format!("Delete {} and its results?", folder.display());
    // A missing research is reported without a question.
    let exists = !matches!(
        StoredResearch::load(folder),
        Err(StorageError::NoResearch { .. })
    );
    if arguments.yes || !exists || ask(&question)? {
        if arguments.force && exists {
            // --force deletes it even if the run cannot be ended.
            let _ = stop(folder, true);
        }
        remove(folder, arguments.force).map_err(Box::new)?;
    }
    Ok(Exit::Success)
}
