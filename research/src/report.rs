//! The report about one experiment of a stored research.

use std::path::PathBuf;

use research_core::events::ResourceUsage;
use research_core::files::read_regular;
use research_core::{
    Event, ExceptionRecord, ExperimentNumber, FailureKind, Fold, OutputStream, Status, Timestamp,
};
use research_domain::{Config, ExperimentId, Value};
use research_results::{Results, TableOptions};
use research_storage::StoredResearch;
use serde::Serialize;

use crate::error::ResearchError;
use crate::experiment::StoredExperiment;

/// The maximum number of lines of captured output in a report.
const LINES: usize = 20;

/// A report about one experiment of a stored research: its latest attempt, and the failures of all
/// attempts.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ExperimentReport {
    /// The id.
    pub id: ExperimentId,
    /// The parameters.
    pub config: Config,
    /// The config that the worker and the branch added, and the devices.
    pub added: Config,
    /// The repetition, from 0.
    pub repetition: u64,
    /// The number of updates of the domain before the experiment was generated.
    pub updates: u64,
    /// The seed that programs receive.
    pub seed: u32,
    /// The status; `None` if it has not ended.
    pub status: Option<Status>,
    /// The reason, if it did not succeed.
    pub reason: Option<String>,
    /// The number of attempts.
    pub attempts: u32,
    /// The number of the run, from 1.
    pub run: Option<u32>,
    /// The host.
    pub host: Option<String>,
    /// The worker.
    pub worker: u32,
    /// The process that ran the units.
    pub pid: u32,
    /// The start of the attempt, in seconds since 1970.
    pub started: f64,
    /// Its end.
    pub ended: Option<f64>,
    /// Its duration in seconds.
    pub seconds: Option<f64>,
    /// The number of iterations.
    pub iterations: u64,
    /// The resources that it used.
    #[serde(flatten)]
    pub usage: ResourceUsage,
    /// The commands of its units; empty for units that run no program.
    pub commands: Vec<UnitCommand>,
    /// The variables that it saved.
    pub values: Vec<SavedVariable>,
    /// The failures of all attempts, in order.
    pub failures: Vec<FailureReport>,
    /// The last lines of its standard output, if that was captured for each experiment.
    pub stdout: Vec<String>,
    /// The last lines of its standard error, if that was captured for each experiment.
    pub stderr: Vec<String>,
    /// Its folder, if it has one.
    pub folder: Option<PathBuf>,
}

/// The command of a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UnitCommand {
    /// The unit.
    pub unit: String,
    /// The command, as a user would type it.
    pub command: String,
    /// Whether the run recorded it. Otherwise it is derived from the research file, and names of
    /// outputs that were not saved are still in braces.
    pub is_recorded: bool,
}

/// A variable that an experiment saved.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SavedVariable {
    /// The name.
    pub name: String,
    /// The number of values.
    pub values: u64,
    /// The iteration of the last value.
    pub iteration: u64,
    /// The last value; for a large value, the reference to its file.
    pub last: Value,
}

/// A failure of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FailureReport {
    /// The attempt, from 1.
    pub attempt: u32,
    /// The unit; `None` if the process of the executor ended.
    pub unit: Option<String>,
    /// The iteration, from 0.
    pub iteration: u64,
    /// The kind of failure.
    pub kind: FailureKind,
    /// The message.
    pub message: String,
    /// The command of the unit, if it ran one and the run recorded it.
    pub command: Option<String>,
    /// The last lines of the program's output, or a backtrace.
    pub lines: Vec<String>,
}

impl ExperimentReport {
    /// Reads the report of an experiment. `id` may be a unique prefix.
    ///
    /// # Errors
    /// No experiment or several match, or the log cannot be read.
    pub fn load(stored: &StoredResearch, id: &str) -> Result<Self, ResearchError> {
        let missing = || ResearchError::NoExperiment {
            name: stored.name(),
            id: id.to_owned(),
            several: Vec::new(),
        };
        let ids = StoredExperiment::ids(stored, &[id])?;
        let mut results = Results::for_table(&TableOptions::new().ids(&ids));
        let mut failures = Failures {
            id: ids.first().ok_or_else(missing)?,
            number: None,
            attempt: 1,
            added: Config::new(),
            found: Vec::new(),
        };
        stored.replay(&mut [&mut results, &mut failures])?;
        let number = failures.number.ok_or_else(missing)?;
        let experiment = results.experiment(number).ok_or_else(missing)?;
        let folder = stored.folder().join("experiments");
        let folder = folder.join(experiment.record.id.as_str());
        let lines = |stream: OutputStream| {
            // Output that was not captured has no file.
            let bytes = read_regular(&folder.join(stream.file_name())).unwrap_or_default();
            last_lines(&String::from_utf8_lossy(&bytes))
        };
        let saved = experiment.variables().iter().filter_map(|series| {
            let last = series.len().checked_sub(1)?;
            Some(SavedVariable {
                name: series.variable().to_owned(),
                values: series.len() as u64,
                iteration: series.iteration(last)?,
                last: series.column().get(last)?,
            })
        });
        let mut added = failures.added;
        if let Some(device) = &experiment.device {
            added.insert("device", (**device).clone());
        }
        let record = &experiment.record;
        let mut report = Self {
            id: record.id.clone(),
            config: record.config.clone(),
            added,
            repetition: record.repetition,
            updates: record.updates,
            seed: record.short_seed(),
            status: experiment.status,
            reason: experiment.reason.clone(),
            attempts: experiment.attempt,
            run: experiment.run,
            host: experiment.host.as_deref().map(str::to_owned),
            worker: experiment.worker.0,
            pid: experiment.pid,
            started: experiment.started_seconds(),
            ended: experiment
                .ended
                .map(|at| at.seconds_since(Timestamp::default())),
            seconds: experiment.seconds(),
            iterations: experiment.iterations,
            usage: experiment.usage,
            commands: Vec::new(),
            values: saved.collect(),
            failures: failures.found,
            stdout: lines(OutputStream::Stdout),
            stderr: lines(OutputStream::Stderr),
            folder: folder.is_dir().then_some(folder),
        };
        report.commands = report.commands(stored);
        Ok(report)
    }

    /// Returns the recorded commands, or those that are derived from the research file.
    fn commands(&self, stored: &StoredResearch) -> Vec<UnitCommand> {
        let mut commands = self.commands_of_file(stored);
        let attempt = self.attempts;
        for failure in self.failures.iter().filter(|one| one.attempt == attempt) {
            let (Some(unit), Some(command)) = (&failure.unit, &failure.command) else {
                continue;
            };
            let recorded = UnitCommand {
                unit: unit.clone(),
                command: command.clone(),
                is_recorded: true,
            };
            match commands.iter_mut().find(|one| one.unit == *unit) {
                Some(known) => *known = recorded,
                None => commands.push(recorded),
            }
        }
        commands
    }

    #[cfg(not(feature = "file"))]
    fn commands_of_file(&self, _: &StoredResearch) -> Vec<UnitCommand> {
        Vec::new()
    }

    #[cfg(feature = "file")]
    fn commands_of_file(&self, stored: &StoredResearch) -> Vec<UnitCommand> {
        let source = stored.record().source.as_ref();
        // A research that was begun in Rust has no research file.
        let file = source.and_then(|source| crate::file::ResearchFile::from_record(source).ok());
        file.map_or_else(Vec::new, |file| file.commands_of(self, stored.folder()))
    }
}

fn last_lines(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let from = lines.len().saturating_sub(LINES);
    lines[from..]
        .iter()
        .map(|line| (*line).to_owned())
        .collect()
}

/// Collects the failures of an experiment.
struct Failures<'a> {
    id: &'a str,
    number: Option<ExperimentNumber>,
    attempt: u32,
    added: Config,
    found: Vec<FailureReport>,
}

impl Fold for Failures<'_> {
    fn apply(&mut self, event: &Event) {
        match event {
            Event::ExperimentStarted {
                experiment,
                attempt,
                record,
                added,
                ..
            } if record.id.as_str() == self.id => {
                self.number = Some(*experiment);
                self.attempt = *attempt;
                self.added.clone_from(added);
            }
            Event::Exception {
                experiment,
                exception,
                command,
                ..
            } if self.number == Some(*experiment) => {
                let ExceptionRecord {
                    unit,
                    iteration,
                    kind,
                    message,
                    backtrace,
                } = &**exception;
                self.found.push(FailureReport {
                    attempt: self.attempt,
                    unit: unit.clone(),
                    iteration: *iteration,
                    kind: *kind,
                    message: message.clone(),
                    command: command.clone(),
                    lines: backtrace.as_deref().map_or_else(Vec::new, last_lines),
                });
            }
            _ => {}
        }
    }
}
