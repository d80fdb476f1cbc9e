//! `research results`: prints the results of a research.

use std::fs::File;
use std::io::{IsTerminal, Seek, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use research::base::ResearchRecord;
use research::storage::{
    self, Deviation, LogResults, Results, StoredResearch, SummaryOptions, Table,
};

use super::plot::{DEVIATIONS, one_of};
use super::table_flags::TableFlags;
use super::{CommandError, truncated_log};
use crate::exit::Exit;
use crate::terminal;
use research::file::{ResearchFile, Save};

/// Print the results of a research
#[derive(Debug, Args)]
#[command(
    long_about = "\
Print the results of a research: a row for each iteration of each experiment, in the order of the
domain. This also works while the research runs.

With --summary, print a row for each config: how many of its experiments succeeded (n) and failed,
and the mean and the standard deviation of each variable over those that succeeded. The value of an
experiment is the mean of its iterations. The standard deviation is that of a sample, sqrt(sum((x -
mean)²) / (n - 1)), unless --deviation sets another measure; it is missing for a single experiment.
Values that are not numbers are skipped, and their number is printed on standard error.

In a terminal, columns that do not fit are left out: those with the same value in all rows first.
The last lines name them.",
    after_help = "\
Examples:
  research results power
  research results power --format csv > power.csv
  research results power --where lr=0.1 --var loss
  research results power --where 'lr > 0.01' --where 'act in [\"relu\", \"tanh\"]'
  research results power --domain 'width=[64, 128]' --status failed --with-status
  research results power --iterations 0,9 --long
  research results power --format parquet > power.parquet
  research results power --id 5bd1e995 --var weights --full --format json
  research results power --summary --last 10 --sort accuracy --descending --limit 5
  research results power --summary --deviation ci95 --repetitions --sort accuracy_min"
)]
pub struct Arguments {
    /// The research: its folder, as a name or a path
    pub name: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Print a row for each value, with its name, instead of a column for each variable
    #[arg(long)]
    pub long: bool,
    /// Selection and format.
    #[command(flatten)]
    pub table: TableFlags,
    /// Only these iterations, from 0
    #[arg(long, value_name = "I,…", value_delimiter = ',')]
    pub iterations: Vec<u64>,
    /// Only this variable; may be repeated
    #[arg(long = "var", value_name = "V")]
    pub variables: Vec<String>,
    /// Print values of 1 MiB and more in full, instead of their paths; they are read into memory
    #[arg(long, alias = "whole", conflicts_with = "summary")]
    pub full: bool,
    /// Print a row for each config, with mean and standard deviation over its repetitions
    #[arg(long, conflicts_with = "long")]
    pub summary: bool,
    /// Include failed experiments in means
    #[arg(long, requires = "summary")]
    pub with_failed: bool,
    /// Use the mean of the last N values of each experiment
    #[arg(long, value_name = "N", requires = "summary")]
    pub last: Option<NonZeroUsize>,
    /// The measure of deviation
    #[arg(long, value_parser = one_of(DEVIATIONS), default_value = "std", requires = "summary")]
    pub deviation: Deviation,
    /// Print a column for each repetition of each variable
    #[arg(long, requires = "summary")]
    pub repetitions: bool,
    /// Sort by the mean of this variable, or by V_median, V_min, V_max, V_std, V_pstd, V_sem,
    /// V_ci95, n or failed, lowest first
    #[arg(long, value_name = "V", requires = "summary")]
    pub sort: Option<String>,
    /// Sort highest first
    #[arg(long, requires = "sort")]
    pub descending: bool,
}

/// The output formats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns
    #[default]
    Table,
    /// Comma-separated values
    Csv,
    /// A JSON list
    Json,
    /// One JSON object per line
    Jsonl,
    /// Parquet, to be redirected into a file
    Parquet,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let stored = StoredResearch::load(&arguments.name)?;
    let options = arguments.table.options(&stored)?;
    let options = options
        .long(arguments.long)
        .iterations(arguments.iterations.iter().copied())
        .variables(&arguments.variables);
    let (format, limit) = (arguments.format, arguments.table.limit);
    let (is_saved, is_empty, notes);
    if arguments.full {
        let mut results = Results::for_table(&options);
        stored.replay(&mut [&mut results])?;
        results.read_large(stored.folder())?;
        let table = results.to_table(&options)?.limit(limit);
        is_empty = write(&table, format, out)?;
        (is_saved, notes) = (true, table.notes().to_vec());
    } else {
        let results = LogResults::new(stored.events()?)?;
        truncated_log::warn_of_unknown(results.unknown_events(), &stored);
        is_saved = results.has_values();
        if arguments.summary {
            let table = results.summary(&options, &summary(arguments))?.limit(limit);
            is_empty = write(&table, format, out)?;
            notes = table.notes().to_vec();
        } else {
            let table = results.table(&options)?.limit(limit);
            is_empty = match table_format(format) {
                Some(format) => !table.write(format, out)?,
                None => write_file(out, |file| Ok(table.write_parquet(file)?)).map(|()| false)?,
            };
            let mixed = matches!(format, Format::Table | Format::Parquet)
                .then(|| mixed_note(&table.mixed_columns()))
                .flatten();
            notes = table.notes().iter().cloned().chain(mixed).collect();
        }
    }
    if format == Format::Table && is_empty {
        let reason = match is_saved {
            false => why_nothing(stored.record()),
            true => "no results match the selection",
        };
        note(out, reason)?;
    }
    for text in &notes {
        note(out, text)?;
    }
    Ok(Exit::Success)
}

/// Returns a note about columns with values of several types, if there are any.
pub(super) fn mixed_note(columns: &[(String, String)]) -> Option<String> {
    let shown = |(name, kinds): &(String, String)| format!("`{name}` ({kinds})");
    let columns = columns.iter().map(shown).collect::<Vec<_>>().join(", ");
    (!columns.is_empty()).then(|| format!("mixed columns, strings in Parquet: {columns}"))
}

/// Explains why a research has no results.
pub(super) fn why_nothing(record: &ResearchRecord) -> &'static str {
    let file = record.source.as_ref().map(ResearchFile::from_record);
    match file {
        Some(Ok(file)) if file.units.iter().all(|unit| unit.save == Save::Nothing) => {
            "no results: a [[unit]] saves its output if it has `save_to` or `save_output_dict`"
        }
        _ => "no results so far",
    }
}

/// Prints a note on standard error, below what was printed.
pub(super) fn note(out: &mut dyn Write, reason: &str) -> std::io::Result<()> {
    out.flush()?;
    terminal::message(reason);
    Ok(())
}

/// Writes a table in a format; returns whether it has no rows.
pub(super) fn write(
    table: &Table<'_>,
    format: Format,
    out: &mut dyn Write,
) -> Result<bool, CommandError> {
    match table_format(format) {
        Some(format) => table.write(format, out)?,
        None => write_file(out, |file| Ok(table.write_parquet(file)?))?,
    }
    Ok(table.for_each_row(|_| Err(())).is_ok())
}

/// How to see the columns that do not fit the terminal.
const ALL_COLUMNS: &str = "to see all, append `| less -S`";

/// Returns the text format; `None` for Parquet.
pub(super) fn table_format(format: Format) -> Option<storage::Format> {
    match format {
        Format::Table => Some(match terminal::stdout_columns() {
            Some(columns) => storage::Format::Fitted {
                columns,
                hint: ALL_COLUMNS,
            },
            None => storage::Format::Table,
        }),
        Format::Csv => Some(storage::Format::Csv),
        Format::Json => Some(storage::Format::Json),
        Format::Jsonl => Some(storage::Format::JsonLines),
        Format::Parquet => None,
    }
}

/// Writes Parquet through a temporary file, because the writer has to seek.
fn write_file(
    out: &mut dyn Write,
    write: impl FnOnce(&mut File) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    if std::io::stdout().is_terminal() {
        return Err(CommandError::Binary);
    }
    let mut file = tempfile::tempfile()?;
    write(&mut file)?;
    file.rewind()?;
    std::io::copy(&mut file, out)?;
    Ok(())
}

fn summary(arguments: &Arguments) -> SummaryOptions {
    let mut summary = SummaryOptions::new()
        .joined(arguments.format == Format::Table)
        .descending(arguments.descending)
        .with_failed(arguments.with_failed)
        .deviation(arguments.deviation)
        .repetitions(arguments.repetitions);
    if let Some(last) = arguments.last {
        summary = summary.last(last.get());
    }
    match &arguments.sort {
        Some(variable) => summary.sort_by(variable),
        None => summary,
    }
}
