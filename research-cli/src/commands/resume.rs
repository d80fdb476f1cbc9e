//! `research resume`: the rest of a research.

use std::io::Write;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::Args;
use research::core::shell_word;
use research::monitor::{State, StatusReport};
use research::storage::StoredResearch;
use research::{Finished, Research, ResearchError, ResumePlan};

use super::detach::{self, Background};
use super::lead::{Shown, WorkingDirectory, again, lead, print_results, recorded, set_workers};
use super::{CommandError, status};
use crate::exit::Exit;
use crate::terminal;
use research::file::{Origin, ResearchFile};

/// Go on with a research that was interrupted
#[derive(Debug, Args)]
#[command(
    long_about = "\
Go on with a research that was interrupted, killed or cut off: run what is missing, and nothing else.

Experiments that ended keep what they have saved; the others get the ids and seeds that they would
have had. What runs is what was recorded, whatever the research file says by now.

With --file what runs is what a research file says: only what is new in its domain. Drawn values
stay the same when values are added to lists or terms to sums; a warning says how many experiments
of earlier runs are not in the new domain.
Workers, devices, retries, timeouts and the like may be others, too. Where units, updates, n_iters,
finalize, create_id_prefix or the seed are, results would not belong together, and it is refused
(all but the seed and create_id_prefix can be allowed).",
    after_help = "\
Examples:
  research resume power
  research resume power -w 8
  research resume power --failed
  research resume power --file research.toml      after its domain was extended
  research resume power --file research.toml --dry-run      what of it would be run"
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
    /// Run failed, killed and timed-out experiments again, too
    #[arg(long)]
    pub failed: bool,
    /// Run what this research file describes: only what is new in its domain
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Set a key of that file, as `research run` does; can be given several times
    #[arg(long, value_name = "KEY=VALUE", requires = "file")]
    pub set: Vec<String>,
    /// Go on even though units, updates or iterations are others than those of the results that are there
    #[arg(long, requires = "file")]
    pub allow_changes: bool,
    /// Say what would be run, and how many experiments are no longer in the domain; run nothing
    #[arg(long, conflicts_with = "detach")]
    pub dry_run: bool,
    /// Where commands run.
    #[command(flatten)]
    pub directory: WorkingDirectory,
    /// Whether the terminal is needed.
    #[command(flatten)]
    pub background: Background,
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
    let is_done = report.state == State::Complete && arguments.file.is_none();
    if is_done && !(arguments.failed && report.failed() > 0) {
        return nothing_to_do(arguments, &report, &stored, out);
    }
    let directory = arguments.directory.find(&stored, arguments.shown.quiet)?;
    if arguments.background.is_asked_for() && !arguments.dry_run {
        let folder = stored.folder();
        let base = folder.parent().filter(|base| !base.as_os_str().is_empty());
        return detach::start(base.unwrap_or(Path::new(".")), folder, &arguments.name);
    }
    let record = stored.record();
    let path = arguments.file.as_deref().map(std::path::absolute);
    let path = path.transpose()?;
    let (mut file, base) = recorded(&stored, &directory)?;
    if let Some(path) = path {
        let changed = changed_file(arguments, &path, &file, &stored.name())?;
        let name = std::mem::take(&mut file.name);
        file = ResearchFile { name, ..changed };
    }
    let mut options = file.options.clone();
    set_workers(&mut options, arguments.workers);
    if !arguments.devices.is_empty() {
        options.devices = arguments.devices.as_slice().into();
    }
    let origin = arguments.file.clone().map_or(Origin::Record, Origin::File);
    file.check_output_files(&options, origin)?;
    let mut research = arguments.background.leave(file.research()?)?;
    if let Some(source) = record.source.clone().filter(|_| arguments.file.is_none()) {
        // What was recorded stays as it is, whatever this version would write for it.
        research = research.source(source);
    }
    let research = research
        .options(options)
        .folder(base)
        .redo_failed(arguments.failed)
        .allow_changes(arguments.allow_changes);
    if arguments.dry_run {
        let plan = research.preview_resume().map_err(Box::new)?;
        return show_plan(&arguments.name, &plan, out);
    }
    lead(
        &file,
        &arguments.name,
        research,
        &arguments.shown,
        out,
        Research::resume,
    )
}

fn show_plan(name: &Path, plan: &ResumePlan, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let ResumePlan {
        done, again, new, ..
    } = plan;
    let called = name.to_string_lossy();
    let least = if plan.is_partial { "at least " } else { "" };
    writeln!(
        out,
        "{}: {done} done, {again} to run again, {least}{new} new",
        shell_word(&called)
    )?;
    if let Some(warning) = plan.warning() {
        writeln!(out, "{warning}")?;
    }
    Ok(Exit::Success)
}

/// The file that is given instead of what was recorded.
fn changed_file(
    arguments: &Arguments,
    path: &Path,
    recorded: &ResearchFile,
    name: &str,
) -> Result<ResearchFile, CommandError> {
    let file = ResearchFile::load_to_run(path, &arguments.set)?.written_as_in(recorded);
    let changes = file.changes_of_programs(recorded);
    if changes.is_empty() || arguments.allow_changes {
        return Ok(file);
    }
    let name = name.to_owned();
    Err(Box::new(ResearchError::Changed { name, changes }).into())
}

/// A research that is complete is left as it is; its exit code is that of the run that completed
/// it.
fn nothing_to_do(
    arguments: &Arguments,
    report: &StatusReport,
    stored: &StoredResearch,
    out: &mut dyn Write,
) -> Result<Exit, CommandError> {
    let called = arguments.name.to_string_lossy();
    let name = shell_word(&called);
    let mut said = format!("{name} is complete, nothing is left to run");
    for (place, count) in report.counts.iter().enumerate() {
        let before = if place == 0 { ": " } else { ", " };
        said.push_str(&format!("{before}{} {}", count.count, count.status));
    }
    for failure in &report.failures {
        said.push_str(&format!("\n  {failure}"));
    }
    if report.failed() > 0 {
        said.push_str(&format!("\n{}", again(&name)));
    }
    // The exit code says the most of it, where nothing can be written.
    let _ = writeln!(terminal::stderr(), "{said}");
    if arguments.shown.results {
        print_results(&Finished::load(stored.folder()).map_err(Box::new)?, out)?;
    }
    Ok(match report.failed() {
        0 => Exit::Success,
        _ => Exit::Failures,
    })
}
