//! `research compact`: writes the tables beside the log.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use research::base::StorageError;
use research::storage::{ReplaceTables, StoredResearch, write_tables};

use super::{CommandError, doctor};
use crate::exit::Exit;

/// Write results.parquet and experiments.parquet, and remove garbage
#[derive(Debug, Args)]
#[command(
    long_about = "\
Write results.parquet and experiments.parquet into the folder of a research, as each run does at its
end, for pandas, polars and DuckDB. This also works while the research runs.

A table with more rows than the log is kept, because the log may have lost rows; --allow-fewer-rows
replaces it.

If the research is not running, files that killed processes left are removed from its folder. With
--remove-values, files of values that the log does not reference are removed as well: those of
attempts that did not end.",
    after_help = "\
Examples:
  research compact power && duckdb -c \"select * from 'power/results.parquet'\""
)]
pub struct Arguments {
    /// The research: its folder, as a name or a path
    pub name: PathBuf,
    /// Replace tables even by ones with fewer rows
    #[arg(long)]
    pub allow_fewer_rows: bool,
    /// Remove files of values that the log does not reference
    #[arg(long)]
    pub remove_values: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let stored = StoredResearch::load(&arguments.name)?;
    let replace = match arguments.allow_fewer_rows {
        true => ReplaceTables::Always,
        false => ReplaceTables::UnlessFewerRows,
    };
    write_tables(&stored, replace).map_err(|error| match error {
        StorageError::FewerRows { .. } => CommandError::FewerRows(error),
        error => error.into(),
    })?;
    let removed = stored.collect()?;
    if !removed.files.is_empty() {
        writeln!(out, "removed garbage: {}", doctor::files(&removed))?;
    }
    if arguments.remove_values {
        let removed = stored.collect_values()?;
        if !removed.files.is_empty() {
            writeln!(out, "removed unused values: {}", doctor::files(&removed))?;
        }
    }
    Ok(Exit::Success)
}
