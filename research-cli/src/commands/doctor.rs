//! `research doctor`: whether a research's folder is whole.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use research::MemorySize;
use research::storage::{FolderCheckup, MissingEnd, check_folder, salvage_folder};
use serde::Serialize;

use super::{CommandError, TextOrJson, write_json};
use crate::exit::Exit;

/// Check the folder of a research, and salvage what is whole
#[derive(Debug, Args)]
#[command(
    long_about = "\
Check the folder of a research: its record, every frame of its event log, and the files of large
values; and look for files that are of no use, which killed processes have left. Without --salvage
nothing is written.

With --salvage a damaged log is replaced by a new one, which has all that is whole, also where bytes
were inserted or removed; the damaged one stays in the folder as events.damaged.log. Experiments
whose endings were lost are run again by `research resume`.

The end of a log is damaged, too, where it is not a whole frame and no process runs the research. A
killed run is not damage.

Exit codes: 0 if all is whole, 1 if something is damaged or missing, 2 if it is no research, 3 if it
cannot be read.",
    after_help = "\
Examples:
  research doctor power
  research doctor power --salvage
  research doctor power --format json"
)]
pub struct Arguments {
    /// The research: the name of its folder, or a path to it
    pub name: PathBuf,
    /// Replace a damaged log by one with all that is whole
    #[arg(long)]
    pub salvage: bool,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t)]
    pub format: TextOrJson,
}

/// What was found, and what was done.
#[derive(Debug, Serialize)]
struct Found {
    whole: bool,
    /// The process that runs the research.
    runner: Option<u32>,
    record: Option<String>,
    events: u64,
    damaged: Vec<Span>,
    torn: Option<Span>,
    /// Why the end of the last run is missing: `killed` or `lost`.
    missing_end: Option<&'static str>,
    /// How many experiments `experiments.parquet` has, where the log has fewer.
    experiments_in_table: Option<u64>,
    experiments_in_log: Option<u64>,
    values: u64,
    damaged_values: Vec<String>,
    /// Files that killed processes have left.
    leftovers: Vec<PathBuf>,
    leftover_bytes: u64,
    /// Files of values to which the log does not refer.
    unused_values: Vec<PathBuf>,
    unused_value_bytes: u64,
    /// Where the damaged log is now.
    salvaged: Option<PathBuf>,
}

/// Bytes of the log.
#[derive(Debug, Serialize)]
struct Span {
    offset: u64,
    bytes: u64,
    /// By how many bytes what follows is displaced.
    displaced: i64,
}

/// Runs the command.
///
/// # Errors
/// It is no research, something in it cannot be read; with `--salvage`, a process runs it, or
/// nothing can be written.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let checkup = check_folder(&arguments.name)?;
    let salvaged = match arguments.salvage && !checkup.log.is_whole() {
        true => salvage_folder(&arguments.name)?,
        false => None,
    };
    let found = Found::of(&checkup, salvaged);
    match arguments.format {
        TextOrJson::Json => {
            write_json(out, &found)?;
            writeln!(out)?;
        }
        TextOrJson::Text => found.print(arguments, out)?,
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

    fn print(&self, arguments: &Arguments, out: &mut dyn Write) -> Result<(), CommandError> {
        let name = arguments.name.display();
        if let Some(pid) = self.runner {
            writeln!(out, "it is being run by process {pid}")?;
        }
        match &self.record {
            None => writeln!(out, "research.json  whole")?,
            Some(error) => writeln!(out, "research.json  {error}")?,
        }
        self.print_log(out)?;
        if self.values > 0 {
            let damaged = self.damaged_values.len();
            match damaged {
                0 => writeln!(out, "values         whole, {}", self.values)?,
                _ => writeln!(
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
                "of no use      {}, left by killed processes: `research compact {name}` removes them",
                files(&self.leftovers, self.leftover_bytes)
            )?;
        }
        if !self.unused_values.is_empty() {
            writeln!(
                out,
                "unused values  {}, to which the log does not refer: `research compact {name} --remove-values` removes them",
                files(&self.unused_values, self.unused_value_bytes)
            )?;
        }
        if let Some(kept) = &self.salvaged {
            writeln!(
                out,
                "salvaged: the log has all that is whole; the damaged one is {}. Run what was lost again with `research resume {name}`",
                kept.display()
            )?;
        } else if !self.damaged.is_empty() || (self.torn.is_some() && self.runner.is_none()) {
            writeln!(
                out,
                "`research doctor {name} --salvage` makes a log of all that is whole, and keeps this one beside it"
            )?;
        }
        Ok(())
    }
}

impl Found {
    /// What there is to say of the log.
    fn print_log(&self, out: &mut dyn Write) -> io::Result<()> {
        let events = self.events;
        match self.damaged.as_slice() {
            [] if self.torn.is_none() => writeln!(out, "events.log     whole, {events} events")?,
            [] => writeln!(out, "events.log     {events} events are whole")?,
            spans => {
                let bytes: u64 = spans.iter().map(|span| span.bytes).sum();
                writeln!(
                    out,
                    "events.log     damaged: {events} events are whole, {bytes} bytes are not"
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
        if let Some(Span { offset, bytes, .. }) = self.torn {
            let why = match self.runner {
                Some(_) => "a write that is under way",
                None => {
                    "a run was killed while it wrote them, or they are damaged; `research resume` cuts them off if it has something to run"
                }
            };
            writeln!(
                out,
                "               its last {bytes} bytes, from byte {offset}, are not a whole frame: {why}"
            )?;
        }
        match self.missing_end {
            Some("killed") => writeln!(
                out,
                "               the last run was killed or could not write its end: `research resume` runs what is missing"
            )?,
            Some(_) => writeln!(
                out,
                "               the last run has no end: the end of the log is lost, or the machine went down with the run"
            )?,
            None => {}
        }
        if let (Some(table), Some(log)) = (self.experiments_in_table, self.experiments_in_log) {
            writeln!(
                out,
                "               it has {log} experiments, and experiments.parquet has {table}: the end of the log is lost"
            )?;
        }
        Ok(())
    }
}

/// How many files there are and what they take, in words.
pub(super) fn files(files: &[PathBuf], bytes: u64) -> String {
    let count = match files.len() {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    };
    format!("{count}, {}", MemorySize(bytes))
}
