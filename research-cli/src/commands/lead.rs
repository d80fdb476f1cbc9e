//! What `research run` and `research resume` have in common: leading a run, and telling of it.

use std::io::{self, IsTerminal, Write};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clap::Args;
use research::core::{Delivery, Event, LogLevel, RunOptions, Subscriber, plural, shell_word};
use research::monitor::{Bar, Monitor, Summary};
use research::storage::{Format, StoredResearch, TableOptions};
use research::{Finished, Outcome, Research, Timestamp};

use super::{CommandError, results};
use crate::exit::Exit;
use crate::terminal;
use research::file::ResearchFile;

/// What is shown while it runs and at its end.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is shown")]
pub struct Shown {
    /// Show no progress, only warnings and the summary
    #[arg(long)]
    pub no_bar: bool,
    /// Show nothing but errors, and the summary if something failed or was interrupted
    #[arg(short, long)]
    pub quiet: bool,
    /// Sum up this variable: its lowest and highest value, and the configs that gave them; without
    /// it, the only variable that is a number; can be given several times
    #[arg(long, value_name = "VAR")]
    pub summary_of: Vec<String>,
    /// Print the results at the end, as `research results` does
    #[arg(long)]
    pub results: bool,
}

/// Takes another number of workers. Of a list of configs the first ones are left; there cannot be
/// more workers than these, which is said when the run begins.
pub(super) fn set_workers(options: &mut RunOptions, workers: Option<NonZeroU32>) {
    if let Some(workers) = workers {
        options.workers = workers.into();
        options.worker_configs.truncate(options.workers as usize);
    }
}

/// Where the commands of a stored research run.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Where commands run")]
pub struct WorkingDirectory {
    /// Run commands in the current folder, instead of the one where the research was begun
    #[arg(long)]
    pub here: bool,
}

impl WorkingDirectory {
    /// The folder, which is printed if it is not the current one, unless only errors are.
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
            let _ = writeln!(
                terminal::stderr(),
                "commands run in {}, where the research was begun; `--here` runs them in the current folder",
                directory.display()
            );
        }
        Ok(directory)
    }
}

fn absolute(folder: &Path) -> io::Result<PathBuf> {
    folder
        .canonicalize()
        .or_else(|_| std::path::absolute(folder))
}

/// The research file that was recorded of a research, with the name that its folder has now, and the
/// folder that this is in. From here on the program is in `directory`.
pub(super) fn recorded(
    stored: &StoredResearch,
    directory: &Path,
) -> Result<(ResearchFile, PathBuf), CommandError> {
    let record = stored.record();
    let source = record.source.as_ref();
    let source = source.ok_or_else(|| CommandError::NotFromFile(stored.name()))?;
    let mut file = ResearchFile::from_record(source)?;
    let folder = absolute(stored.folder())?;
    // A folder that was renamed is the research all the same.
    if let Some(name) = folder.file_name() {
        file.name = name.to_string_lossy().into_owned();
    }
    std::env::set_current_dir(directory)?;
    let base = folder.parent().unwrap_or(Path::new("/"));
    Ok((file, base.to_owned()))
}

/// Runs it, shows how it goes, and says at the end what came of it; `called` is how people call it
/// in other commands.
pub(super) fn lead(
    file: &ResearchFile,
    called: &Path,
    mut research: Research,
    shown: &Shown,
    out: &mut dyn Write,
    run: impl FnOnce(Research) -> Result<Finished, research::ResearchError>,
) -> Result<Exit, CommandError> {
    // Nothing is left of a research that is kept in memory but what is printed.
    let in_memory = !file.dump_results;
    let monitor = Monitor::new();
    research = if shown.quiet {
        research.subscriber(monitor.clone())
    } else if shown.no_bar {
        research.subscriber(Bar::notices(monitor.clone()))
    } else {
        research.subscriber(Bar::stderr(&file.name, monitor.clone()))
    };
    let said = Said::default();
    research = research.subscriber(said.clone());
    let finished = match run(research).map_err(Box::new) {
        Ok(finished) => finished,
        // It was shown when it happened.
        Err(error) if !shown.quiet && said.has(&error.to_string()) => {
            let conclusion = conclusion(file, called, &monitor, shown);
            let _ = writeln!(terminal::stderr(), "{conclusion}");
            return Ok(CommandError::from(error).exit());
        }
        Err(error) => return Err(error.into()),
    };
    let exit = exit(&finished, &monitor);
    if !shown.quiet || exit != Exit::Success {
        let conclusion = conclusion(file, called, &monitor, shown);
        // What cannot be said on standard error is in the log.
        let _ = writeln!(terminal::stderr(), "{conclusion}");
    }
    if let Some(failure) = finished.env_failure() {
        let _ = writeln!(terminal::stderr(), "warning: {failure}");
    }
    if shown.results || in_memory {
        print_results(&finished, out)?;
    }
    Ok(exit)
}

/// The errors that the run has told of, as its bar shows them.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<String>>>);

impl Said {
    fn texts(&self) -> MutexGuard<'_, Vec<String>> {
        // What was added is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, text: &str) -> bool {
        self.texts().iter().any(|said| said == text)
    }
}

impl Subscriber for Said {
    fn delivery(&self) -> Delivery {
        Delivery::Synchronous
    }

    fn on_events(&mut self, events: &[Event]) {
        for event in events {
            if let Event::Message {
                experiment: None,
                level: LogLevel::Error,
                text,
                ..
            } = event
            {
                self.texts().push(text.clone());
            }
        }
    }
}

/// What is said at the end: the summary, and what to do next.
fn conclusion(file: &ResearchFile, called: &Path, monitor: &Monitor, shown: &Shown) -> String {
    let picture = monitor.picture();
    let summary =
        Summary::of(&picture, Timestamp::now()).with_variables(&picture, &shown.summary_of);
    let mut said = summary.to_string();
    for variable in &shown.summary_of {
        if !summary
            .variables
            .iter()
            .any(|known| known.variable == *variable)
        {
            said.push_str(&format!(
                "\n  {variable}: no experiment has saved a number of this name"
            ));
        }
    }
    if !file.updates.is_empty() && picture.outcome() == Some(Outcome::Complete) {
        said.push_str(&format!(
            "\n  the research is complete because no [[update]] returned another domain after {}, with {} before",
            plural(picture.generated_experiments(), "experiment"),
            plural(picture.updates(), "update"),
        ));
    }
    if !file.dump_results {
        return said;
    }
    let called = called.to_string_lossy();
    let name = shell_word(&called);
    let logs = summary
        .examples()
        .map(|id| format!("research logs {name} --id {id}"));
    match logs.collect::<Vec<_>>().as_slice() {
        [] => {}
        [one] => said.push_str(&format!("\nsee more of one with `{one}`")),
        all => {
            said.push_str("\nsee more of one of each with\n  ");
            said.push_str(&all.join("\n  "));
        }
    }
    if picture.outcome() != Some(Outcome::Complete) {
        said.push_str(&format!("\ngo on with `research resume {name}`"));
        return said;
    }
    if summary.has_failures() {
        said.push_str(&format!("\n{}", again(&name)));
    }
    if !shown.results && io::stderr().is_terminal() {
        said.push_str(&format!("\nsee the results with `research results {name}`"));
    }
    said
}

/// How what did not succeed is run again.
pub(super) fn again(name: &str) -> String {
    format!("run what failed again with `research resume {name} --failed`")
}

/// How the research stands when the run has ended: what failed in earlier runs of it counts, too, so
/// that a run and those that resume it say the same.
fn exit(finished: &Finished, monitor: &Monitor) -> Exit {
    match finished.report() {
        Some(report) if report.outcome == Outcome::Interrupted => Exit::Interrupted,
        _ if monitor.picture().failed_experiments() > 0 => Exit::Failures,
        _ => Exit::Success,
    }
}

pub(super) fn print_results(finished: &Finished, out: &mut dyn Write) -> Result<(), CommandError> {
    let options = TableOptions::default();
    let results = finished.results().load_for(&options).map_err(Box::new)?;
    let table = results.to_table(&options)?;
    table.write(Format::Table, out)?;
    if results::is_empty(&table) {
        results::note(out, results::why_nothing(finished.record()))?;
    }
    Ok(())
}
