//! `research compact`: the tables that lie beside the log.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use research::core::StorageError;
use research::storage::{ReplaceTables, StoredResearch};

use super::{CommandError, doctor};
use crate::exit::Exit;

/// Write results.parquet and experiments.parquet anew
#[derive(Debug, Args)]
#[command(
    long_about = "\
Write results.parquet and experiments.parquet into the folder of a research, as each run does at its
end. pandas, polars and DuckDB read them. They can be written while the research runs.

A table that has more rows than the log gives is left as it is, unless --allow-fewer-rows is given:
the log may have lost what it has.

Where the research does not run, files that killed processes have left are removed from its folder.
With --remove-values, files of values to which the log does not refer are removed, too: those of
attempts that did not come to an end.",
    after_help = "\
Examples:
  research compact power && duckdb -c \"select * from 'power/results.parquet'\""
)]
pub struct Arguments {
    /// The research: the name of its folder, or a path to it
    pub name: PathBuf,
    /// Replace tables by ones with fewer rows, too
    #[arg(long)]
    pub allow_fewer_rows: bool,
    /// Remove files of values to which the log does not refer
    #[arg(long)]
    pub remove_values: bool,
}

/// Runs the command.
///
/// # Errors
/// The research is missing or cannot be read, its tables have rows that the log lacks, or files cannot
/// be written or removed.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let stored = StoredResearch::load(&arguments.name)?;
    let replace = match arguments.allow_fewer_rows {
        true => ReplaceTables::Always,
        false => ReplaceTables::UnlessFewerRows,
    };
    stored.write_parquet(replace).map_err(|error| match error {
        StorageError::FewerRows { .. } => CommandError::FewerRows(error),
        error => error.into(),
    })?;
    let removed = stored.collect()?;
    if !removed.files.is_empty() {
        let files = doctor::files(&removed.files, removed.bytes);
        writeln!(out, "removed what was of no use: {files}")?;
    }
    if arguments.remove_values {
        let removed = stored.collect_values()?;
        if !removed.files.is_empty() {
            let files = doctor::files(&removed.files, removed.bytes);
            writeln!(
                out,
                "removed values to which the log does not refer: {files}"
            )?;
        }
    }
    Ok(Exit::Success)
}
