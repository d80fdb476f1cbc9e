//! `research results`: what a research has saved.

use std::fs::File;
use std::io::{IsTerminal, Seek, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use research::core::ResearchRecord;
use research::storage::{self, StoredResearch, SummaryOptions, Table, TableOptions};

use super::CommandError;
use super::chosen::Shown;
use crate::exit::Exit;
use crate::terminal;
use research::file::{ResearchFile, Save};

/// Print what a research has saved
#[derive(Debug, Args)]
#[command(
    long_about = "\
Print what a research has saved, a row for each iteration of each experiment, in the order of the
domain, whatever finished first. It can be printed while the research runs.

With --summary, a row for each config: how many of its experiments succeeded (n) and failed, and the
mean and the standard deviation of each variable over those that succeeded. Values that are not
numbers are left out, and how many they are is said on standard error.",
    after_help = "\
Examples:
  research results power
  research results power --format csv > power.csv
  research results power --where lr=0.1 --var loss
  research results power --where 'lr > 0.01' --where 'act in [\"relu\", \"tanh\"]'
  research results power --domain 'width=[64, 128]' --status failed --with-status
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
    /// A row for each config, with mean and standard deviation over its repetitions that succeeded
    #[arg(long, conflicts_with = "long")]
    pub summary: bool,
    /// Let failed experiments count in means, too
    #[arg(long, requires = "summary")]
    pub with_failed: bool,
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
    if arguments.whole {
        let mut results = stored.results_for(&options)?;
        results.read_large(stored.folder())?;
        let table = results.to_table(&options)?;
        write(&table, arguments.format, out)?;
        return end(
            arguments,
            &stored,
            is_empty(&table),
            true,
            table.notes(),
            out,
        );
    }
    let results = stored.log_results()?;
    let is_saved = results.has_values();
    if arguments.summary {
        let table = results.summary(&options, &summary(arguments))?;
        write(&table, arguments.format, out)?;
        return end(
            arguments,
            &stored,
            is_empty(&table),
            is_saved,
            table.notes(),
            out,
        );
    }
    let table = results.table(&options)?;
    let has_rows = match table_format(arguments.format) {
        Some(format) => table.write(format, out)?,
        None => {
            write_file(out, |file| Ok(table.write_parquet(file)?))?;
            true
        }
    };
    let mut notes = table.notes().to_vec();
    if matches!(arguments.format, Format::Table | Format::Parquet) {
        notes.extend(mixed_note(&table.mixed_columns()));
    }
    end(arguments, &stored, !has_rows, is_saved, &notes, out)
}

/// Says below what is printed what the user should know about it.
fn end(
    arguments: &Arguments,
    stored: &StoredResearch,
    is_empty: bool,
    is_saved: bool,
    notes: &[String],
    out: &mut dyn Write,
) -> Result<Exit, CommandError> {
    if arguments.format == Format::Table && is_empty {
        let reason = match is_saved {
            false => why_nothing(stored.record()),
            true => "nothing that was saved is of what was asked for",
        };
        note(out, reason)?;
    }
    for text in notes {
        note(out, text)?;
    }
    Ok(Exit::Success)
}

/// Says which columns have values of several kinds, if some have.
pub(super) fn mixed_note(columns: &[(String, String)]) -> Option<String> {
    let shown = |(name, kinds): &(String, String)| format!("`{name}` ({kinds})");
    let columns: Vec<String> = columns.iter().map(shown).collect();
    match columns.as_slice() {
        [] => None,
        columns => Some(format!(
            "mixed columns, strings in Parquet: {}",
            columns.join(", ")
        )),
    }
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
    match table_format(format) {
        Some(format) => Ok(table.write(format, out)?),
        None => write_file(out, |file| Ok(table.write_parquet(file)?)),
    }
}

/// The form of text; none for Parquet.
pub(super) fn table_format(format: Format) -> Option<storage::Format> {
    match format {
        Format::Table => Some(storage::Format::Table),
        Format::Csv => Some(storage::Format::Csv),
        Format::Json => Some(storage::Format::Json),
        Format::Jsonl => Some(storage::Format::JsonLines),
        Format::Parquet => None,
    }
}

/// Writes a Parquet file, by way of a temporary one.
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
        .with_failed(arguments.with_failed);
    if let Some(last) = arguments.last {
        summary = summary.last(last.get());
    }
    match &arguments.sort {
        Some(variable) => summary.sort_by(variable),
        None => summary,
    }
}

fn options(arguments: &Arguments, stored: &StoredResearch) -> Result<TableOptions, CommandError> {
    let options = arguments.shown.options(stored)?.long(arguments.long);
    Ok(options
        .iterations(arguments.iterations.iter().copied())
        .variables(&arguments.variables))
}
