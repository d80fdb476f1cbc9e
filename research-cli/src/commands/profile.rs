//! `research profile`: prints the time that units took.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use research::storage::StoredResearch;
use research::{CompletedRun, ProfileOptions, StoredExperiment};

use super::CommandError;
use super::results::{self, Format};
use crate::exit::Exit;

/// Print the time that units and iterations took
#[derive(Debug, Args)]
#[command(
    long_about = "\
Print the time that units and iterations took, in seconds, the longest first. A research has a
profile if its file sets `profile = 1`, or `profile = 2` for processor time, page faults, memory,
and, in programs written in Rust, the spans of `tracing`.",
    after_help = "\
Examples:
  research profile training
  research profile training --iterations --format csv > times.csv
  research profile training --experiments --sort total --descending --limit 10
  research profile training --experiments --iterations --format csv > all.csv
  research profile training --spans --id 4af3e1"
)]
pub struct Arguments {
    /// The research: its folder, as a name or a path
    pub name: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Print the times of each iteration
    #[arg(long, conflicts_with = "spans")]
    pub iterations: bool,
    /// Print the times of each experiment; with --iterations, of each iteration of each experiment,
    /// which are all times that were measured
    #[arg(long, conflicts_with = "spans")]
    pub experiments: bool,
    /// Sort by this column, lowest first
    #[arg(long, value_name = "COLUMN")]
    pub sort: Option<String>,
    /// Sort highest first
    #[arg(long, requires = "sort")]
    pub descending: bool,
    /// Only the first N rows
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Print the spans that units opened, those with the most time of their own first
    #[arg(long)]
    pub spans: bool,
    /// Only the experiment with this id, or unique prefix of an id; may be repeated
    #[arg(long = "id", value_name = "ID")]
    pub ids: Vec<String>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let stored = StoredResearch::load(&arguments.name)?;
    let ids = StoredExperiment::ids(&stored, &arguments.ids).map_err(Box::new)?;
    let research = CompletedRun::load(&arguments.name).map_err(Box::new)?;
    let options = ProfileOptions::default()
        .ids(ids)
        .by_iteration(arguments.iterations)
        .by_experiment(arguments.experiments);
    let profile = research.profile_with(&options).map_err(Box::new)?;
    if profile.units.is_empty() && research.record().options.profile == 0 {
        return Err(CommandError::NoProfile(
            arguments.name.to_string_lossy().into_owned(),
        ));
    }
    let table = if arguments.experiments {
        profile.experiments_table()
    } else if arguments.iterations {
        profile.iterations_table()
    } else if arguments.spans {
        profile.spans_table()
    } else {
        profile.units_table()
    };
    let table = match &arguments.sort {
        Some(column) => table.sorted_by(column, arguments.descending)?,
        None => table,
    };
    results::write(&table.limit(arguments.limit), arguments.format, out)?;
    let is_table = arguments.format == Format::Table;
    let is_summary = !arguments.iterations && !arguments.spans && !arguments.experiments;
    if is_table && is_summary && !profile.spans.is_empty() {
        writeln!(out)?;
        results::write(&profile.spans_table(), arguments.format, out)?;
    }
    Ok(Exit::Success)
}
