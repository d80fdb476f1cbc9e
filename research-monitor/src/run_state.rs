//! The state of a run: a fold of its events.

mod fold;
mod processes;

use std::collections::{BTreeMap, VecDeque};

use research_core::{ExceptionRecord, ExperimentNumber, Outcome, Status, Timestamp, WorkerNumber};
use research_domain::{Config, ExperimentId};

use crate::eta::{Eta, EtaEstimator};
use crate::failure_groups::{FailureGroup, FailureGroups};
use crate::min_max::{LastValues, MinMax, Variables};
use crate::range_set::RangeSet;

pub use processes::{Process, ProcessKind};

/// The unit of progress: iterations where their number is known, experiments otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Experiments.
    Experiments,
    /// Iterations.
    Iterations,
}

/// The latest run of a research.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// The time at which the run started.
    pub started: Timestamp,
    /// The process id of the leader.
    pub pid: u32,
    /// The number of workers that the run requested.
    pub workers: u32,
    /// The number of iterations of each experiment, if it is known.
    pub n_iters: Option<u64>,
    /// The time and the outcome of its end, if it has ended.
    pub ended: Option<(Timestamp, Outcome)>,
}

/// A running experiment.
#[derive(Clone, Debug)]
pub struct RunningExperiment {
    /// The id.
    pub id: ExperimentId,
    /// The parameters.
    pub config: Config,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The worker that runs it.
    pub worker: WorkerNumber,
    /// The process that runs the units.
    pub pid: u32,
    /// The time at which the attempt started.
    pub since: Timestamp,
    /// The number of completed iterations.
    pub iterations: u64,
    /// The first exception of the attempt.
    exception: Option<Box<ExceptionRecord>>,
    last_values: LastValues,
}

/// A worker.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerState {
    /// The process id.
    pub pid: u32,
    /// The time at which the worker was ready.
    pub since: Timestamp,
    /// The number of experiments that ended in this worker.
    pub experiments: u64,
    /// The reason why the worker was lost, if it was.
    pub lost: Option<String>,
    /// The reason why the worker waits before it starts an experiment, if it waits.
    pub waits: Option<String>,
}

/// An error or a panic of a unit.
#[derive(Clone, Debug, PartialEq)]
pub struct RecentException {
    /// The time at which the exception was raised.
    pub at: Timestamp,
    /// The number of the experiment.
    pub experiment: ExperimentNumber,
    /// The id of the experiment, if its start is known.
    pub id: Option<ExperimentId>,
    /// The exception.
    pub record: ExceptionRecord,
}

/// The state of a run at a moment: a fold of its events, the same for live events and for the log
/// on disk.
///
/// The memory it takes depends on the running experiments and on the number of failure groups, not
/// on the number of experiments that ended.
///
/// ```
/// use research_core::{Event, Timestamp};
/// use research_monitor::RunState;
///
/// let mut state = RunState::default();
/// state.apply(&Event::RunStarted {
///     at: Timestamp(0),
///     pid: 17,
///     workers: 2,
///     total: Some(100),
///     n_iters: None,
///     epoch: 0,
///     host: None,
/// });
/// assert_eq!(state.remaining_experiments(), Some(100));
/// ```
#[derive(Clone, Debug, Default)]
pub struct RunState {
    run: Option<Run>,
    total: Option<u64>,
    updates: u64,
    withdrawn: u64,
    last_event: Timestamp,
    seconds_of_earlier_runs: f64,
    ended: [RangeSet; Status::ALL.len()],
    ended_iterations: u64,
    ended_now: RangeSet,
    /// The number of experiments that failed in earlier runs and that this run will retry.
    to_redo: u64,
    variables: Variables,
    running: BTreeMap<ExperimentNumber, RunningExperiment>,
    running_iterations: u64,
    workers: BTreeMap<WorkerNumber, WorkerState>,
    workers_lost: u64,
    exceptions: u64,
    recent: VecDeque<RecentException>,
    failures: FailureGroups,
    errors: VecDeque<String>,
    eta: EtaEstimator,
}

impl RunState {
    /// Returns the latest run, if there was one.
    #[must_use]
    pub fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }

    /// Returns how the latest run ended, if it has ended.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.run?.ended.map(|(_, outcome)| outcome)
    }

    /// Returns the time of the last event.
    #[must_use]
    pub fn last_event(&self) -> Timestamp {
        self.last_event
    }

    /// Returns the run time of the research in seconds, earlier runs included.
    #[must_use]
    pub fn elapsed(&self, now: Timestamp) -> f64 {
        let current = self.run.map_or(0.0, |run| {
            let end = run.ended.map_or(now, |(at, _)| at);
            end.seconds_since(run.started)
        });
        self.seconds_of_earlier_runs + current
    }

    /// Returns the number of experiments that ended with `status`.
    #[must_use]
    pub fn count(&self, status: Status) -> u64 {
        self.ended[status as usize].len()
    }

    /// Returns the number of experiments that ended with any status.
    #[must_use]
    pub fn ended_experiments(&self) -> u64 {
        self.ended.iter().map(RangeSet::len).sum()
    }

    /// Returns the number of experiments with each status that occurs. Experiments that stopped at
    /// the end of a generator count as finished here; [`count`](Self::count) distinguishes them.
    #[must_use]
    pub fn counts(&self) -> Vec<(Status, u64)> {
        let count = |status| match status {
            Status::Finished => self.count(status) + self.count(Status::Stopped),
            Status::Stopped => 0,
            status => self.count(status),
        };
        let counts = Status::ALL.map(|status| (status, count(status)));
        counts.into_iter().filter(|(_, count)| *count > 0).collect()
    }

    /// Returns the number of experiments whose latest attempt failed, was killed or timed out.
    #[must_use]
    pub fn failures(&self) -> u64 {
        let failures = Status::ALL.iter().filter(|status| status.is_failure());
        failures.map(|status| self.count(*status)).sum()
    }

    /// Whether all experiments have ended, and none of them succeeded.
    #[must_use]
    pub fn has_failed_whole(&self) -> bool {
        let failures = self.failures();
        self.outcome() == Some(Outcome::Complete)
            && failures > 0
            && failures == self.ended_experiments()
    }

    /// Returns the number of experiments that ended in the latest run.
    #[must_use]
    pub fn ended_in_this_run(&self) -> u64 {
        self.ended_now.len()
    }

    /// Returns the duration of the latest run in seconds.
    #[must_use]
    pub fn elapsed_in_this_run(&self, now: Timestamp) -> f64 {
        self.elapsed(now) - self.seconds_of_earlier_runs
    }

    /// Returns the number of experiments that did not succeed: the [failures](Self::failures), and
    /// those that were cancelled or pruned.
    #[must_use]
    pub fn failed_experiments(&self) -> u64 {
        let failures = Status::ALL.iter().filter(|status| !status.is_success());
        failures.map(|status| self.count(*status)).sum()
    }

    /// Returns the number of iterations, including those of running experiments and of attempts
    /// that were retried.
    #[must_use]
    pub fn finished_iterations(&self) -> u64 {
        self.ended_iterations + self.running_iterations
    }

    /// Returns the number of experiments that were started.
    #[must_use]
    pub fn generated_experiments(&self) -> u64 {
        self.ended_experiments() + self.running.len() as u64
    }

    /// Returns the number of updates of the domain.
    #[must_use]
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// Returns the number of experiments that updates of the domain withdrew before they started,
    /// as far as it is known.
    #[must_use]
    pub fn withdrawn_experiments(&self) -> u64 {
        self.withdrawn
    }

    /// Returns the total number of experiments, if it is known.
    #[must_use]
    pub fn total_experiments(&self) -> Option<u64> {
        Some(self.total?.max(self.generated_experiments()))
    }

    /// Returns the number of experiments that have not ended, running ones included, if it is
    /// known.
    #[must_use]
    pub fn remaining_experiments(&self) -> Option<u64> {
        Some(self.total_experiments()? - self.ended_experiments())
    }

    /// Returns the unit of [`done`](Self::done) and [`total`](Self::total).
    #[must_use]
    pub fn counted(&self) -> Counted {
        match self.iterations_each() {
            Some(_) => Counted::Iterations,
            None => Counted::Experiments,
        }
    }

    /// Returns the number of iterations of each experiment, if progress counts iterations.
    fn iterations_each(&self) -> Option<u64> {
        self.run?.n_iters.filter(|n_iters| *n_iters > 1)
    }

    /// Returns the completed experiments or iterations. An experiment that ended counts with all of
    /// its iterations, even if it ended early; one that failed and will be retried does not count.
    #[must_use]
    pub fn done(&self) -> u64 {
        let experiments = self.ended_experiments().saturating_sub(self.to_redo);
        match self.iterations_each() {
            Some(n_iters) => experiments
                .saturating_mul(n_iters)
                .saturating_add(self.running_iterations),
            None => experiments,
        }
    }

    /// Returns the total of experiments or iterations, if it is known.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        let experiments = self.total_experiments()?;
        Some(experiments.saturating_mul(self.iterations_each().unwrap_or(1)))
    }

    /// Returns the current rate, in experiments or iterations a second.
    #[must_use]
    pub fn rate(&self, now: Timestamp) -> Option<f64> {
        self.eta.rate(now)
    }

    /// Returns the estimated time to completion; `None` when the run has ended, the total is not
    /// known, or nothing is done yet.
    #[must_use]
    pub fn eta(&self, now: Timestamp) -> Option<Eta> {
        if self.run?.ended.is_some() {
            return None;
        }
        self.eta.eta(self.total()?.saturating_sub(self.done()), now)
    }

    /// Returns the running experiments by number.
    pub fn running(&self) -> impl ExactSizeIterator<Item = (ExperimentNumber, &RunningExperiment)> {
        self.running
            .iter()
            .map(|(number, running)| (*number, running))
    }

    /// Returns an experiment, if it is running.
    #[must_use]
    pub fn running_experiment(&self, number: ExperimentNumber) -> Option<&RunningExperiment> {
        self.running.get(&number)
    }

    /// Returns the workers by number.
    pub fn workers(&self) -> impl ExactSizeIterator<Item = (WorkerNumber, &WorkerState)> {
        self.workers
            .iter()
            .map(|(number, worker)| (*number, worker))
    }

    /// Returns the number of workers that were lost.
    #[must_use]
    pub fn workers_lost(&self) -> u64 {
        self.workers_lost
    }

    /// Returns the number of exceptions.
    #[must_use]
    pub fn exceptions(&self) -> u64 {
        self.exceptions
    }

    /// Returns the last few exceptions, oldest first.
    pub fn recent_exceptions(&self) -> impl ExactSizeIterator<Item = &RecentException> {
        self.recent.iter()
    }

    /// Whether the latest run reported this error. Only the last few errors are kept.
    #[must_use]
    pub fn has_error(&self, text: &str) -> bool {
        self.errors.iter().any(|error| error == text)
    }

    /// Returns the lowest and the highest value of each numeric variable, sorted by name, over the
    /// last values of the experiments that succeeded. The number of variables is limited.
    #[must_use]
    pub fn extremes(&self) -> &[MinMax] {
        self.variables.as_slice()
    }

    /// Returns the failures grouped by cause, in the order in which they were first seen. The
    /// number of groups is limited.
    pub fn failure_groups(&self) -> impl Iterator<Item = FailureGroup> {
        self.failure_groups_from(0)
    }

    pub(crate) fn failure_groups_from(&self, skipped: usize) -> impl Iterator<Item = FailureGroup> {
        self.failures.iter_from(skipped)
    }

    pub(crate) fn failure_group_count(&self) -> usize {
        self.failures.len()
    }

    /// Returns the number of failed experiments beyond these groups.
    #[must_use]
    pub fn failed_for_other_causes(&self) -> u64 {
        self.failures.others()
    }
}
