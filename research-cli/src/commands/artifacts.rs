//! `research artifacts`: lists the files that experiments created.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use research::storage::{ArtifactOptions, Results, StoredResearch};

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
the research. The experiment's log and config.json are not listed, and captured output only with
--output.",
    after_help = "\
Examples:
  research artifacts power
  research artifacts power '*.png' 'checkpoints/'
  research artifacts power --folders --output
  research artifacts power --where lr=0.1 --format csv
  research artifacts power --format json --concat-config"
)]
pub struct Arguments {
    /// The research: its folder, as a name or a path
    pub name: PathBuf,
    /// Only files that match: * is any characters but /, ? one of these, ** any characters; without
    /// / the name of a file, with / at the end all below a folder
    pub patterns: Vec<String>,
    /// Print a folder as one row instead of the files in it
    #[arg(long)]
    pub folders: bool,
    /// Include the captured output, stdout.txt and stderr.txt
    #[arg(long)]
    pub output: bool,
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
    let mut artifacts = ArtifactOptions::new()
        .folders(arguments.folders)
        .output(arguments.output);
    for pattern in &arguments.patterns {
        artifacts = artifacts.pattern(pattern);
    }
    let table = results.artifacts_with(stored.folder(), &options, &artifacts)?;
    let table = table.limit(arguments.table.limit);
    let is_empty = results::write(&table, arguments.format, out)?;
    if arguments.format == Format::Table && is_empty {
        let is_all = arguments.table.selection.is_all();
        let reason = match (is_all, arguments.patterns.is_empty()) {
            (true, true) => "no experiment created files",
            (false, true) => "no selected experiment created files",
            (_, false) => "no files match the patterns",
        };
        results::note(out, reason)?;
    }
    for text in table.notes() {
        results::note(out, text)?;
    }
    Ok(Exit::Success)
}
