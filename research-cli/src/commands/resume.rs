//! `research resume`: runs the rest of a research.

use std::io::Write;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::Args;
use research::monitor::StatusReport;
use research::storage::{LocalStorage, LostEnd, StoredResearch};
use research::{CompletedRun, Research, ResearchError, ResumePlan};

use super::detach::{self, Background};
use super::run_context::{Shown, WorkingDirectory, print_results, recorded, run_with, set_workers};
use super::{CommandError, status};
use crate::exit::Exit;
use crate::hints;
use crate::terminal;
use research::file::{Origin, ResearchFile};

/// Resume an interrupted research
#[derive(Debug, Args)]
#[command(
    long_about = "\
Resume an interrupted research: run the experiments that are missing, and nothing else.

Experiments that ended keep their results; the others get the ids and seeds that they would have
had. The recorded research file is used, even if the file has changed since.

With --file, use a changed research file: only experiments that are new in its domain run. Drawn
values stay the same when values are added to lists or terms to sums; a warning reports how many
experiments of earlier runs are not in the new domain. Workers, devices, retries, timeouts and
similar options may change as well. Changes of units, updates, n_iters, finalize, create_id_prefix
or the seed are refused, because the results would not be comparable; --allow-changes allows all of
them but those of the seed and create_id_prefix.",
    after_help = "\
Examples:
  research resume power
  research resume power -w 8
  research resume power --failed
  research resume power --file research.toml      after its domain was extended
  research resume power --file research.toml --dry-run      what of it would be run"
)]
pub struct Arguments {
    /// The research: its folder, as a name or a path
    pub name: PathBuf,
    /// The number of worker processes [default: as recorded]
    #[arg(short, long, value_name = "N")]
    pub workers: Option<NonZeroU32>,
    /// The devices of the experiments [default: as recorded]
    #[arg(long, value_name = "D,…", value_delimiter = ',')]
    pub devices: Vec<String>,
    /// Also run failed, killed and timed-out experiments again
    #[arg(long)]
    pub failed: bool,
    /// Use this research file: run what is new in its domain
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Set a key of that file, such as workers=4; may be repeated
    #[arg(long, value_name = "KEY=VALUE", requires = "file")]
    pub set: Vec<String>,
    /// Resume even if units, updates or iterations have changed
    #[arg(long, requires = "file")]
    pub allow_changes: bool,
    /// Print how many experiments would run, and how many are no longer in the domain
    #[arg(long, conflicts_with = "detach")]
    pub dry_run: bool,
    /// Working directory.
    #[command(flatten)]
    pub directory: WorkingDirectory,
    /// Background.
    #[command(flatten)]
    pub background: Background,
    /// Output.
    #[command(flatten)]
    pub shown: Shown,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let stored = StoredResearch::load(&arguments.name)?;
    let report = status::report(&stored)?;
    let is_done = report.state.is_complete() && arguments.file.is_none();
    if is_done && !(arguments.failed && report.unsuccessful() > 0) {
        return nothing_to_do(arguments, &report, &stored, out);
    }
    let directory = arguments.directory.find(&stored, arguments.shown.quiet)?;
    if arguments.background.is_requested() && !arguments.dry_run {
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
    let mut research = arguments
        .background
        .detach_if_background(file.research()?)?;
    if let Some(source) = record.source.clone().filter(|_| arguments.file.is_none()) {
        // Keep the recorded file unchanged, even if this version would write it differently.
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
    run_with(
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
    let least = if plan.is_partial { "at least " } else { "" };
    writeln!(
        out,
        "{}: {done} done, {again} to run again, {least}{new} new",
        name.display()
    )?;
    if let Some(warning) = plan.warning() {
        writeln!(out, "{warning}")?;
    }
    Ok(Exit::Success)
}

/// Reads the file that replaces the recorded one.
fn changed_file(
    arguments: &Arguments,
    path: &Path,
    recorded: &ResearchFile,
    name: &str,
) -> Result<ResearchFile, CommandError> {
    let file = ResearchFile::load_to_run(path, &arguments.set)?.with_forms_of(recorded);
    let changes = file.changes_of_programs(recorded);
    if changes.is_empty() || arguments.allow_changes {
        return Ok(file);
    }
    let name = name.to_owned();
    Err(Box::new(ResearchError::Changed { name, changes }).into())
}

/// Reports that a research is complete, and exits like the run that completed it. A torn end of its
/// log is cut off, as in any research that is resumed.
fn nothing_to_do(
    arguments: &Arguments,
    report: &StatusReport,
    stored: &StoredResearch,
    out: &mut dyn Write,
) -> Result<Exit, CommandError> {
    if !arguments.dry_run && matches!(stored.lost_end()?, Some(LostEnd::Torn(_))) {
        let (_locked, torn) = LocalStorage::open(stored.folder())?;
        if let Some(torn) = torn {
            terminal::message(format_args!("warning: {}", torn.cut_off()));
        }
    }
    let counts = report.counts.iter();
    let counts = counts.map(|count| format!("{} {}", count.count, count.status));
    let mut lines = vec![format!(
        "{} is complete, nothing to run: {}",
        arguments.name.display(),
        counts.collect::<Vec<_>>().join(", ")
    )];
    lines.extend(report.failures.iter().map(|group| format!("  {group}")));
    if report.unsuccessful() > 0 {
        lines.push(hints::rerun_failed(&arguments.name, &report.failures));
    }
    terminal::message(lines.join("\n"));
    if arguments.shown.results {
        print_results(&CompletedRun::load(stored.folder()).map_err(Box::new)?, out)?;
    }
    Ok(match report.unsuccessful() {
        0 => Exit::Success,
        _ => Exit::Failures,
    })
}
