//! `research artifacts`: lists the files that experiments created.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use research::storage::{Results, StoredResearch};

use super::CommandError;
use super::results::{self, Format};
use super::table_flags::TableFlags;
use crate::exit::Exit;

/// List the files that experiments created
#[derive(Debug, Args)]
#[command(
    long_about = "\
List the files that experiments created in their folders, a row for each: id and config of the
experiment, and the path of the file in the folder of the experiment, in full, and in the folder of
the research. Logs, captured output and config.json are not listed.",
    after_help = "\
Examples:
  research artifacts power
  research artifacts power --where lr=0.1 --format csv
  research artifacts power --format json --concat-config"
)]
pub struct Arguments {
    /// The research: its folder, as a name or a path
    pub name: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Selection and format.
    #[command(flatten)]
    pub table: TableFlags,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let stored = StoredResearch::load(&arguments.name)?;
    let options = arguments.table.options(&stored)?;
    // An iteration that does not exist: no values are read.
    let mut results = Results::for_table(&options.clone().iterations([u64::MAX]));
    stored.replay(&mut [&mut results])?;
    let table = results.artifacts(stored.folder(), &options)?;
    let is_empty = results::write(&table, arguments.format, out)?;
    if arguments.format == Format::Table && is_empty {
        let reason = match arguments.table.selection.is_all() {
            true => "no experiment created files",
            false => "no selected experiment created files",
        };
        results::note(out, reason)?;
    }
    for text in table.notes() {
        results::note(out, text)?;
    }
    Ok(Exit::Success)
}
