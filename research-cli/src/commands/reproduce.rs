//! `research reproduce`: runs an experiment again and compares.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use research::storage::StoredResearch;

use super::CommandError;
use super::run_context::{WorkingDirectory, recorded};
use crate::exit::Exit;

/// The number of differences that are printed.
const MAX_SHOWN: usize = 20;

/// Run an experiment again and compare its results with the stored ones
#[derive(Debug, Args)]
#[command(
    long_about = "\
Run an experiment of a research again, with the same config and the same seed, and compare its
results with the stored ones, value by value. The stored results do not change.

Exit codes: 0 if the results are the same, 1 if they differ.",
    after_help = "\
Examples:
  research reproduce power 0a8e2ffa08450723
  research reproduce power 0a8e"
)]
pub struct Arguments {
    /// The research: its folder, as a name or a path
    pub name: PathBuf,
    /// The id of the experiment, or a unique prefix
    pub id: String,
    /// Working directory.
    #[command(flatten)]
    pub directory: WorkingDirectory,
}

/// Runs the command.
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
    for difference in again.differences.iter().take(MAX_SHOWN) {
        writeln!(out, "  {difference}")?;
    }
    if count > MAX_SHOWN {
        writeln!(out, "  and {} more", count - MAX_SHOWN)?;
    }
    Ok(Exit::Failures)
}
