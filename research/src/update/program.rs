//! Programs that update the domain.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use research_core::{
    Event, Experiment, ExperimentNumber, ExperimentRecord, FailureKind, UnitBody, UnitError,
    create_folders,
};
use research_domain::{Config, Domain, ExperimentId, Value};
use research_exec::program::{
    OutputSpec, ProgramCallable, ProgramCommand, ProgramError, ProgramSpec, Run,
};
use research_exec::{Executor, NewDomain, TaskExperiment};
use tempfile::{NamedTempFile, TempDir};

use super::UpdateContext;

/// The folder, within that of the research, of what programs are given and what they leave behind.
const FOLDER: &str = "updates";
/// The results so far.
const RESULTS: &str = "results.csv";

/// The names that a command may refer to, beside those that every command may.
const KEYS: [&str; 4] = ["results", "generated", "unfinished", "failed"];
/// The variable with the research's folder.
const DIRECTORY: &str = "RESEARCH_DIR";

/// A program that updates the domain: it reads the results so far, and prints the new domain as
/// an expression, or nothing.
///
/// In its command, `{results}` is the path of a file with the results so far, which is written anew
/// each time: what `research results --format csv --aux` prints, with a column `status`, and a row
/// for each experiment that has saved nothing. `{generated}` is how many experiments were taken from the
/// domain, `{unfinished}` how many of these have not ended, `{failed}` how many did not succeed,
/// `{updates}` how often the domain was updated, `{seed}` a seed of its own, and `{path}` a folder for
/// what it wants to keep. `RESEARCH_DIR` is the research's folder, if it has one. The last line of its output that is not blank is
/// the domain. It is run where the research was begun.
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
    /// Where results are written of a research that is kept in memory.
    temporary: Option<TempDir>,
}

impl ProgramUpdate {
    /// A program with its arguments, through a shell or not.
    ///
    /// # Errors
    /// A command that cannot be, or that refers to what there is not.
    pub fn new(run: Run, shell: bool) -> Result<Self, ProgramError> {
        let text = match &run {
            Run::Line(line) => line.clone(),
            Run::List(words) => words.join(" "),
        };
        let command = ProgramCommand::new(&ProgramSpec {
            run,
            shell,
            output: OutputSpec::Text,
        })?;
        let names = command.units_read(&KEYS, &[]);
        names.map_err(|unknown| ProgramError::CannotStart(unknown.to_string()))?;
        let body = UnitBody::Callable(Arc::new(ProgramCallable::new(command)));
        let experiment = Experiment::builder().body("update", body, true, &[]);
        let experiment = experiment.save_to("domain").build();
        Ok(Self {
            // One unit of a name that is a name can always be built.
            experiment: experiment.map_err(|error| ProgramError::CannotStart(error.to_string()))?,
            text,
            n_configs: None,
            n_reps: None,
            repeat_each: None,
            timeout: None,
            temporary: None,
        })
    }

    /// Sets how many configs are taken from its domains; all, if not set.
    #[must_use]
    pub fn n_configs(mut self, n_configs: impl Into<Option<u64>>) -> Self {
        self.n_configs = n_configs.into();
        self
    }

    /// Sets how often each config of its domains is run; as often as in the first domain, if not
    /// set.
    #[must_use]
    pub fn n_reps(mut self, n_reps: impl Into<Option<u64>>) -> Self {
        self.n_reps = n_reps.into();
        self
    }

    /// Sets after how many configs they are repeated; as in the first domain, if not set.
    #[must_use]
    pub fn repeat_each(mut self, configs: impl Into<Option<u64>>) -> Self {
        self.repeat_each = configs.into();
        self
    }

    /// Sets how long it may take; any time, if not set. When the time is over it is killed, with all
    /// that it has started, and the run ends as after any failure of an update.
    #[must_use]
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into();
        self
    }

    /// Runs it.
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
                "the last line that it printed is no domain: {error}"
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
        // What it prints may be large, and has a file beside this folder then.
        if let Some(research) = folder.parent() {
            create_folders(research, &folder)?;
        }
        std::path::absolute(folder)
    }

    /// Runs it as the one unit of an experiment, and gives its output.
    fn run(
        &self,
        context: &UpdateContext<'_>,
        folder: PathBuf,
        results: &Path,
    ) -> Result<String, UnitError> {
        let (generated, updates) = (context.generated(), context.updates());
        let path = results.to_str().ok_or_else(|| {
            UnitError::new(format!("the path {} is no UTF-8 text", results.display()))
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

/// What the program printed, in an event or in a file in this folder, or how it failed.
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

/// Puts the results so far in the place of those of the time before.
fn write_results(context: &UpdateContext<'_>, folder: &Path, path: &Path) -> Result<(), UnitError> {
    let mut file = BufWriter::new(NamedTempFile::new_in(folder)?);
    context.seen.write(context.sees_all, &mut file)?;
    file.flush()?;
    let file: NamedTempFile<File> = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.persist(path)?;
    Ok(())
}

/// Its command.
impl fmt::Display for ProgramUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
