//! How a research stands, for people and for programs.

mod text;

use std::collections::BTreeMap;

use research_core::{FailureKind, Outcome, Status, Timestamp, WorkerNumber};
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
    /// How many failed for causes beyond those that are told apart.
    pub failed_for_other_causes: u64,
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
            failed_for_other_causes: picture.failed_for_other_causes(),
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
}
