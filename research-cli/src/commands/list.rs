//! `research list`: lists the researches in a folder.

use std::io::Write;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use clap::{Args, ValueEnum};
use research::storage::{StoredResearch, list};
use serde::Serialize;

use super::{CommandError, status, text_table, truncated_log, write_json};
use crate::exit::Exit;

/// List the researches in a folder
#[derive(Debug, Args)]
#[command(
    long_about = "List the researches in a folder, each with its state and its progress.",
    after_help = "\
Examples:
  research list
  research list studies --format json"
)]
pub struct Arguments {
    /// The folder
    #[arg(default_value = ".")]
    pub folder: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// The output formats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns
    #[default]
    Table,
    /// A JSON list
    Json,
}

/// A row of the list.
#[derive(Debug, Serialize)]
struct Line {
    name: String,
    folder: String,
    /// The creation time, in microseconds since 1970.
    created: u64,
    state: &'static str,
    ended: Option<u64>,
    finished: Option<u64>,
    failed: Option<u64>,
    total: Option<u64>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let all = list(&arguments.folder)?;
    let lines = lines(&all);
    match arguments.format {
        Format::Json => write_json(out, &lines)?,
        Format::Table => print(&lines, out)?,
    }
    out.flush()?;
    for stored in &all {
        truncated_log::warn(stored.folder());
    }
    Ok(Exit::Success)
}

/// Reads the logs of all researches in parallel.
fn lines(all: &[StoredResearch]) -> Vec<Line> {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let next = AtomicUsize::new(0);
    let read = || {
        let indexes = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        let lines = indexes.map_while(|index| Some((index, line(all.get(index)?))));
        lines.collect::<Vec<_>>()
    };
    let mut lines = thread::scope(|scope| {
        // If a thread cannot be started, the others do its work.
        let start = |_| thread::Builder::new().spawn_scoped(scope, read).ok();
        let others: Vec<_> = (1..threads.min(all.len())).map_while(start).collect();
        let mut lines = read();
        for other in others {
            lines.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        lines
    });
    lines.sort_by_key(|(index, _)| *index);
    lines.into_iter().map(|(_, line)| line).collect()
}

/// A research whose log cannot be read is listed as unreadable.
fn line(stored: &StoredResearch) -> Line {
    let report = status::report(stored).ok();
    let report = report.as_ref();
    Line {
        name: stored.name(),
        folder: stored.folder().display().to_string(),
        created: stored.record().created,
        state: report.map_or("unreadable", |report| report.state.as_str()),
        ended: report.map(|report| report.ended),
        finished: report.map(|report| report.finished),
        failed: report.map(|report| report.failed),
        total: report.and_then(|report| report.total),
    }
}

fn print(lines: &[Line], out: &mut dyn Write) -> Result<(), CommandError> {
    let titles = ["name", "state", "finished", "failed", "total"];
    let number = |number: Option<u64>| number.map(|n| n.to_string()).unwrap_or_default();
    let row = |line: &Line| {
        let numbers = [line.finished, line.failed, line.total].map(number);
        let words = [line.name.clone(), line.state.to_owned()];
        words.into_iter().chain(numbers).collect()
    };
    let rows: Vec<Vec<String>> = lines.iter().map(row).collect();
    Ok(text_table::print(out, &titles, &rows)?)
}
