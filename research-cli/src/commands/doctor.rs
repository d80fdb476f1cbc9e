//! `research doctor`: checks the folder of a research, and repairs its log.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use research::MemorySize;
use research::base::text::plural;
use research::storage::{FolderCheckup, Leftovers, MissingEnd, check_folder, salvage_folder};
use serde_json::json;

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
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: TextOrJson,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let checkup = check_folder(&arguments.name)?;
    let salvaged = match arguments.repair && !checkup.log.is_whole() {
        true => salvage_folder(&arguments.name)?,
        false => None,
    };
    match arguments.format {
        TextOrJson::Json => write_json(out, &json(&checkup, salvaged.as_deref()))?,
        TextOrJson::Text => print(&checkup, salvaged.as_deref(), &arguments.name, out)?,
    }
    Ok(match checkup.is_whole() {
        true => Exit::Success,
        false => Exit::Failures,
    })
}

fn span(offset: u64, bytes: u64, displaced: i64) -> serde_json::Value {
    json!({"offset": offset, "bytes": bytes, "displaced": displaced})
}

fn json(checkup: &FolderCheckup, salvaged: Option<&Path>) -> serde_json::Value {
    let damaged = checkup.log.damaged.iter();
    let damaged_values = checkup.damaged_values.iter().map(ToString::to_string);
    json!({
        "whole": checkup.is_whole(),
        "runner": checkup.runner.as_ref().map(|runner| runner.pid),
        "record": checkup.record.as_ref().map(ToString::to_string),
        "events": checkup.log.events,
        "unknown_events": checkup.log.unknown_events,
        "damaged": damaged
            .map(|found| span(found.offset, found.bytes, found.displaced))
            .collect::<Vec<_>>(),
        "torn": checkup.log.torn.map(|torn| span(torn.offset, torn.bytes, 0)),
        "missing_end": checkup.missing_end.map(|end| match end {
            MissingEnd::Killed => "killed",
            MissingEnd::Lost => "lost",
        }),
        "experiments_in_table": checkup.lost_rows.map(|rows| rows.table),
        "experiments_in_log": checkup.lost_rows.map(|rows| rows.log),
        "values": checkup.values,
        "damaged_values": damaged_values.collect::<Vec<_>>(),
        "leftovers": checkup.leftovers.files,
        "leftover_bytes": checkup.leftovers.bytes,
        "unused_values": checkup.unused_values.files,
        "unused_value_bytes": checkup.unused_values.bytes,
        "salvaged": salvaged,
    })
}

fn print(
    checkup: &FolderCheckup,
    salvaged: Option<&Path>,
    folder: &Path,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    if let Some(runner) = &checkup.runner {
        writeln!(out, "run by process {}", runner.pid)?;
    }
    match &checkup.record {
        None => writeln!(out, "research.json  intact")?,
        Some(error) => writeln!(out, "research.json  {error}")?,
    }
    print_log(checkup, out)?;
    match (checkup.values, checkup.damaged_values.len()) {
        (0, _) => {}
        (values, 0) => writeln!(out, "values         intact, {values}")?,
        (values, damaged) => writeln!(out, "values         {damaged} of {values} are damaged")?,
    }
    for error in &checkup.damaged_values {
        writeln!(out, "{MARGIN}{error}")?;
    }
    if !checkup.leftovers.files.is_empty() {
        let (files, hint) = (files(&checkup.leftovers), hints::compact(folder));
        writeln!(
            out,
            "garbage        {files}, left by killed processes: {hint}"
        )?;
    }
    if !checkup.unused_values.files.is_empty() {
        let (files, hint) = (files(&checkup.unused_values), hints::compact_values(folder));
        writeln!(
            out,
            "unused values  {files}, not referenced by the log: {hint}"
        )?;
    }
    if let Some(kept) = salvaged {
        writeln!(
            out,
            "repaired: the log has all intact events, and the damaged log is {}; for lost \
             experiments, {}",
            kept.display(),
            hints::resume(folder)
        )?;
    } else if !checkup.log.damaged.is_empty()
        || (checkup.log.torn.is_some() && checkup.runner.is_none())
    {
        writeln!(out, "{}", hints::repair(folder))?;
    }
    Ok(())
}

/// The width of the column of names.
const MARGIN: &str = "               ";

/// Prints the state of the log.
fn print_log(checkup: &FolderCheckup, out: &mut dyn Write) -> io::Result<()> {
    let log = &checkup.log;
    let events = log.events;
    match log.damaged.as_slice() {
        [] if log.torn.is_none() => writeln!(out, "events.log     intact, {events} events")?,
        [] => writeln!(out, "events.log     {events} events are intact")?,
        spans => {
            let bytes: u64 = spans.iter().map(|span| span.bytes).sum();
            writeln!(
                out,
                "events.log     damaged: {events} events are intact, {bytes} bytes are not"
            )?;
            for span in spans {
                let displaced = match span.displaced {
                    0 => String::new(),
                    more @ 1.. => format!("; what follows is {more} bytes too far back"),
                    less => format!("; {} bytes are missing", less.unsigned_abs()),
                };
                let (bytes, offset) = (span.bytes, span.offset);
                writeln!(out, "{MARGIN}{bytes} bytes at byte {offset}{displaced}")?;
            }
        }
    }
    let mut notes = Vec::new();
    if log.unknown_events > 0 {
        let events = plural(log.unknown_events, "event");
        notes.push(format!(
            "{events} of a newer version of research, which this one skips"
        ));
    }
    if let Some(torn) = log.torn {
        let why = match checkup.runner {
            Some(_) => "a write in progress",
            None => "a run was killed during a write, or they are damaged",
        };
        notes.push(format!(
            "the last {} bytes, from byte {}, are not a complete frame: {why}",
            torn.bytes, torn.offset
        ));
    }
    notes.extend(checkup.missing_end.map(|end| {
        match end {
            MissingEnd::Killed => "the last run was killed, or could not record its end".to_owned(),
            MissingEnd::Lost => {
                "the last run has no end: the end of the log is lost, or the machine \
             failed during the run"
                    .to_owned()
            }
        }
    }));
    notes.extend(checkup.lost_rows.map(|rows| {
        format!(
            "it has {} experiments, but experiments.parquet has {}: the end of the log is lost",
            rows.log, rows.table
        )
    }));
    notes
        .iter()
        .try_for_each(|note| writeln!(out, "{MARGIN}{note}"))
}

/// Formats the number and the size of files.
pub(super) fn files(files: &Leftovers) -> String {
    let count = plural(files.files.len() as u64, "file");
    format!("{count}, {}", MemorySize(files.bytes))
}
