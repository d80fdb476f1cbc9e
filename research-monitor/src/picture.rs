//! The live picture of a research: a fold of its events.

mod fold;
mod process;

use std::collections::{BTreeMap, VecDeque};

use research_core::{ExceptionRecord, ExperimentNumber, Outcome, Status, Timestamp, WorkerNumber};
use research_domain::{Config, ExperimentId};

use crate::causes::{Cause, Causes};
use crate::extremes::{Extremes, LastValues, Variables};
use crate::numbers::NumberSet;
use crate::pace::{Pace, TimeLeft};

pub use process::{Process, ProcessKind};

/// What is counted: iterations where their number is known, else experiments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Whole experiments.
    Experiments,
    /// Their iterations.
    Iterations,
}

/// The run that a picture shows: the latest one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// When it began.
    pub started: Timestamp,
    /// The process that leads it.
    pub pid: u32,
    /// How many workers it asked for.
    pub workers: u32,
    /// How many iterations each experiment has, if that is known.
    pub n_iters: Option<u64>,
    /// When and how it ended, if it did.
    pub ended: Option<(Timestamp, Outcome)>,
}

/// An experiment that runs.
#[derive(Clone, Debug)]
pub struct RunningExperiment {
    /// Its id.
    pub id: ExperimentId,
    /// Its parameters.
    pub config: Config,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// The worker that runs it.
    pub worker: WorkerNumber,
    /// The process that runs its units.
    pub pid: u32,
    /// When it began.
    pub since: Timestamp,
    /// How many iterations it has done.
    pub iterations: u64,
    /// The first thing that went wrong in it.
    exception: Option<Box<ExceptionRecord>>,
    last_values: LastValues,
}

/// A worker.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerPicture {
    /// Its process.
    pub pid: u32,
    /// When it was ready.
    pub since: Timestamp,
    /// How many experiments ended in it.
    pub experiments: u64,
    /// Why it is gone, if it is gone without having been asked to go.
    pub lost: Option<String>,
    /// What it waits for before it begins an experiment, if it waits.
    pub waits: Option<String>,
}

/// An error or a panic of a unit, and whose it was.
#[derive(Clone, Debug, PartialEq)]
pub struct RecentException {
    /// When.
    pub at: Timestamp,
    /// The experiment's number.
    pub experiment: ExperimentNumber,
    /// Its id, if its start was seen.
    pub id: Option<ExperimentId>,
    /// What happened.
    pub record: ExceptionRecord,
}

/// What is known of a research at a moment: a fold of its events, the same whether they come from
/// a run or from the log on disk.
///
/// Its size depends on what runs and on how many kinds of failures there are, not on the number of
/// experiments that ended.
///
/// ```
/// use research_core::{Event, Timestamp};
/// use research_monitor::Picture;
///
/// let mut picture = Picture::default();
/// picture.apply(&Event::RunStarted {
///     at: Timestamp(0),
///     pid: 17,
///     workers: 2,
///     total: Some(100),
///     n_iters: None,
/// });
/// assert_eq!(picture.remaining_experiments(), Some(100));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Picture {
    run: Option<Run>,
    total: Option<u64>,
    updates: u64,
    withdrawn: u64,
    last_event: Timestamp,
    seconds_of_earlier_runs: f64,
    ended: [NumberSet; Status::ALL.len()],
    ended_iterations: u64,
    ended_now: NumberSet,
    /// How many of those that have failed in earlier runs this one will begin again.
    to_redo: u64,
    variables: Variables,
    running: BTreeMap<ExperimentNumber, RunningExperiment>,
    running_iterations: u64,
    workers: BTreeMap<WorkerNumber, WorkerPicture>,
    workers_lost: u64,
    exceptions: u64,
    recent: VecDeque<RecentException>,
    causes: Causes,
    pace: Pace,
}

impl Picture {
    /// The latest run, if there was one.
    #[must_use]
    pub fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }

    /// How the latest run ended, if it did.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.run?.ended.map(|(_, outcome)| outcome)
    }

    /// When the last event happened.
    #[must_use]
    pub fn last_event(&self) -> Timestamp {
        self.last_event
    }

    /// How many seconds the research has run, earlier runs included.
    #[must_use]
    pub fn elapsed(&self, now: Timestamp) -> f64 {
        let current = self.run.map_or(0.0, |run| {
            let end = run.ended.map_or(now, |(at, _)| at);
            end.seconds_since(run.started)
        });
        self.seconds_of_earlier_runs + current
    }

    /// How many experiments ended with this status.
    #[must_use]
    pub fn count(&self, status: Status) -> u64 {
        self.ended[status as usize].len()
    }

    /// How many experiments ended, whatever their status.
    #[must_use]
    pub fn finished_experiments(&self) -> u64 {
        self.ended.iter().map(NumberSet::len).sum()
    }

    /// How many of them ended in the latest run.
    #[must_use]
    pub fn finished_in_this_run(&self) -> u64 {
        self.ended_now.len()
    }

    /// How many seconds the latest run has taken.
    #[must_use]
    pub fn elapsed_in_this_run(&self, now: Timestamp) -> f64 {
        self.elapsed(now) - self.seconds_of_earlier_runs
    }

    /// How many experiments ended without having done what they were asked to.
    #[must_use]
    pub fn failed_experiments(&self) -> u64 {
        let failures = Status::ALL.iter().filter(|status| !status.is_success());
        failures.map(|status| self.count(*status)).sum()
    }

    /// How many iterations were done, also in experiments that still run and in attempts that were
    /// made again.
    #[must_use]
    pub fn finished_iterations(&self) -> u64 {
        self.ended_iterations + self.running_iterations
    }

    /// How many experiments have been begun.
    #[must_use]
    pub fn generated_experiments(&self) -> u64 {
        self.finished_experiments() + self.running.len() as u64
    }

    /// How often the domain was updated.
    #[must_use]
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// How many experiments updates of the domain took back before they were begun, where their
    /// number was known.
    #[must_use]
    pub fn withdrawn_experiments(&self) -> u64 {
        self.withdrawn
    }

    /// How many experiments there are in all, if that is known.
    #[must_use]
    pub fn total_experiments(&self) -> Option<u64> {
        Some(self.total?.max(self.generated_experiments()))
    }

    /// How many experiments have not ended, those that run included, if that is known.
    #[must_use]
    pub fn remaining_experiments(&self) -> Option<u64> {
        Some(self.total_experiments()? - self.finished_experiments())
    }

    /// What [`done`](Self::done) and [`total`](Self::total) count.
    #[must_use]
    pub fn counted(&self) -> Counted {
        match self.iterations_each() {
            Some(_) => Counted::Iterations,
            None => Counted::Experiments,
        }
    }

    /// How many iterations each experiment has, where there is a point in counting them.
    fn iterations_each(&self) -> Option<u64> {
        self.run?.n_iters.filter(|n_iters| *n_iters > 1)
    }

    /// How much is done. An experiment that ended counts with all of its iterations, also if it
    /// ended early; one that has failed and is to be run again does not count.
    #[must_use]
    pub fn done(&self) -> u64 {
        let experiments = self.finished_experiments().saturating_sub(self.to_redo);
        match self.iterations_each() {
            Some(n_iters) => experiments
                .saturating_mul(n_iters)
                .saturating_add(self.running_iterations),
            None => experiments,
        }
    }

    /// How much there is to do in all, if that is known.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        let experiments = self.total_experiments()?;
        Some(experiments.saturating_mul(self.iterations_each().unwrap_or(1)))
    }

    /// How much gets done each second, as it looks at this moment.
    #[must_use]
    pub fn rate(&self, now: Timestamp) -> Option<f64> {
        self.pace.rate(now)
    }

    /// How long the rest will take, as it looks at this moment; `None` when the run has ended, the
    /// total is not known, or nothing is done yet.
    #[must_use]
    pub fn time_left(&self, now: Timestamp) -> Option<TimeLeft> {
        if self.run?.ended.is_some() {
            return None;
        }
        self.pace
            .time_left(self.total()?.saturating_sub(self.done()), now)
    }

    /// The experiments that run, by their number.
    pub fn running(&self) -> impl ExactSizeIterator<Item = (ExperimentNumber, &RunningExperiment)> {
        self.running
            .iter()
            .map(|(number, running)| (*number, running))
    }

    /// An experiment, if it runs.
    #[must_use]
    pub fn running_experiment(&self, number: ExperimentNumber) -> Option<&RunningExperiment> {
        self.running.get(&number)
    }

    /// The workers, by their number.
    pub fn workers(&self) -> impl ExactSizeIterator<Item = (WorkerNumber, &WorkerPicture)> {
        self.workers
            .iter()
            .map(|(number, worker)| (*number, worker))
    }

    /// How often a worker was lost.
    #[must_use]
    pub fn workers_lost(&self) -> u64 {
        self.workers_lost
    }

    /// How many exceptions there were.
    #[must_use]
    pub fn exceptions(&self) -> u64 {
        self.exceptions
    }

    /// The last few exceptions, oldest first.
    pub fn recent_exceptions(&self) -> impl ExactSizeIterator<Item = &RecentException> {
        self.recent.iter()
    }

    /// The lowest and the highest value of each numeric variable, in the order of their names: of
    /// the last values of the experiments that did what they were asked to. With very many
    /// variables, some of them.
    #[must_use]
    pub fn extremes(&self) -> &[Extremes] {
        self.variables.extremes()
    }

    /// The causes for which experiments failed, in the order in which they were first seen.
    #[must_use]
    pub fn causes(&self) -> &[Cause] {
        self.causes.known()
    }

    /// How many experiments failed for causes beyond those that are told apart.
    #[must_use]
    pub fn failed_for_other_causes(&self) -> u64 {
        self.causes.others()
    }
}
