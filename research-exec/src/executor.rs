//! The executor: runs the experiments of one task, iteration by iteration, and reports events.

mod added;
mod alone;
mod branch;
mod error;
mod flush_policy;
mod full_run;
mod limits;
mod plan;
mod profile;
mod sequential;
mod spans;
mod step;
mod task_run;
mod threads;
mod unwind;
mod usage;
mod watch;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use research_core::domain::Config;
use research_core::{
    EventSink, ExecutorTarget, Experiment, LogLevel, RootView, RunOptions, SinkError, Timestamp,
    WorkerNumber,
};

use crate::capture::{OutputWriter, PerStream, Redirects};
use crate::devices::WorkerDevices;
use crate::task::{Ending, TaskExperiment, standalone_task};

pub use alone::{BranchExecution, Execution, Series};
use branch::Branch;
pub use error::ExecutorError;
use plan::Plan;
pub use spans::SpanProfile;
use task_run::{TaskRun, TaskSettings};
pub(crate) use unwind::catch_quietly;
pub(crate) use usage::{Measured, recorded};
pub(crate) use watch::Interrupt;

/// Runs tasks. The experiments of a task are its branches: they run in parallel, iteration by
/// iteration, and share the outputs of root units.
///
/// ```
/// use research_core::{Experiment, ec};
/// use research_core::domain::Config;
/// use research_exec::Executor;
///
/// let experiment = Experiment::builder()
///     .callable("double", |x: f64| 2.0 * x, (ec("x"),))
///     .save_to("double")
///     .build()?;
/// let mut events = Vec::new();
/// let config = Config::from_pairs([("x", 4.0)]);
/// let endings = Executor::new(experiment).run_configs([config], &mut events)?;
/// assert!(endings[0].status.is_success());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Executor {
    experiment: Experiment,
    n_iters: Option<u64>,
    finalize: bool,
    target: ExecutorTarget,
    debug: bool,
    profile: u8,
    timeout: Option<Duration>,
    loglevel: LogLevel,
    redirects: Redirects,
    experiments_folder: Option<PathBuf>,
    devices: Option<WorkerDevices>,
    /// The mark of the programs that the executor starts.
    mark: Option<Arc<str>>,
    /// The method that measures the usage of code; `None` if this process also runs other code.
    measured: Option<Measured>,
    /// Additional environment variables of programs.
    variables: Option<Arc<[(String, OsString)]>>,
    configs: Vec<Config>,
    branch_configs: Vec<Config>,
    executor_config: Config,
    /// The configs that a research adds to the configs of each branch, and of all.
    added: Vec<Config>,
    added_to_all: Config,
    /// The parameters that root units see, and the seed of their random numbers.
    root_view: RootView,
    seed: u64,
}

impl Executor {
    /// Creates an executor of an experiment, with the number of iterations that its units request.
    #[must_use]
    pub fn new(experiment: Experiment) -> Self {
        Self {
            n_iters: experiment.default_n_iters(),
            experiment,
            finalize: true,
            target: ExecutorTarget::default(),
            debug: false,
            profile: 0,
            timeout: None,
            loglevel: LogLevel::Info,
            redirects: Redirects::default(),
            experiments_folder: None,
            devices: None,
            mark: None,
            measured: None,
            variables: None,
            configs: Vec::new(),
            branch_configs: Vec::new(),
            executor_config: Config::new(),
            added: Vec::new(),
            added_to_all: Config::new(),
            root_view: RootView::First,
            seed: 0,
        }
    }

    /// Applies the options of a research.
    #[must_use]
    pub fn options(mut self, options: &RunOptions) -> Self {
        self.n_iters = options.n_iters.or(self.n_iters);
        self.finalize = options.finalize;
        self.target = options.executor_target;
        self.debug = options.debug;
        self.profile = options.profile;
        self.timeout = options.timeout;
        self.loglevel = options.loglevel;
        self.redirects = PerStream::of(|stream| options.redirect(stream));
        self.added.clone_from(&options.branch_configs);
        self.root_view.clone_from(&options.root_view);
        self.seed = options.seed;
        self
    }

    /// Sets the number of iterations.
    #[must_use]
    pub fn n_iters(mut self, n_iters: u64) -> Self {
        self.n_iters = Some(n_iters);
        self
    }

    /// Sets whether the rest of an iteration still runs after a unit has failed or a generator has
    /// ended.
    #[must_use]
    pub fn finalize(mut self, finalize: bool) -> Self {
        self.finalize = finalize;
        self
    }

    /// Sets how branches run; by default in parallel threads.
    #[must_use]
    pub fn target(mut self, target: ExecutorTarget) -> Self {
        self.target = target;
        self
    }

    /// Sets whether the first failure ends the task at once; see [`run`](Self::run). Branches then
    /// run one after another.
    #[must_use]
    pub fn debug(mut self, debug: bool) -> Self {
        self.debug = debug;
        self
    }

    /// Sets the profile of units and iterations: none (0), time (1), and also processor time, page
    /// faults and memory (2).
    #[must_use]
    pub fn profile(mut self, level: u8) -> Self {
        self.profile = level;
        self
    }

    /// Sets the timeout of the experiments of a task. When it expires, programs are killed; other
    /// units are checked when they return.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the folder of the experiments' folders.
    #[must_use]
    pub fn experiments_folder(mut self, folder: Option<PathBuf>) -> Self {
        self.experiments_folder = folder;
        self
    }

    /// Sets the devices of its branches.
    #[must_use]
    pub(crate) fn devices(mut self, devices: Option<WorkerDevices>) -> Self {
        self.devices = devices;
        self
    }

    /// Sets how the usage of code is measured.
    pub(crate) fn measured(mut self, measured: Measured) -> Self {
        self.measured = Some(measured);
        self
    }

    /// Sets the lowest level of messages that are kept.
    #[must_use]
    pub fn loglevel(mut self, level: LogLevel) -> Self {
        self.loglevel = level;
        self
    }

    /// Returns the outputs of its experiments that are captured.
    pub(crate) fn redirects(&self) -> Redirects {
        self.redirects
    }

    /// Returns the writer of the captured output of a task's experiments.
    pub(crate) fn keeper(&self, task: &[TaskExperiment]) -> Option<Arc<OutputWriter>> {
        let ids = task.iter().map(|one| &one.record.id);
        OutputWriter::new(self.redirects, self.experiments_folder.as_deref(), ids)
    }

    /// Returns the experiment.
    #[must_use]
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// Runs configs as the branches of one task, outside of any research. All events go to the
    /// sink; ids and seeds are those of a research with seed 0.
    ///
    /// # Errors
    /// The sink does not accept events, or a config occurs too often to get an id.
    pub fn run_configs(
        &self,
        configs: impl IntoIterator<Item = Config>,
        sink: &mut dyn EventSink,
    ) -> Result<Vec<Ending>, ExecutorError> {
        let task = standalone_task(configs)?;
        for experiment in &task {
            let worker = WorkerNumber(0);
            sink.emit(experiment.started(
                Timestamp::now(),
                worker,
                std::process::id(),
                Config::new(),
            ))?;
        }
        let endings = self.run_task(task, sink)?;
        sink.flush()?;
        Ok(endings)
    }

    /// Runs the experiments of a task and emits their events, except their starts, which the caller
    /// emits. Returns an ending for each experiment, whatever its units do. The sink may still hold
    /// the last events.
    ///
    /// # Errors
    /// The sink does not accept events.
    pub fn run_task(
        &self,
        task: Vec<TaskExperiment>,
        sink: &mut dyn EventSink,
    ) -> Result<Vec<Ending>, SinkError> {
        self.run_interruptibly(task, sink, None)
    }

    /// Does the same as [`run_task`](Self::run_task). `interrupt` ends the process when a timeout
    /// of code expires.
    pub(crate) fn run_interruptibly(
        &self,
        task: Vec<TaskExperiment>,
        sink: &mut dyn EventSink,
        interrupt: Option<Interrupt>,
    ) -> Result<Vec<Ending>, SinkError> {
        let task = self.with_added(task);
        let branches = self.branches(&task);
        let settings = TaskSettings {
            plan: self.plan(),
            target: self.target,
            has_devices: self.devices.is_some(),
            timeout: self.timeout,
            needs_interrupt: self.needs_interrupt(),
            measured: self.measured,
            // Hooks are code, too.
            only_programs: self.experiment.is_processes() && self.experiment.hooks().is_none(),
        };
        TaskRun::new(settings, task, branches, interrupt, sink).run()
    }

    fn plan(&self) -> Plan<'_> {
        Plan {
            experiment: &self.experiment,
            n_iters: self.n_iters,
            finalize: self.finalize,
            debug: self.debug,
            profile: self.profile,
            shares_roots: self.shares_roots(),
        }
    }

    fn branches(&self, task: &[TaskExperiment]) -> Vec<Branch> {
        let scope = self.root_scope();
        let mut branches = Vec::with_capacity(task.len());
        for (index, one) in task.iter().enumerate() {
            branches.push(self.branch(index, one.clone(), task.len()));
            if let (Some(scope), Some(branch)) = (&scope, branches.last_mut()) {
                branch.context.set_root_scope(Arc::clone(scope));
            }
        }
        branches
    }

    /// Whether there are timeouts that only the end of the process can enforce.
    pub(crate) fn needs_interrupt(&self) -> bool {
        let units = self.experiment.units().iter();
        let mut code = units.filter(|unit| !unit.is_process() && !unit.is_saving());
        match self.timeout {
            Some(_) => code.next().is_some(),
            None => code.any(|unit| unit.timeout().is_some()),
        }
    }

    fn branch(&self, index: usize, task: TaskExperiment, branches: usize) -> Branch {
        let keeper = self.keeper(std::slice::from_ref(&task));
        let position = self.position(&task);
        let mut branch = Branch::new(&self.experiment, task, self.experiments_folder.clone());
        let context = &mut branch.context;
        context.set_branch(position, self.n_iters);
        context.set_mark(self.mark.clone());
        context.set_variables(self.variables.clone());
        context.set_loglevel(self.loglevel);
        if let Some(devices) = &self.devices {
            context.set_devices(devices.device(index), devices.visible.clone());
        }
        branch.set_keeper(keeper);
        if self.profile > 0 {
            branch.set_profile(self.profile, self.experiment.units(), branches);
        }
        branch
    }
}
