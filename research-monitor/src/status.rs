//! The status of a research, as text and as data.

mod text;

use std::collections::BTreeMap;

use research_core::{FailureKind, Outcome, Status, Timestamp, WorkerNumber};
use research_domain::Config;
use serde::Serialize;

use crate::failure_groups::FailureGroup;
use crate::format;
use crate::run_state::{RunState, RunningExperiment};
use crate::summary::Summary;

/// The status of a research at a moment.
///
/// `Display` writes several lines of text; serialized, the report has all numbers.
#[derive(Clone, Debug, Serialize)]
pub struct StatusReport {
    /// The name of the research.
    pub name: String,
    /// The state of the latest run.
    pub state: State,
    /// The process id of the leader, while it runs.
    pub pid: Option<u32>,
    /// The run time in seconds, earlier runs included.
    pub seconds: f64,
    /// The total number of experiments, if it is known.
    pub total: Option<u64>,
    /// The number of experiments that ended, with any status.
    pub ended: u64,
    /// The number of experiments that finished.
    pub finished: u64,
    /// The number of these that finished because a generator reached its end.
    pub stopped: u64,
    /// The number of experiments that failed, were killed or timed out.
    pub failed: u64,
    /// The number of experiments that have not ended, if it is known.
    pub remaining: Option<u64>,
    /// The number of iterations.
    pub iterations: u64,
    /// The number of experiments that were started.
    pub generated: u64,
    /// The number of updates of the domain.
    pub updates: u64,
    /// The number of experiments that updates of the domain withdrew before they started.
    pub withdrawn: u64,
    /// The number of experiments with each status that occurs.
    pub counts: Vec<StatusCount>,
    /// The number of exceptions.
    pub exceptions: u64,
    /// The current rate a second.
    pub rate: Option<f64>,
    /// The unit of the rate: `experiments` or `iterations`.
    pub rate_of: &'static str,
    /// The estimated time to completion in seconds.
    pub seconds_left: Option<f64>,
    /// The standard deviation of this time.
    pub seconds_left_uncertainty: Option<f64>,
    /// The workers, and the experiments that they run.
    pub workers: Vec<WorkerReport>,
    /// The last few exceptions, oldest first.
    pub recent_exceptions: Vec<ExceptionReport>,
    /// The failures by cause, the most frequent first.
    pub failures: Vec<FailureGroup>,
    /// The number of failed experiments beyond these groups.
    pub failed_for_other_causes: u64,
    #[serde(skip)]
    timing: String,
    #[serde(skip)]
    progress: String,
}

/// The state of the latest run of a research.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// There was no run yet.
    New,
    /// The log was damaged from its first event on, so no run is known.
    EventsLost,
    /// The run is active.
    Running,
    /// The leader ended without recording the end of the run: it was killed, or the machine failed.
    Broken,
    /// Every experiment has a final status.
    Complete,
    /// Every experiment has a final status, and all of them failed.
    Failed,
    /// The run was stopped before that.
    Interrupted,
    /// The run could not continue.
    Aborted,
}

/// The number of experiments that ended with a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StatusCount {
    /// The status.
    pub status: Status,
    /// The number of experiments.
    pub count: u64,
}

/// A worker, and the experiments that it runs.
#[derive(Clone, Debug, Serialize)]
pub struct WorkerReport {
    /// The number of the worker.
    pub worker: u32,
    /// The process id, if it is known.
    pub pid: Option<u32>,
    /// The number of experiments that ended in this worker.
    pub experiments: u64,
    /// The reason why the worker was lost, if it was.
    pub lost: Option<String>,
    /// The reason why the worker waits before it starts an experiment, if it waits.
    pub waits: Option<String>,
    /// The running experiments.
    pub running: Vec<RunningReport>,
}

/// A running experiment.
#[derive(Clone, Debug, Serialize)]
pub struct RunningReport {
    /// The id.
    pub id: String,
    /// The parameters.
    pub config: Config,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The process that runs the units.
    pub pid: u32,
    /// The duration of the attempt in seconds.
    pub seconds: f64,
    /// The number of completed iterations.
    pub iterations: u64,
    /// The resident memory of its processes in bytes, if it was sampled and is known.
    pub memory: Option<u64>,
    /// The processor time of its processes in seconds, if it was sampled and is known.
    pub cpu_seconds: Option<f64>,
}

/// An error or a panic of a unit.
#[derive(Clone, Debug, Serialize)]
pub struct ExceptionReport {
    /// The id of the experiment, if its start is known.
    pub id: Option<String>,
    /// The unit that raised the exception; `None` if the process of the executor ended.
    pub unit: Option<String>,
    /// The iteration, from 0.
    pub iteration: u64,
    /// The kind of failure.
    pub kind: FailureKind,
    /// The message.
    pub message: String,
    /// The time since the exception in seconds.
    pub seconds_ago: f64,
}

impl StatusReport {
    /// Reports on `state`. `alive` says whether the leader is running, which the lock of the
    /// research shows.
    #[must_use]
    pub fn new(name: &str, run_state: &RunState, alive: bool, now: Timestamp) -> Self {
        let state = state(run_state, alive);
        let recent_exceptions = exceptions(run_state, now);
        // The last event of a run without a leader marks the end of its time.
        let now = match state {
            State::Running => now,
            _ => run_state.last_event(),
        };
        let running = state == State::Running;
        let left = run_state.eta(now).filter(|_| running);
        let counts = run_state.counts().into_iter();
        let counts = counts.map(|(status, count)| StatusCount { status, count });
        Self {
            name: name.to_owned(),
            state,
            pid: run_state.run().map(|run| run.pid).filter(|_| running),
            seconds: run_state.elapsed(now),
            total: run_state.total_experiments(),
            ended: run_state.ended_experiments(),
            finished: run_state.count(Status::Finished) + run_state.count(Status::Stopped),
            stopped: run_state.count(Status::Stopped),
            failed: run_state.failures(),
            remaining: run_state.remaining_experiments(),
            iterations: run_state.finished_iterations(),
            generated: run_state.generated_experiments(),
            updates: run_state.updates(),
            withdrawn: run_state.withdrawn_experiments(),
            counts: counts.collect(),
            exceptions: run_state.exceptions(),
            rate: run_state.rate(now).filter(|_| running),
            rate_of: format::counted(run_state.counted()),
            seconds_left: left.map(|left| left.seconds),
            seconds_left_uncertainty: left.and_then(|left| left.uncertainty),
            workers: if running {
                workers(run_state, now)
            } else {
                Vec::new()
            },
            recent_exceptions,
            failures: Summary::new(run_state, now).failures,
            failed_for_other_causes: run_state.failed_for_other_causes(),
            timing: if state == State::Broken {
                format::duration(run_state.elapsed(now))
            } else {
                format::timing(run_state, now)
            },
            progress: format::done_of_total(run_state),
        }
    }
}

fn state(run_state: &RunState, alive: bool) -> State {
    match (run_state.run(), run_state.outcome()) {
        // The first events of a run are in the log some milliseconds after its start.
        (None, _) if alive => State::Running,
        (None, _) => State::New,
        (Some(_), Some(Outcome::Complete)) if run_state.has_failed_whole() => State::Failed,
        (Some(_), Some(Outcome::Complete)) => State::Complete,
        (Some(_), Some(Outcome::Interrupted)) => State::Interrupted,
        (Some(_), Some(_)) => State::Aborted,
        (Some(_), None) if alive => State::Running,
        (Some(_), None) => State::Broken,
    }
}

fn workers(run_state: &RunState, now: Timestamp) -> Vec<WorkerReport> {
    let mut reports: BTreeMap<WorkerNumber, WorkerReport> = run_state
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
    for (_, running) in run_state.running() {
        // Without worker processes, no event reports the start of a worker.
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
        memory: None,
        cpu_seconds: None,
    }
}

fn exceptions(run_state: &RunState, now: Timestamp) -> Vec<ExceptionReport> {
    run_state
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
    /// Whether every experiment has a final status.
    #[must_use]
    pub fn is_complete(self) -> bool {
        matches!(self, Self::Complete | Self::Failed)
    }

    /// Returns the word for the state in tables and files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::EventsLost => "events_lost",
            Self::Running => "running",
            Self::Broken => "broken",
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Aborted => "aborted",
        }
    }
}

impl StatusReport {
    /// Returns the report as one line, as for a log.
    #[must_use]
    pub fn line(&self) -> String {
        let state = match self.state {
            State::New => return format!("{}: has not run yet", self.name),
            State::EventsLost => return format!("{}: its events are lost", self.name),
            State::Running if self.pid.is_none() => return format!("{}: is starting", self.name),
            State::Broken => "ended unexpectedly, ",
            State::Running => "running, ",
            // The timing says how the run ended.
            State::Complete | State::Failed | State::Interrupted | State::Aborted => "",
        };
        format!(
            "{}: {state}{}, {}, {} failed",
            self.name, self.progress, self.timing, self.failed
        )
    }

    /// Returns the number of experiments that did not succeed: those that failed, and those that
    /// were cancelled or pruned.
    #[must_use]
    pub fn unsuccessful(&self) -> u64 {
        self.ended - self.finished
    }
}
