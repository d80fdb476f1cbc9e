//! `research resume`: the rest of a research.

use std::io::{self, Write};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::Args;
use research::monitor::{State, StatusReport};
use research::storage::StoredResearch;
use research::{Finished, Research};

use super::lead::{Shown, describe, lead, print_results};
use super::{CommandError, status};
use crate::exit::Exit;
use crate::file::ResearchFile;

/// Go on with a research that was interrupted
#[derive(Debug, Args)]
#[command(
    long_about = "\
Go on with a research that was interrupted, killed or cut off: run what is missing, and nothing else.

Experiments that ended keep what they have saved; the others get the ids and seeds that they would
have had. What runs is what was recorded, whatever the research file says by now.",
    after_help = "\
Examples:
  research resume power
  research resume power -w 8"
)]
pub struct Arguments {
    /// The research: the name of its folder, or a path to it
    pub name: PathBuf,
    /// How many worker processes, instead of what was recorded
    #[arg(short, long, value_name = "N")]
    pub workers: Option<NonZeroU32>,
    /// The devices that experiments are given, instead of those that were recorded
    #[arg(long, value_name = "D,…", value_delimiter = ',')]
    pub devices: Vec<String>,
    /// What is shown.
    #[command(flatten)]
    pub shown: Shown,
}

/// Goes on with a research that was interrupted.
///
/// # Errors
/// There is no such research, another process runs it, or it cannot be run or stored.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let stored = StoredResearch::load(&arguments.name)?;
    let report = status::report(&stored)?;
    if report.state == State::Complete {
        return nothing_to_do(&report, &stored, arguments.shown.results, out);
    }
    let record = stored.record();
    let source = record.source.as_ref();
    let source = source.ok_or_else(|| CommandError::NotFromFile(record.name.clone()))?;
    let mut file = ResearchFile::from_record(source)?;
    let mut options = file.options.clone();
    if let Some(workers) = arguments.workers {
        options.workers = workers.into();
    }
    if !arguments.devices.is_empty() {
        options.devices = arguments.devices.as_slice().into();
    }
    let folder = stored.folder();
    let folder = folder
        .canonicalize()
        .or_else(|_| std::path::absolute(folder))?;
    // A folder that was renamed is the research all the same.
    if let Some(name) = folder.file_name() {
        file.name = name.to_string_lossy().into_owned();
    }
    let base = folder.parent().unwrap_or(Path::new("/"));
    // Programs are started where they were at first; a place that is gone is theirs to miss.
    let _ = std::env::set_current_dir(&record.directory);
    // What was recorded stays as it is, whatever this version would write for it.
    let research = describe(&file)?
        .source(source.clone())
        .options(options)
        .folder(base);
    lead(
        &file.name,
        &arguments.name,
        research,
        &arguments.shown,
        out,
        Research::resume,
    )
}

/// A research that is complete is left as it is; its exit code is that of the run that completed
/// it.
fn nothing_to_do(
    report: &StatusReport,
    stored: &StoredResearch,
    with_results: bool,
    out: &mut dyn Write,
) -> Result<Exit, CommandError> {
    let mut said = format!("{} is complete, nothing is left to run", report.name);
    for (place, count) in report.counts.iter().enumerate() {
        let before = if place == 0 { ": " } else { ", " };
        said.push_str(&format!("{before}{} {}", count.count, count.status));
    }
    for failure in &report.failures {
        said.push_str(&format!("\n  {failure}"));
    }
    // The exit code says the most of it, where nothing can be written.
    let _ = writeln!(io::stderr().lock(), "{said}");
    if with_results {
        print_results(&Finished::load(stored.folder()).map_err(Box::new)?, out)?;
    }
    Ok(match report.failed() {
        0 => Exit::Success,
        _ => Exit::Failures,
    })
}
