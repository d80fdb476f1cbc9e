//! `research profile`: what the units of a research took.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use research::storage::StoredResearch;
use research::{Finished, ProfileOptions, StoredExperiment};

use super::CommandError;
use super::results::{self, Format};
use crate::exit::Exit;

/// Print what units and iterations took
#[derive(Debug, Args)]
#[command(
    long_about = "\
Print what units and whole iterations took, in seconds, those that took most first. A research has a
profile if its file says `profile = 1`, or `profile = 2` for processor time, page faults, memory,
and, in programs written in Rust, the spans of `tracing`.",
    after_help = "\
Examples:
  research profile training
  research profile training --iterations --format csv > times.csv
  research profile training --spans --id 4af3e1"
)]
pub struct Arguments {
    /// The research: the name of its folder, or a path to it
    pub name: PathBuf,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// The times of each iteration
    #[arg(long, conflicts_with = "spans")]
    pub iterations: bool,
    /// The spans that units have opened, those with most time of their own first
    #[arg(long)]
    pub spans: bool,
    /// Only this experiment: its id, or as much of its beginning as no other has; can be given
    /// several times
    #[arg(long = "id", value_name = "ID")]
    pub ids: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// There is no such research or experiment, it has no profile, and an output that cannot be written.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let stored = StoredResearch::load(&arguments.name)?;
    let ids = StoredExperiment::ids(&stored, &arguments.ids).map_err(Box::new)?;
    let research = Finished::load(&arguments.name).map_err(Box::new)?;
    let options = ProfileOptions::default()
        .ids(ids)
        .by_iteration(arguments.iterations);
    let profile = research.profile_with(&options).map_err(Box::new)?;
    if profile.units.is_empty() && research.record().options.profile == 0 {
        return Err(CommandError::NoProfile(
            arguments.name.to_string_lossy().into_owned(),
        ));
    }
    let table = if arguments.iterations {
        profile.iterations_table()
    } else if arguments.spans {
        profile.spans_table()
    } else {
        profile.units_table()
    };
    results::write(&table, arguments.format, out)?;
    let is_for_people = arguments.format == Format::Table;
    let is_summary = !arguments.iterations && !arguments.spans;
    if is_for_people && is_summary && !profile.spans.is_empty() {
        writeln!(out)?;
        results::write(&profile.spans_table(), arguments.format, out)?;
    }
    Ok(Exit::Success)
}
