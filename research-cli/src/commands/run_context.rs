//! The shared part of `research run` and `research resume`: running a research and reporting on it.

use std::io::{self, IsTerminal, Write};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::Args;
use research::base::RunOptions;
use research::base::text::plural;
use research::monitor::{Bar, Monitor, Summary};
use research::storage::{Format, LogResults, StoredResearch, TableOptions};
use research::{CompletedRun, Outcome, Research, Timestamp};

use super::{CommandError, results};
use crate::exit::Exit;
use crate::hints;
use crate::terminal;
use research::file::ResearchFile;

/// The flags for what is shown during a run and at its end.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct Shown {
    /// Hide the progress bar, but show warnings and the summary
    #[arg(long)]
    pub no_bar: bool,
    /// Show only errors, and the summary if experiments failed or the run was interrupted
    #[arg(short, long)]
    pub quiet: bool,
    /// Include the lowest and highest value of this variable in the summary; may be repeated
    /// [default: the only numeric variable]
    #[arg(long, value_name = "VAR")]
    pub summary_of: Vec<String>,
    /// Print the results at the end
    #[arg(long)]
    pub results: bool,
}

/// Overrides the number of workers. A list of worker configs is truncated; more workers than
/// configs are an error when the run begins.
pub(super) fn set_workers(options: &mut RunOptions, workers: Option<NonZeroU32>) {
    if let Some(workers) = workers {
        options.workers = workers.into();
        options.worker_configs.truncate(options.workers as usize);
    }
}

/// The flag for the directory in which the commands of a stored research run.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Working directory")]
pub struct WorkingDirectory {
    /// Run commands in the current directory, instead of the one where the research was started
    #[arg(long)]
    pub here: bool,
}

impl WorkingDirectory {
    /// Returns the directory, and prints it if it is not the current one, unless `quiet`.
    pub(super) fn find(
        self,
        stored: &StoredResearch,
        quiet: bool,
    ) -> Result<PathBuf, CommandError> {
        let current = std::env::current_dir()?;
        if self.here {
            return Ok(current);
        }
        let record = stored.record();
        let directory = record
            .working_directory(&absolute(stored.folder())?)
            .ok_or_else(|| CommandError::DirectoryGone(record.directory.clone()))?;
        let is_current = match (directory.canonicalize(), current.canonicalize()) {
            (Ok(directory), Ok(current)) => directory == current,
            _ => false,
        };
        if !is_current && !quiet {
            terminal::message(format_args!(
                "commands run in {}, where the research was started; \
                 use `--here` for the current directory",
                directory.display()
            ));
        }
        Ok(directory)
    }
}

fn absolute(folder: &Path) -> io::Result<PathBuf> {
    folder
        .canonicalize()
        .or_else(|_| std::path::absolute(folder))
}

/// Returns the recorded research file, with the current name of its folder, and the parent of the
/// folder. Changes the current directory to `directory`.
pub(super) fn recorded(
    stored: &StoredResearch,
    directory: &Path,
) -> Result<(ResearchFile, PathBuf), CommandError> {
    let record = stored.record();
    let source = record.source.as_ref();
    let source = source.ok_or_else(|| CommandError::NotFromFile(stored.name()))?;
    let mut file = ResearchFile::from_record(source)?;
    let folder = absolute(stored.folder())?;
    // The folder may have been renamed.
    if let Some(name) = folder.file_name() {
        file.name = name.to_string_lossy().into_owned();
    }
    std::env::set_current_dir(directory)?;
    let base = folder.parent().unwrap_or(Path::new("/"));
    Ok((file, base.to_owned()))
}

/// Runs a research, shows its progress, and prints the summary. `path` is the path that the user
/// types for the research in other commands.
pub(super) fn run_with(
    file: &ResearchFile,
    path: &Path,
    mut research: Research,
    shown: &Shown,
    out: &mut dyn Write,
    run: impl FnOnce(Research) -> Result<CompletedRun, research::ResearchError>,
) -> Result<Exit, CommandError> {
    // The results of a research in memory exist only as output.
    let in_memory = !file.dump_results;
    let monitor = Monitor::new();
    research = research.on_large_tables(|| {
        let _ = writeln!(
            terminal::stderr(),
            "the run has ended; writing results.parquet and experiments.parquet \
             (killing the program now loses no results)"
        );
    });
    research = if shown.quiet {
        research.subscriber(monitor.clone())
    } else if shown.no_bar {
        research.subscriber(Bar::alerts(monitor.clone()))
    } else {
        research.subscriber(Bar::stderr(&file.name, monitor.clone()))
    };
    let finished = match run(research).map_err(Box::new) {
        Ok(finished) => finished,
        // The bar has shown the error already.
        Err(error) if !shown.quiet && monitor.state().has_error(&error.to_string()) => {
            terminal::message(conclusion(file, path, &monitor, shown));
            return Ok(CommandError::from(error).exit());
        }
        Err(error) => return Err(error.into()),
    };
    let exit = exit(&finished, &monitor);
    if !shown.quiet || exit != Exit::Success {
        terminal::message(conclusion(file, path, &monitor, shown));
    }
    if let Some(failure) = finished.env_failure() {
        terminal::message(format_args!("warning: {failure}"));
    }
    if let Some(failure) = finished.tables_failure() {
        terminal::message(format_args!(
            "warning: the Parquet tables are missing or outdated: {failure}; {}",
            hints::write_tables(path)
        ));
    }
    if shown.results || in_memory {
        print_results(&finished, out)?;
    }
    Ok(exit)
}

/// Returns the summary of the run, and the next command to type. `path` is the path that the user
/// types for the research.
fn conclusion(file: &ResearchFile, path: &Path, monitor: &Monitor, shown: &Shown) -> String {
    let state = monitor.state();
    let summary = Summary::new(&state, Timestamp::now()).with_variables(&state, &shown.summary_of);
    let mut lines = vec![summary.to_string()];
    for variable in &shown.summary_of {
        let mut known = summary.variables.iter();
        if known.all(|known| *known.variable != **variable) {
            lines.push(format!(
                "  {variable}: no experiment saved a number of this name"
            ));
        }
    }
    let is_complete = state.outcome() == Some(Outcome::Complete);
    if !file.updates.is_empty() && is_complete {
        lines.push(format!(
            "  complete: no [[update]] returned another domain after {}, following {}",
            plural(state.generated_experiments(), "experiment"),
            plural(state.updates(), "update"),
        ));
    }
    if file.dump_results {
        let ids: Vec<&str> = summary.examples().map(AsRef::as_ref).collect();
        lines.extend(hints::show(path, &ids));
        if !is_complete {
            lines.push(hints::resume(path));
        } else {
            if summary.has_failures() {
                lines.push(hints::rerun_failed(path, &summary.failures));
            }
            if !shown.results && io::stderr().is_terminal() {
                lines.push(hints::results(path));
            }
        }
    }
    lines.join("\n")
}

/// Returns the exit code of a run. Failures of earlier runs count, so a run and those that resume
/// it have the same exit code.
fn exit(finished: &CompletedRun, monitor: &Monitor) -> Exit {
    match finished.report() {
        Some(report) if report.outcome == Outcome::Interrupted => Exit::Interrupted,
        _ if monitor.state().failed_experiments() > 0 => Exit::Failures,
        _ => Exit::Success,
    }
}

pub(super) fn print_results(
    finished: &CompletedRun,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let options = TableOptions::default();
    let is_empty = match finished.folder() {
        Some(folder) => {
            let results = LogResults::new(StoredResearch::load(folder)?.events()?)?;
            !results.table(&options)?.write(Format::Table, out)?
        }
        None => {
            let results = finished.results().load_for(&options).map_err(Box::new)?;
            results::write(&results.to_table(&options)?, results::Format::Table, out)?
        }
    };
    if is_empty {
        results::note(out, results::why_nothing(finished.record()))?;
    }
    Ok(())
}
