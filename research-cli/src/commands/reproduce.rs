//! `research reproduce`: one experiment once more.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use research::storage::StoredResearch;

use super::CommandError;
use super::lead::{WorkingDirectory, recorded};
use crate::exit::Exit;

/// So many differences are printed.
const SHOWN: usize = 20;

/// Run one experiment again, and compare what it saves with what is stored
#[derive(Debug, Args)]
#[command(
    long_about = "\
Run one experiment of a research again, with the same config and the same seed, and compare what it
saves, value by value, with what is stored. What is stored is not touched.

Exit codes: 0 if all is the same, 1 if something differs.",
    after_help = "\
Examples:
  research reproduce power 0a8e2ffa08450723
  research reproduce power 0a8e"
)]
pub struct Arguments {
    /// The research: the name of its folder, or a path to it
    pub name: PathBuf,
    /// The experiment: its id, or as much of its beginning as no other has
    pub id: String,
    /// Where commands run.
    #[command(flatten)]
    pub directory: WorkingDirectory,
}

/// Runs the command.
///
/// # Errors
/// There is no such research or experiment, it was not made from a research file, or it cannot be
/// run.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let stored = StoredResearch::load(&arguments.name)?;
    let directory = arguments.directory.find(&stored, false)?;
    let (file, base) = recorded(&stored, &directory)?;
    let research = file.research()?.folder(base);
    let again = research.reproduce(&arguments.id).map_err(Box::new)?;
    let id: &str = again.stored.record.id.as_ref();
    let status = |status: Option<research::Status>| match status {
        Some(status) => status.to_string(),
        None => "not ended".to_owned(),
    };
    if again.is_same() {
        let values = again.stored.values.len();
        let status = status(again.stored.status);
        writeln!(out, "{id}: the same: {status}, {values} values")?;
        return Ok(Exit::Success);
    }
    let count = again.differences.len();
    let compared = again.compared;
    writeln!(out, "{id}: {count} of {compared} values differ")?;
    let (before, now) = (status(again.stored.status), status(again.now.status));
    if before != now {
        writeln!(out, "  it was {before}, and now it is {now}")?;
    }
    for difference in again.differences.iter().take(SHOWN) {
        writeln!(out, "  {difference}")?;
    }
    if count > SHOWN {
        writeln!(out, "  and {} more", count - SHOWN)?;
    }
    Ok(Exit::Failures)
}
