//! `research list`: the researches in a folder.

use std::io::Write;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use clap::{Args, ValueEnum};
use research::core::StorageError;
use research::monitor::StatusReport;
use research::storage::{StoredResearch, list};
use serde::Serialize;

use super::{CommandError, lost_end, status, table, write_json};
use crate::exit::Exit;

/// List the researches in a folder
#[derive(Debug, Args)]
#[command(
    long_about = "List the researches in a folder, each with its state and how much of it is done.",
    after_help = "\
Examples:
  research list
  research list studies --format json"
)]
pub struct Arguments {
    /// The folder
    #[arg(default_value = ".")]
    pub folder: PathBuf,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// How a list is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns for people
    #[default]
    Table,
    /// One JSON list
    Json,
}

/// What is said of a research.
#[derive(Debug, Serialize)]
struct Line {
    name: String,
    folder: String,
    /// When it was made, in microseconds since 1970.
    created: u64,
    state: &'static str,
    finished: Option<u64>,
    failed: Option<u64>,
    total: Option<u64>,
}

/// Runs the command.
///
/// # Errors
/// The folder cannot be read, and an output that cannot be written.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let all = list(&arguments.folder)?;
    let lines = lines(&all);
    match arguments.format {
        Format::Json => {
            write_json(out, &lines)?;
            writeln!(out)?;
        }
        Format::Table => print(&lines, out)?,
    }
    out.flush()?;
    for stored in &all {
        lost_end::warn(stored.folder());
    }
    Ok(Exit::Success)
}

/// Looks at all of them, several at once: their logs are read to the end.
fn lines(all: &[StoredResearch]) -> Vec<Line> {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let next = AtomicUsize::new(0);
    let look = || {
        let mut lines = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(stored) = all.get(place) else {
                return lines;
            };
            lines.push((place, line(stored)));
        }
    };
    let mut lines = thread::scope(|scope| {
        let others = 1..threads.min(all.len());
        // Without a thread for another, there are those that look already.
        let others = others.map_while(|_| thread::Builder::new().spawn_scoped(scope, look).ok());
        let others: Vec<_> = others.collect();
        let mut lines = look();
        for other in others {
            lines.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        lines
    });
    lines.sort_by_key(|(place, _)| *place);
    lines.into_iter().map(|(_, line)| line).collect()
}

/// A research whose log cannot be read is listed all the same: `status` says why it cannot.
fn line(stored: &StoredResearch) -> Line {
    let report: Result<StatusReport, StorageError> = status::report(stored);
    let report = report.ok();
    let report = report.as_ref();
    Line {
        name: stored.name(),
        folder: stored.folder().display().to_string(),
        created: stored.record().created,
        state: report.map_or("unreadable", |report| report.state.as_str()),
        finished: report.map(|report| report.finished),
        failed: report.map(StatusReport::failed),
        total: report.and_then(|report| report.total),
    }
}

impl Line {
    /// The number of experiments that finished without a failure, as in the summary of a run.
    fn succeeded(&self) -> Option<u64> {
        let failed = self.failed.unwrap_or_default();
        self.finished.map(|ended| ended.saturating_sub(failed))
    }
}

fn print(lines: &[Line], out: &mut dyn Write) -> Result<(), CommandError> {
    let titles = ["name", "state", "finished", "failed", "total"].map(str::to_owned);
    let number = |number: Option<u64>| number.map(|n| n.to_string()).unwrap_or_default();
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            vec![
                line.name.clone(),
                line.state.to_owned(),
                number(line.succeeded()),
                number(line.failed),
                number(line.total),
            ]
        })
        .collect();
    Ok(table::print(out, &titles, &rows)?)
}
