//! How a research stands, for people and for programs.

use std::collections::BTreeMap;
use std::fmt;

use research_core::{FailureKind, Outcome, Status, Timestamp, WorkerNumber, shell_word};
use research_domain::Config;
use serde::Serialize;

use crate::picture::{Picture, RunningExperiment};
use crate::summary::{FailureGroup, Summary};
use crate::words;

/// How a research stands at a moment: what `research status` shows.
///
/// Printed, it is text of several lines; serialised, it has all of it as numbers.
#[derive(Clone, Debug, Serialize)]
pub struct StatusReport {
    /// The name of the research.
    pub name: String,
    /// How things stand.
    pub state: State,
    /// The process that leads the run.
    pub pid: Option<u32>,
    /// How many seconds it has run.
    pub seconds: f64,
    /// How many experiments there are in all, if that is known.
    pub total: Option<u64>,
    /// How many of them ended.
    pub finished: u64,
    /// How many have not, if that is known.
    pub remaining: Option<u64>,
    /// How many iterations were done.
    pub iterations: u64,
    /// How many were begun.
    pub generated: u64,
    /// How often the domain was updated.
    pub updates: u64,
    /// How many experiments updates of the domain took back before they were begun.
    pub withdrawn: u64,
    /// How many ended with each status.
    pub counts: Vec<StatusCount>,
    /// How many exceptions there were.
    pub exceptions: u64,
    /// How much gets done each second.
    pub rate: Option<f64>,
    /// Of what.
    pub rate_of: &'static str,
    /// The expected number of seconds until the end.
    pub seconds_left: Option<f64>,
    /// One standard deviation of it.
    pub seconds_left_uncertainty: Option<f64>,
    /// The workers, and what they do.
    pub workers: Vec<WorkerReport>,
    /// The last few exceptions, oldest first.
    pub recent_exceptions: Vec<ExceptionReport>,
    /// Why experiments failed, the most frequent cause first.
    pub failures: Vec<FailureGroup>,
    /// How it is called in commands.
    #[serde(skip)]
    called: String,
    #[serde(skip)]
    course: String,
    #[serde(skip)]
    progress: String,
}

/// How things stand with a research.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing has run yet.
    New,
    /// A run goes on.
    Running,
    /// The last run ended without saying so: its process was killed, or the machine went down.
    Broken,
    /// Every experiment has a final status.
    Complete,
    /// It was stopped before that.
    Interrupted,
    /// It could not go on.
    Aborted,
}

/// How many experiments ended with a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StatusCount {
    /// The status.
    pub status: Status,
    /// How many.
    pub count: u64,
}

/// A worker, and what it does.
#[derive(Clone, Debug, Serialize)]
pub struct WorkerReport {
    /// Its number.
    pub worker: u32,
    /// Its process, if its start was told.
    pub pid: Option<u32>,
    /// How many experiments ended in it.
    pub experiments: u64,
    /// Why it is gone, if it is gone without having been asked to go.
    pub lost: Option<String>,
    /// What it waits for before it begins an experiment, if it waits.
    pub waits: Option<String>,
    /// The experiments that it runs.
    pub running: Vec<RunningReport>,
}

/// An experiment that runs.
#[derive(Clone, Debug, Serialize)]
pub struct RunningReport {
    /// Its id.
    pub id: String,
    /// Its parameters.
    pub config: Config,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// The process that runs its units.
    pub pid: u32,
    /// For how many seconds it has run.
    pub seconds: f64,
    /// How many iterations it has done.
    pub iterations: u64,
}

/// An error or a panic of a unit.
#[derive(Clone, Debug, Serialize)]
pub struct ExceptionReport {
    /// The experiment's id, if its start was seen.
    pub id: Option<String>,
    /// The unit; `None` where the executor's process itself ended.
    pub unit: Option<String>,
    /// The iteration, from 0.
    pub iteration: u64,
    /// How it failed.
    pub kind: FailureKind,
    /// What went wrong.
    pub message: String,
    /// How many seconds ago.
    pub seconds_ago: f64,
}

impl StatusReport {
    /// The report of a picture. `alive` says whether the process that leads the run is still
    /// there; whoever asks knows that from the research's lock.
    #[must_use]
    pub fn of(name: &str, picture: &Picture, alive: bool, now: Timestamp) -> Self {
        let state = state(picture, alive);
        let recent_exceptions = exceptions(picture, now);
        // What a broken run was doing, it did until its last event.
        let now = match state {
            State::Running => now,
            _ => picture.last_event(),
        };
        let running = state == State::Running;
        let left = picture.time_left(now).filter(|_| running);
        let counts = Status::ALL.map(|status| StatusCount {
            status,
            count: picture.count(status),
        });
        Self {
            name: name.to_owned(),
            called: name.to_owned(),
            state,
            pid: picture.run().map(|run| run.pid).filter(|_| running),
            seconds: picture.elapsed(now),
            total: picture.total_experiments(),
            finished: picture.finished_experiments(),
            remaining: picture.remaining_experiments(),
            iterations: picture.finished_iterations(),
            generated: picture.generated_experiments(),
            updates: picture.updates(),
            withdrawn: picture.withdrawn_experiments(),
            counts: counts.into_iter().filter(|c| c.count > 0).collect(),
            exceptions: picture.exceptions(),
            rate: picture.rate(now).filter(|_| running),
            rate_of: words::counted(picture.counted()),
            seconds_left: left.map(|left| left.seconds),
            seconds_left_uncertainty: left.and_then(|left| left.uncertainty),
            workers: if running {
                workers(picture, now)
            } else {
                Vec::new()
            },
            recent_exceptions,
            failures: Summary::of(picture, now).failures,
            course: if state == State::Broken {
                // Nothing is left to expect of it.
                words::duration(picture.elapsed(now))
            } else {
                words::course(picture, now)
            },
            progress: words::done_of_total(picture),
        }
    }
}

fn state(picture: &Picture, alive: bool) -> State {
    match (picture.run(), picture.outcome()) {
        (None, _) => State::New,
        (Some(_), Some(Outcome::Complete)) => State::Complete,
        (Some(_), Some(Outcome::Interrupted)) => State::Interrupted,
        (Some(_), Some(Outcome::Aborted)) => State::Aborted,
        (Some(_), None) if alive => State::Running,
        (Some(_), None) => State::Broken,
    }
}

fn workers(picture: &Picture, now: Timestamp) -> Vec<WorkerReport> {
    let mut reports: BTreeMap<WorkerNumber, WorkerReport> = picture
        .workers()
        .map(|(number, worker)| {
            let report = WorkerReport {
                worker: number.0,
                pid: Some(worker.pid),
                experiments: worker.experiments,
                lost: worker.lost.clone(),
                waits: worker.waits.clone(),
                running: Vec::new(),
            };
            (number, report)
        })
        .collect();
    for (_, running) in picture.running() {
        // Without worker processes, nobody tells of a worker's start.
        let report = reports.entry(running.worker).or_insert(WorkerReport {
            worker: running.worker.0,
            pid: None,
            experiments: 0,
            lost: None,
            waits: None,
            running: Vec::new(),
        });
        report.running.push(running_report(running, now));
    }
    reports.into_values().collect()
}

fn running_report(running: &RunningExperiment, now: Timestamp) -> RunningReport {
    RunningReport {
        id: running.id.to_string(),
        config: running.config.clone(),
        attempt: running.attempt,
        pid: running.pid,
        seconds: now.seconds_since(running.since),
        iterations: running.iterations,
    }
}

fn exceptions(picture: &Picture, now: Timestamp) -> Vec<ExceptionReport> {
    picture
        .recent_exceptions()
        .map(|recent| ExceptionReport {
            id: recent.id.as_ref().map(ToString::to_string),
            unit: recent.record.unit.clone(),
            iteration: recent.record.iteration,
            kind: recent.record.kind,
            message: recent.record.message.clone(),
            seconds_ago: now.seconds_since(recent.at),
        })
        .collect()
}

impl State {
    /// The word for it in tables and files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Running => "running",
            Self::Broken => "broken",
            Self::Complete => "complete",
            Self::Interrupted => "interrupted",
            Self::Aborted => "aborted",
        }
    }

    /// What to say of a research that is called so in commands.
    fn sentence(self, called: &str) -> String {
        let called = shell_word(called);
        match self {
            Self::New => "has not run yet".to_owned(),
            Self::Running | Self::Complete => self.as_str().to_owned(),
            Self::Broken => {
                format!("broken off: its process is gone; go on with `research resume {called}`")
            }
            Self::Interrupted => format!("interrupted; go on with `research resume {called}`"),
            Self::Aborted => format!(
                "aborted; see why with `research logs {called}`, then go on with `research resume {called}`"
            ),
        }
    }
}

impl fmt::Display for StatusReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentence = self.state.sentence(&self.called);
        write!(f, "{}: {sentence}", self.name)?;
        if let Some(pid) = self.pid {
            write!(f, ", process {pid}")?;
        }
        if self.state == State::New {
            return Ok(());
        }
        write!(f, "\n{}, {}\n{}", self.progress, self.course, self.counts())?;
        if !self.workers.is_empty() {
            f.write_str("\nworkers:")?;
            self.workers
                .iter()
                .try_for_each(|worker| write!(f, "\n{worker}"))?;
        }
        if !self.failures.is_empty() {
            f.write_str("\nfailures:")?;
            self.failures
                .iter()
                .try_for_each(|group| write!(f, "\n  {group}"))?;
        }
        // Those of a run that has ended are told of as failures.
        let is_told = self.state != State::Running && !self.failures.is_empty();
        if !self.recent_exceptions.is_empty() && !is_told {
            let shown = self.recent_exceptions.len();
            write!(
                f,
                "\nlast {shown} of {}:",
                words::plural(self.exceptions, "exception")
            )?;
            self.recent_exceptions
                .iter()
                .try_for_each(|exception| write!(f, "\n  {exception}"))?;
        }
        Ok(())
    }
}

impl StatusReport {
    /// Sets how the research is called in the commands that the report names, such as the path of
    /// its folder; as its name says, if not set.
    #[must_use]
    pub fn called(mut self, called: impl Into<String>) -> Self {
        self.called = called.into();
        self
    }

    /// The report in one line, as for a log.
    #[must_use]
    pub fn line(&self) -> String {
        let state = match self.state {
            State::New => return format!("{}: has not run yet", self.name),
            State::Broken => "broken off, ",
            State::Running => "running, ",
            // The course says how it ended.
            State::Complete | State::Interrupted | State::Aborted => "",
        };
        format!(
            "{}: {state}{}, {}, Exceptions: {}",
            self.name, self.progress, self.course, self.exceptions
        )
    }

    /// How many experiments ended without having done what they were asked to.
    #[must_use]
    pub fn failed(&self) -> u64 {
        let failures = self.counts.iter().filter(|c| !c.status.is_success());
        failures.map(|c| c.count).sum()
    }

    fn counts(&self) -> String {
        let mut parts: Vec<String> = self
            .counts
            .iter()
            .map(|c| format!("{} {}", c.count, c.status.as_str().replace('_', " ")))
            .collect();
        let running: usize = self.workers.iter().map(|worker| worker.running.len()).sum();
        if running > 0 {
            parts.push(format!("{running} running"));
        }
        match self.remaining {
            // Those that run are told of already.
            Some(remaining) => {
                parts.push(format!("{} left", remaining.saturating_sub(running as u64)))
            }
            None => parts.push("unknown how many are left".to_owned()),
        }
        if self.updates > 0 {
            parts.push(words::plural(self.updates, "domain update"));
        }
        parts.join(", ")
    }
}

impl fmt::Display for WorkerReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {}", self.worker)?;
        if let Some(pid) = self.pid {
            write!(f, ", process {pid}")?;
        }
        write!(
            f,
            ", {} done",
            words::plural(self.experiments, "experiment")
        )?;
        if let Some(reason) = &self.lost {
            write!(f, ", lost: {}", words::printable(reason))?;
        } else if let Some(reason) = &self.waits {
            write!(f, ", waits: {}", words::printable(reason))?;
        } else if self.running.is_empty() {
            f.write_str(", idle")?;
        }
        self.running
            .iter()
            .try_for_each(|running| write!(f, "\n    {running}"))
    }
}

impl fmt::Display for RunningReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} for {}, process {}, {}",
            self.id,
            words::duration(self.seconds),
            self.pid,
            words::plural(self.iterations, "iteration")
        )?;
        if self.attempt > 1 {
            write!(f, ", attempt {}", self.attempt)?;
        }
        write!(f, ": {}", words::printable(&self.config.to_string()))
    }
}

impl fmt::Display for ExceptionReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ago = words::duration(self.seconds_ago);
        write!(
            f,
            "{ago} ago, {}",
            self.id.as_deref().unwrap_or("unknown experiment")
        )?;
        if let Some(unit) = &self.unit {
            write!(f, ", unit `{unit}`")?;
        }
        let message = words::printable(&self.message).replace('\n', "\n    ");
        write!(f, ", iteration {}: {message}", self.iteration)
    }
}
