//! `research compact`: the tables that lie beside the log.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use research::storage::StoredResearch;

use super::CommandError;
use crate::exit::Exit;

/// Write results.parquet and experiments.parquet anew
#[derive(Debug, Args)]
#[command(
    long_about = "\
Write results.parquet and experiments.parquet into the folder of a research, as each run does at its
end. pandas, polars and DuckDB read them. They can be written while the research runs.",
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
/// There is no such research, it cannot be read, and files that cannot be written.
pub fn run(arguments: &Arguments, _: &mut dyn Write) -> Result<Exit, CommandError> {
    StoredResearch::load(&arguments.name)?.write_parquet()?;
    Ok(Exit::Success)
}
