//! `research doctor`: checks the folder of a research, and repairs its log.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use research::MemorySize;
use research::core::text::plural;
use research::storage::{FolderCheckup, MissingEnd, check_folder, salvage_folder};
use serde::Serialize;

use super::{CommandError, TextOrJson, write_json};
use crate::exit::Exit;
use crate::hints;

/// Check the folder of a research, and repair its log
#[derive(Debug, Args)]
#[command(
    long_about = "\
Check the record of a research, every frame of its event log and the files of large values, and find
files that killed processes left. Nothing is written without --repair.

With --repair, a damaged log is replaced by a new one with all intact events, even where bytes were
inserted or removed; the damaged log is kept as events.damaged.log. `research resume` runs
experiments again whose ends were lost.

An incomplete frame at the end of the log is damage if no process runs the research. A killed run is
not damage.

Exit codes: 0 if all is intact, 1 if something is damaged or missing, 2 if the folder is not a
research, 3 if it cannot be read.",
    after_help = "\
Examples:
  research doctor power
  research doctor power --repair
  research doctor power --format json"
)]
pub struct Arguments {
    /// The research: its folder, as a name or a path
    pub name: PathBuf,
    /// Replace a damaged log by one with all intact events
    #[arg(long, visible_alias = "salvage")]
    pub repair: bool,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t)]
    pub format: TextOrJson,
}

/// What was found, and what was repaired.
#[derive(Debug, Serialize)]
struct Found {
    whole: bool,
    /// The process that runs the research.
    runner: Option<u32>,
    record: Option<String>,
    events: u64,
    /// How many of them only newer versions of the program know.
    unknown_events: u64,
    damaged: Vec<Span>,
    torn: Option<Span>,
    /// Why the last run has no end: `killed` or `lost`.
    missing_end: Option<&'static str>,
    /// The number of experiments in `experiments.parquet`, if the log has fewer.
    experiments_in_table: Option<u64>,
    experiments_in_log: Option<u64>,
    values: u64,
    damaged_values: Vec<String>,
    /// Files that killed processes left.
    leftovers: Vec<PathBuf>,
    leftover_bytes: u64,
    /// Files of values that the log does not reference.
    unused_values: Vec<PathBuf>,
    unused_value_bytes: u64,
    /// The path of the damaged log, after a repair.
    salvaged: Option<PathBuf>,
}

/// Bytes of the log.
#[derive(Debug, Serialize)]
struct Span {
    offset: u64,
    bytes: u64,
    /// The number of bytes by which the rest is displaced.
    displaced: i64,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let checkup = check_folder(&arguments.name)?;
    let salvaged = match arguments.repair && !checkup.log.is_whole() {
        true => salvage_folder(&arguments.name)?,
        false => None,
    };
    let found = Found::of(&checkup, salvaged);
    match arguments.format {
        TextOrJson::Json => {
            write_json(out, &found)?;
            writeln!(out)?;
        }
        TextOrJson::Text => found.print(&arguments.name, out)?,
    }
    Ok(match found.whole {
        true => Exit::Success,
        false => Exit::Failures,
    })
}

impl Found {
    fn of(checkup: &FolderCheckup, salvaged: Option<PathBuf>) -> Self {
        let damaged = checkup.log.damaged.iter();
        let torn = checkup.log.torn.map(|torn| (torn.offset, torn.bytes));
        Self {
            whole: checkup.is_whole(),
            runner: checkup.runner.as_ref().map(|runner| runner.pid),
            record: checkup.record.as_ref().map(ToString::to_string),
            events: checkup.log.events,
            unknown_events: checkup.log.unknown_events,
            damaged: damaged
                .map(|span| Span {
                    offset: span.offset,
                    bytes: span.bytes,
                    displaced: span.displaced,
                })
                .collect(),
            torn: torn.map(|(offset, bytes)| Span {
                offset,
                bytes,
                displaced: 0,
            }),
            missing_end: checkup.missing_end.map(|end| match end {
                MissingEnd::Killed => "killed",
                MissingEnd::Lost => "lost",
            }),
            experiments_in_table: checkup.lost_rows.map(|rows| rows.table),
            experiments_in_log: checkup.lost_rows.map(|rows| rows.log),
            values: checkup.values,
            damaged_values: checkup
                .damaged_values
                .iter()
                .map(ToString::to_string)
                .collect(),
            leftovers: checkup.leftovers.files.clone(),
            leftover_bytes: checkup.leftovers.bytes,
            unused_values: checkup.unused_values.files.clone(),
            unused_value_bytes: checkup.unused_values.bytes,
            salvaged,
        }
    }

    fn print(&self, folder: &Path, out: &mut dyn Write) -> Result<(), CommandError> {
        if let Some(pid) = self.runner {
            writeln!(out, "run by process {pid}")?;
        }
        match &self.record {
            None => writeln!(out, "research.json  intact")?,
            Some(error) => writeln!(out, "research.json  {error}")?,
        }
        self.print_log(out)?;
        if self.values > 0 {
            match self.damaged_values.len() {
                0 => writeln!(out, "values         intact, {}", self.values)?,
                damaged => writeln!(
                    out,
                    "values         {damaged} of {} are damaged",
                    self.values
                )?,
            }
        }
        for error in &self.damaged_values {
            writeln!(out, "               {error}")?;
        }
        if !self.leftovers.is_empty() {
            writeln!(
                out,
                "garbage        {}, left by killed processes: {}",
                files(&self.leftovers, self.leftover_bytes),
                hints::compact(folder)
            )?;
        }
        if !self.unused_values.is_empty() {
            writeln!(
                out,
                "unused values  {}, not referenced by the log: {}",
                files(&self.unused_values, self.unused_value_bytes),
                hints::compact_values(folder)
            )?;
        }
        if let Some(kept) = &self.salvaged {
            writeln!(
                out,
                "repaired: the log has all intact events, and the damaged log is {}; for lost \
                 experiments, {}",
                kept.display(),
                hints::resume(folder)
            )?;
        } else if !self.damaged.is_empty() || (self.torn.is_some() && self.runner.is_none()) {
            writeln!(out, "{}", hints::repair(folder))?;
        }
        Ok(())
    }
}

impl Found {
    /// Prints the state of the log.
    fn print_log(&self, out: &mut dyn Write) -> io::Result<()> {
        let events = self.events;
        match self.damaged.as_slice() {
            [] if self.torn.is_none() => writeln!(out, "events.log     intact, {events} events")?,
            [] => writeln!(out, "events.log     {events} events are intact")?,
            spans => {
                let bytes: u64 = spans.iter().map(|span| span.bytes).sum();
                writeln!(
                    out,
                    "events.log     damaged: {events} events are intact, {bytes} bytes are not"
                )?;
                for span in spans {
                    let Span { offset, bytes, .. } = span;
                    let displaced = match span.displaced {
                        0 => String::new(),
                        more @ 1.. => format!("; what follows is {more} bytes too far back"),
                        less => format!("; {} bytes are missing", less.unsigned_abs()),
                    };
                    writeln!(
                        out,
                        "               {bytes} bytes at byte {offset}{displaced}"
                    )?;
                }
            }
        }
        if self.unknown_events > 0 {
            writeln!(
                out,
                "               {} of a newer version of research, which this one skips",
                plural(self.unknown_events, "event")
            )?;
        }
        if let Some(Span { offset, bytes, .. }) = self.torn {
            let why = match self.runner {
                Some(_) => "a write in progress",
                None => "a run was killed during a write, or they are damaged",
            };
            writeln!(
                out,
                "               the last {bytes} bytes, from byte {offset}, are not a complete \
                 frame: {why}"
            )?;
        }
        match self.missing_end {
            Some("killed") => writeln!(
                out,
                "               the last run was killed, or could not record its end"
            )?,
            Some(_) => writeln!(
                out,
                "               the last run has no end: the end of the log is lost, or the \
                 machine failed during the run"
            )?,
            None => {}
        }
        if let (Some(table), Some(log)) = (self.experiments_in_table, self.experiments_in_log) {
            writeln!(
                out,
                "               it has {log} experiments, but experiments.parquet has {table}: \
                 the end of the log is lost"
            )?;
        }
        Ok(())
    }
}

/// Formats the number and the size of files.
pub(super) fn files(files: &[PathBuf], bytes: u64) -> String {
    let count = plural(files.len() as u64, "file");
    format!("{count}, {}", MemorySize(bytes))
}
