//! `research results`: what a research has saved.

use std::io::{IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use research::core::ResearchRecord;
use research::storage::{self, StoredResearch, SummaryOptions, Table, TableOptions};

use super::CommandError;
use super::chosen::Shown;
use crate::exit::Exit;
use crate::file::{ResearchFile, Save};
use crate::terminal;

/// Print what a research has saved
#[derive(Debug, Args)]
#[command(
    long_about = "\
Print what a research has saved, a row for each iteration of each experiment, in the order of the
domain, whatever finished first. It can be printed while the research runs.

With --summary, a row for each config: the mean and the standard deviation of each variable over the
config's repetitions.",
    after_help = "\
Examples:
  research results power
  research results power --format csv > power.csv
  research results power --where lr=0.1 --var loss
  research results power --iterations 0,9 --long
  research results power --format parquet > power.parquet
  research results power --id 5bd1e995 --var weights --whole --format json
  research results power --summary --last 10 --sort accuracy --descending"
)]
pub struct Arguments {
    /// The research: the name of its folder, or a path to it
    pub name: PathBuf,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// A row for each value, with its name, instead of a column for each variable
    #[arg(long)]
    pub long: bool,
    /// Which experiments, and how.
    #[command(flatten)]
    pub shown: Shown,
    /// Only these iterations, from 0
    #[arg(long, value_name = "I,…", value_delimiter = ',')]
    pub iterations: Vec<u64>,
    /// Only this variable; can be given several times
    #[arg(long = "var", value_name = "V")]
    pub variables: Vec<String>,
    /// Print values of 1 MiB and more themselves, not where they are; they are read into memory
    #[arg(long, conflicts_with = "summary")]
    pub whole: bool,
    /// A row for each config, with mean and standard deviation over its repetitions
    #[arg(long, conflicts_with = "long")]
    pub summary: bool,
    /// Of each experiment, the mean of the last N values instead of all
    #[arg(long, value_name = "N", requires = "summary")]
    pub last: Option<NonZeroUsize>,
    /// Sort by the mean of this variable, the lowest first
    #[arg(long, value_name = "V", requires = "summary")]
    pub sort: Option<String>,
    /// Sort the highest first
    #[arg(long, requires = "sort")]
    pub descending: bool,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns for people
    #[default]
    Table,
    /// Comma-separated values
    Csv,
    /// One JSON list
    Json,
    /// One JSON object in each line
    Jsonl,
    /// A Parquet file, to be redirected into one
    Parquet,
}

/// Runs the command.
///
/// # Errors
/// There is no such research, it cannot be read, a filter that asks for what there is not, and an
/// output that cannot be written.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let stored = StoredResearch::load(&arguments.name)?;
    let options = options(arguments, &stored)?;
    let mut results = stored.results_for(&kept(&options, arguments))?;
    if arguments.whole {
        results.read_large(stored.folder())?;
    }
    let table = if arguments.summary {
        results.summary(&options, &summary(arguments))?
    } else {
        results.to_table(&options)?
    };
    write(&table, arguments.format, out)?;
    if arguments.format == Format::Table && is_empty(&table) {
        let reason = match is_empty(&stored.results()?.to_table(&TableOptions::new())?) {
            true => why_nothing(stored.record()),
            false => "nothing that was saved is of what was asked for",
        };
        note(out, reason)?;
    }
    Ok(Exit::Success)
}

/// Why the table of a research has no rows.
pub(super) fn why_nothing(record: &ResearchRecord) -> &'static str {
    let file = record.source.as_ref().map(ResearchFile::from_record);
    match file {
        Some(Ok(file)) if file.units.iter().all(|unit| unit.save == Save::Nothing) => {
            "nothing was saved: a [[unit]] saves its output where it has `save_to` or `save_output_dict`"
        }
        _ => "nothing was saved so far",
    }
}

/// Whether a table has no rows.
pub(super) fn is_empty(table: &Table<'_>) -> bool {
    table.for_each_row(|_| Err(())).is_ok()
}

/// Says on standard error, below what is printed, why that is so little.
pub(super) fn note(out: &mut dyn Write, reason: &str) -> std::io::Result<()> {
    out.flush()?;
    // It is only a help.
    let _ = writeln!(terminal::stderr(), "{reason}");
    Ok(())
}

/// Writes a table in a format.
pub(super) fn write(
    table: &Table<'_>,
    format: Format,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let format = match format {
        Format::Table => storage::Format::Table,
        Format::Csv => storage::Format::Csv,
        Format::Json => storage::Format::Json,
        Format::Jsonl => storage::Format::JsonLines,
        Format::Parquet if std::io::stdout().is_terminal() => return Err(CommandError::Binary),
        Format::Parquet => {
            let mut file = Vec::new();
            table.write_parquet(&mut file)?;
            return Ok(out.write_all(&file)?);
        }
    };
    Ok(table.write(format, out)?)
}

fn summary(arguments: &Arguments) -> SummaryOptions {
    let mut summary = SummaryOptions::new()
        .joined(arguments.format == Format::Table)
        .descending(arguments.descending);
    if let Some(last) = arguments.last {
        summary = summary.last(last.get());
    }
    match &arguments.sort {
        Some(variable) => summary.sort_by(variable),
        None => summary,
    }
}

/// What must be read: what is shown, and what it is sorted by.
fn kept(options: &TableOptions, arguments: &Arguments) -> TableOptions {
    match &arguments.sort {
        Some(variable) if !arguments.variables.is_empty() => options.clone().variables([variable]),
        _ => options.clone(),
    }
}

fn options(arguments: &Arguments, stored: &StoredResearch) -> Result<TableOptions, CommandError> {
    let options = arguments.shown.options(stored)?.long(arguments.long);
    Ok(options
        .iterations(arguments.iterations.iter().copied())
        .variables(&arguments.variables))
}
