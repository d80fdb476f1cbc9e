//! `research artifacts`: the files that experiments have left.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use research::storage::StoredResearch;

use super::CommandError;
use super::chosen::Shown;
use super::results::{self, Format};
use crate::exit::Exit;

/// List the files that experiments have left
#[derive(Debug, Args)]
#[command(
    long_about = "\
List the files that experiments have left in their folders, a row for each: the experiment's id and
config, the file's path in the experiment's folder, its full path, and its path in the research's
folder. Logs, printed text and config.json are none of them.",
    after_help = "\
Examples:
  research artifacts power
  research artifacts power --where lr=0.1 --format csv
  research artifacts power --format json --concat-config"
)]
pub struct Arguments {
    /// The research: the name of its folder, or a path to it
    pub name: PathBuf,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Which experiments, and how.
    #[command(flatten)]
    pub shown: Shown,
}

/// Runs the command.
///
/// # Errors
/// There is no such research, it cannot be read, a filter that asks for what there is not, and an
/// output that cannot be written.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let stored = StoredResearch::load(&arguments.name)?;
    let options = arguments.shown.options(&stored)?;
    // No values are needed, so none are kept.
    let results = stored.results_for(&options.clone().iterations([u64::MAX]))?;
    let table = stored.artifacts(&results, &options)?;
    results::write(&table, arguments.format, out)?;
    if arguments.format == Format::Table && results::is_empty(&table) {
        let reason = match arguments.shown.chosen.is_all() {
            true => "no experiment has left files",
            false => "no experiment of those that were asked for has left files",
        };
        results::note(out, reason)?;
    }
    for text in table.notes() {
        results::note(out, text)?;
    }
    Ok(Exit::Success)
}
