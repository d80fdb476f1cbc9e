//! The run of one task: its branches, their time limits, and the end of each.

use std::sync::Arc;
use std::time::Duration;

use research_core::units::Deadline;
use research_core::{EventSink, ExecutorTarget, ExperimentRecord, SinkError, Status};

use super::branch::Branch;
use super::limits::Limits;
use super::plan::Plan;
use super::usage::{BranchUsage, Measured};
use super::watch::{Interrupt, Watch};
use super::{sequential, threads};
use crate::task::{Ending, TaskExperiment};

/// The settings of an executor that apply to a task as a whole.
pub(super) struct TaskSettings<'a> {
    pub(super) plan: Plan<'a>,
    pub(super) target: ExecutorTarget,
    pub(super) has_devices: bool,
    /// The timeout of the experiments.
    pub(super) timeout: Option<Duration>,
    /// Whether there are timeouts that only the end of the process can enforce.
    pub(super) needs_interrupt: bool,
    /// The method that measures the usage of code, if it can be measured.
    pub(super) measured: Option<Measured>,
    /// Whether units run programs only.
    pub(super) only_programs: bool,
}

/// A running task. It owns the branches and their limits, and has the sink of their events.
pub(super) struct TaskRun<'a> {
    settings: TaskSettings<'a>,
    records: Vec<Arc<ExperimentRecord>>,
    branches: Vec<Branch>,
    /// Enforces timeouts of code that cannot be interrupted.
    watch: Option<Watch>,
    sink: &'a mut dyn EventSink,
}

impl<'a> TaskRun<'a> {
    /// Sets the limits of the branches. `interrupt` ends the process when a timeout expires.
    pub(super) fn new(
        settings: TaskSettings<'a>,
        task: Vec<TaskExperiment>,
        mut branches: Vec<Branch>,
        interrupt: Option<Interrupt>,
        sink: &'a mut dyn EventSink,
    ) -> Self {
        let records = task.iter().map(|one| Arc::clone(&one.record)).collect();
        let deadline = settings.timeout.map(Deadline::of_experiment);
        let interrupt = interrupt.filter(|_| settings.needs_interrupt);
        let only_programs = settings.only_programs;
        let meter = settings.measured.filter(|_| !only_programs);
        let meter = meter.and_then(|measured| measured.start(branches.len()));
        let has_siblings = branches.len() > 1;
        let watch = interrupt.map(|interrupt| {
            let saved = branches.iter_mut().map(Branch::share_saved);
            let watched = task.into_iter().zip(saved);
            Watch::start(
                settings.plan.experiment,
                deadline,
                meter,
                watched,
                interrupt,
            )
        });
        for (index, branch) in branches.iter_mut().enumerate() {
            let watched = watch.as_ref().map(|watch| watch.branch(index));
            branch.limits = Limits::new(deadline, watched);
            branch.usage = BranchUsage::new(meter, only_programs, has_siblings);
        }
        Self {
            settings,
            records,
            branches,
            watch,
            sink,
        }
    }

    /// Runs the branches to their ends, and reports the ends.
    pub(super) fn run(mut self) -> Result<Vec<Ending>, SinkError> {
        if self.settings.has_devices {
            for branch in &self.branches {
                branch.report_device(self.sink)?;
            }
        }
        match self.settings.plan.experiment.hooks() {
            None => self.run_branches()?,
            Some(hooks) => {
                let records = self.records.clone();
                let records: Vec<&ExperimentRecord> = records.iter().map(|one| &**one).collect();
                let mut run = None;
                hooks.around_task(&records, &mut || {
                    if run.is_none() {
                        run = Some(self.run_branches());
                    }
                });
                match run {
                    Some(result) => result?,
                    None => {
                        self.give_up(Status::Failed, "the executor's hooks did not run the task")
                    }
                }
            }
        }
        // From here on the branches report their ends themselves, instead of the watch.
        self.watch = None;
        if self.settings.plan.debug && self.branches.iter().any(Branch::has_failed) {
            let reason = "another branch has failed, which ends everything in debug mode";
            self.give_up(Status::Killed, reason);
        }
        let mut endings = Vec::with_capacity(self.branches.len());
        for branch in &mut self.branches {
            branch.close(self.settings.plan.units());
            branch.report_end(self.sink)?;
            endings.push(branch.ending());
        }
        Ok(endings)
    }

    fn run_branches(&mut self) -> Result<(), SinkError> {
        if self.settings.plan.n_iters == Some(0) {
            return Ok(());
        }
        let _counting = self.settings.plan.count_spans();
        let (plan, branches) = (self.settings.plan, &mut self.branches);
        match self.settings.target {
            ExecutorTarget::Threads if branches.len() > 1 && !plan.debug => {
                threads::run(plan, branches, self.sink)
            }
            ExecutorTarget::Threads | ExecutorTarget::For => {
                sequential::run(plan, branches, self.sink)
            }
        }
    }

    /// Ends the branches that have neither failed nor reported another end.
    fn give_up(&mut self, status: Status, reason: &str) {
        let is_open = |branch: &&mut Branch| !(branch.has_failed() || branch.is_reported());
        for branch in self.branches.iter_mut().filter(is_open) {
            branch.give_up(status, reason);
        }
    }
}
