//! Programs that update the domain.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use research_core::files::create_folders;
use research_core::units::UnitBody;
use research_core::{
    Event, Experiment, ExperimentNumber, ExperimentRecord, FailureKind, UnitError,
};
use research_domain::{Config, Domain, ExperimentId, Value};
use research_exec::program::{
    OutputSpec, ProgramCallable, ProgramCommand, ProgramError, ProgramSpec, Run, Shell,
};
use research_exec::{Executor, NewDomain, TaskExperiment};
use tempfile::{NamedTempFile, TempDir};

use super::UpdateContext;

/// The folder inside that of the research for the input and the output of programs.
const FOLDER: &str = "updates";
/// The results so far.
const RESULTS: &str = "results.csv";

/// The additional names in commands of updates.
const KEYS: [&str; 4] = ["results", "generated", "unfinished", "failed"];
/// The environment variable with the folder of the research.
const DIRECTORY: &str = "RESEARCH_DIR";

/// A program that updates the domain: it reads the results so far, and prints the new domain as
/// an expression, or nothing.
///
/// In its command, `{results}` is the path of a CSV file with the results so far, with auxiliary
/// columns and `status`, and a row for each experiment without values. `{generated}` is the number
/// of experiments taken from the domain, `{unfinished}` the number that have not ended, `{failed}`
/// the number that did not succeed, `{updates}` the number of updates, `{seed}` a seed, and
/// `{path}` a folder for files to keep. `RESEARCH_DIR` is the folder of the research, if it has
/// one. The last line of output that is not blank is the domain. The program runs in the directory
/// where the research was started.
///
/// ```
/// use research::exec::program::Run;
/// use research::ProgramUpdate;
///
/// let run = Run::Line("python3 next.py {results}".to_owned());
/// let update = ProgramUpdate::new(run, false)?.n_reps(3);
/// assert_eq!(update.to_string(), "python3 next.py {results}");
///
/// let wrong = Run::Line("next {result}".to_owned());
/// assert!(ProgramUpdate::new(wrong, false).is_err());
/// # Ok::<(), research::exec::program::ProgramError>(())
/// ```
#[derive(Debug)]
pub struct ProgramUpdate {
    experiment: Experiment,
    text: String,
    n_configs: Option<u64>,
    n_reps: Option<u64>,
    repeat_each: Option<u64>,
    timeout: Option<Duration>,
    /// The path of the results of a research that is kept in memory.
    temporary: Option<TempDir>,
}

impl ProgramUpdate {
    /// Creates an update from a command, which a shell runs if `shell` is set.
    ///
    /// # Errors
    /// The command is invalid, or contains an unknown name.
    pub fn new(run: Run, shell: impl Into<Shell>) -> Result<Self, ProgramError> {
        let text = match &run {
            Run::Line(line) => line.clone(),
            Run::List(words) => words.join(" "),
        };
        let command = ProgramCommand::new(&ProgramSpec {
            shell: shell.into(),
            output: OutputSpec::Text,
            ..ProgramSpec::new(run)
        })?;
        let names = command.units_read(&KEYS, &[]);
        names.map_err(|unknown| ProgramError::CannotStart(unknown.to_string()))?;
        let body = UnitBody::Callable(Arc::new(ProgramCallable::new(command)));
        let experiment = Experiment::builder().body("update", body, true, &[]);
        let experiment = experiment.save_to("domain").build();
        Ok(Self {
            // An experiment with one valid unit can always be built.
            experiment: experiment.map_err(|error| ProgramError::CannotStart(error.to_string()))?,
            text,
            n_configs: None,
            n_reps: None,
            repeat_each: None,
            timeout: None,
            temporary: None,
        })
    }

    /// Sets the number of configs taken from a new domain. Default: all.
    #[must_use]
    pub fn n_configs(mut self, n_configs: impl Into<Option<u64>>) -> Self {
        self.n_configs = n_configs.into();
        self
    }

    /// Sets the repetitions of each config. Default: as in the first domain.
    #[must_use]
    pub fn n_reps(mut self, n_reps: impl Into<Option<u64>>) -> Self {
        self.n_reps = n_reps.into();
        self
    }

    /// Sets the number of configs in a repeated block. Default: as in the first domain.
    #[must_use]
    pub fn repeat_each(mut self, configs: impl Into<Option<u64>>) -> Self {
        self.repeat_each = configs.into();
        self
    }

    /// Sets the timeout of the program. Default: none. The program and its descendants are then
    /// killed, and the run ends as after any failed update.
    #[must_use]
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into();
        self
    }

    /// Runs the program, and returns its answer.
    pub(super) fn ask(
        &mut self,
        context: &UpdateContext<'_>,
    ) -> Result<Option<NewDomain>, UnitError> {
        let folder = self.folder(context)?;
        let results = folder.join(RESULTS);
        write_results(context, &folder, &results)?;
        let output = self.run(context, folder, &results)?;
        let Some(line) = output.lines().rev().find(|line| !line.trim().is_empty()) else {
            return Ok(None);
        };
        let domain = line.parse::<Domain>().map_err(|error| {
            UnitError::new(format!(
                "the last line that it printed is not a valid domain: {error}"
            ))
        })?;
        Ok(Some(NewDomain {
            domain,
            n_configs: self.n_configs,
            n_reps: self.n_reps,
            repeat_each: self.repeat_each,
        }))
    }

    fn folder(&mut self, context: &UpdateContext<'_>) -> io::Result<PathBuf> {
        let folder = match (context.folder(), &self.temporary) {
            (Some(folder), _) => folder.join(FOLDER),
            (None, Some(temporary)) => temporary.path().join(FOLDER),
            (None, None) => {
                let temporary = tempfile::Builder::new()
                    .prefix("research-update-")
                    .tempdir()?;
                self.temporary.insert(temporary).path().join(FOLDER)
            }
        };
        // Large output is stored in a file beside this folder.
        if let Some(research) = folder.parent() {
            create_folders(research, &folder)?;
        }
        std::path::absolute(folder)
    }

    /// Runs the program as the only unit of an experiment, and returns its output.
    fn run(
        &self,
        context: &UpdateContext<'_>,
        folder: PathBuf,
        results: &Path,
    ) -> Result<String, UnitError> {
        let (generated, updates) = (context.generated(), context.updates());
        let path = results.to_str().ok_or_else(|| {
            UnitError::new(format!("the path {} is not valid UTF-8", results.display()))
        })?;
        let record = ExperimentRecord {
            id: ExperimentId::parse(&format!("after-{generated}"))?,
            place: 0,
            config: Config::from_pairs([("results", path)])
                .with("generated", generated)
                .with("unfinished", context.unfinished())
                .with("failed", context.failed()),
            repetition: 0,
            updates,
            seed: context.seed(),
        };
        let task = TaskExperiment {
            number: ExperimentNumber(0),
            attempt: 1,
            failures: 0,
            branch: 0,
            record: Arc::new(record),
        };
        let beside = folder.parent().unwrap_or(&folder).to_owned();
        let mut events = Vec::new();
        let directory = context.folder().map(std::path::absolute).transpose()?;
        let mut executor = Executor::new(self.experiment.clone())
            .marked(context.mark)
            .experiments_folder(Some(folder))
            .variables(directory.map(|folder| (DIRECTORY.to_owned(), folder.into_os_string())));
        if let Some(timeout) = self.timeout {
            executor = executor.timeout(timeout);
        }
        executor.run_task(vec![task], &mut events)?;
        output(events, &beside).map_err(|error| match (error.kind(), self.timeout) {
            (FailureKind::TimedOut, Some(timeout)) => {
                let reason =
                    format!("it ran longer than its `timeout` of {timeout:?}, and was killed");
                with_lines(FailureKind::TimedOut, reason, error.backtrace())
            }
            _ => error,
        })
    }
}

/// Returns the output of the program, from an event or a file in this folder, or its error.
fn output(events: Vec<Event>, folder: &Path) -> Result<String, UnitError> {
    let mut output = String::new();
    for event in events {
        match event {
            Event::Values { column, .. } => {
                if let Some(Value::Text(text)) = column.get(0) {
                    output = text;
                }
            }
            Event::LargeValue { value, .. } => {
                if let Value::Text(text) = value.read(folder)? {
                    output = text;
                }
            }
            Event::Exception { exception, .. } => {
                let lines = exception.backtrace.as_deref();
                return Err(with_lines(exception.kind, exception.message, lines));
            }
            _ => {}
        }
    }
    Ok(output)
}

fn with_lines(kind: FailureKind, message: String, lines: Option<&str>) -> UnitError {
    let error = UnitError::of_kind(kind, message);
    match lines {
        Some(lines) => error.with_backtrace(lines),
        None => error,
    }
}

/// Replaces the results file.
fn write_results(context: &UpdateContext<'_>, folder: &Path, path: &Path) -> Result<(), UnitError> {
    let mut file = BufWriter::new(NamedTempFile::new_in(folder)?);
    context.seen.write(context.sees_all, &mut file)?;
    file.flush()?;
    let file: NamedTempFile<File> = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.persist(path)?;
    Ok(())
}

/// The command.
impl fmt::Display for ProgramUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
