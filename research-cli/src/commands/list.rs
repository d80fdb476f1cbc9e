//! `research list`: lists the researches in a folder.

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
    finished: Option<u64>,
    failed: Option<u64>,
    total: Option<u64>,
}

/// Runs the command.
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
        truncated_log::warn(stored.folder());
    }
    Ok(Exit::Success)
}

/// Reads the logs of all researches in parallel.
fn lines(all: &[StoredResearch]) -> Vec<Line> {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let next = AtomicUsize::new(0);
    let look = || {
        let mut lines = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(stored) = all.get(index) else {
                return lines;
            };
            lines.push((index, line(stored)));
        }
    };
    let mut lines = thread::scope(|scope| {
        let others = 1..threads.min(all.len());
        // If a thread cannot be started, the others do its work.
        let others = others.map_while(|_| thread::Builder::new().spawn_scoped(scope, look).ok());
        let others: Vec<_> = others.collect();
        let mut lines = look();
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
    /// The number of experiments that succeeded.
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
    Ok(text_table::print(out, &titles, &rows)?)
}
