//! `research compact`: the tables that lie beside the log.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use research::storage::StoredResearch;

use super::{CommandError, doctor};
use crate::exit::Exit;

/// Write results.parquet and experiments.parquet anew
#[derive(Debug, Args)]
#[command(
    long_about = "\
Write results.parquet and experiments.parquet into the folder of a research, as each run does at its
end. pandas, polars and DuckDB read them. They can be written while the research runs.

Where it does not run, what is of no use is removed from its folder: files that killed processes have
left, and values of attempts that did not come to an end.",
    after_help = "\
Examples:
  research compact power && duckdb -c \"select * from 'power/results.parquet'\""
)]
pub struct Arguments {
    /// The research: the name of its folder, or a path to it
    pub name: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// There is no such research, it cannot be read, and files that cannot be written or removed.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let stored = StoredResearch::load(&arguments.name)?;
    stored.write_parquet()?;
    let removed = stored.collect()?;
    if !removed.files.is_empty() {
        let files = doctor::files(&removed.files, removed.bytes);
        writeln!(out, "removed what was of no use: {files}")?;
    }
    Ok(Exit::Success)
}
