//! Builds the description of a research.

mod tasks;
mod updates;
mod watching;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use research_core::{
    EnvMeta, ExecutorHooks, ExecutorTarget, ExperimentBuilder, FsyncPolicy, Isolation, LogLevel,
    Redirect, ResearchRecord, RunOptions, Subscriber,
};
use research_domain::{Domain, Rules};
use research_exec::RunControl;
use research_exec::devices::{DeviceProbe, NvmlProbe};
use research_monitor::Progress;
use research_storage::describe;

use crate::parallelism::Parallelism;
use crate::place::Place;
use crate::update::Rule;

/// The description of a research: its [units](Self::callable), the [`domain`](Self::domain) of
/// configs, and options. [`run`](Self::run) runs it.
///
/// Settings of units, such as [`save_to`](Self::save_to), apply to the unit that was added last.
/// [`run`](Self::run) reports invalid descriptions.
///
/// ```no_run
/// use std::time::Duration;
///
/// use research::{Isolation, LogLevel, Research, When, ec, o, option};
///
/// let run = Research::new("search")
///     .folder("results")
///     .domain(option("rate", [0.1, 0.01]) * option("seed", 0..5))
///     .callable("train", |rate: f64, seed: u64| rate * seed as f64, (ec("rate"), ec("seed")))
///     .save_to("loss")
///     .unit_timeout(Duration::from_secs(600))
///     .callable("test", |loss: f64| loss.sqrt(), (o("train"),))
///     .when(When::every(10).or(When::last()))
///     .save_to("score")
///     .n_iters(100)
///     .n_reps(3)
///     .workers(8)
///     .isolation(Isolation::Worker)
///     .timeout(Duration::from_secs(3600))
///     .retries(2)
///     .retry_delay(Duration::from_secs(10))
///     .max_failures(20)
///     .loglevel(LogLevel::Warning)
///     .profile(1)
///     .seed(42)
///     .bar(true)
///     .run()?;
/// run.require_success()?;
/// # Ok::<(), research::ResearchError>(())
/// ```
pub struct Research {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) domain: Domain,
    pub(crate) experiment: ExperimentBuilder,
    /// Whether [`experiment`](Self::experiment) has replaced units.
    pub(crate) has_lost_units: bool,
    pub(crate) options: RunOptions,
    pub(crate) seed: Option<u64>,
    pub(crate) source: Option<serde_json::Value>,
    pub(crate) source_file: Option<PathBuf>,
    pub(crate) updates: Vec<Rule>,
    pub(crate) subscribers: Vec<Box<dyn Subscriber>>,
    pub(crate) bar: Progress,
    pub(crate) quiet: bool,
    pub(crate) redo_failed: bool,
    pub(crate) allow_changes: bool,
    pub(crate) handle_signals: bool,
    pub(crate) on_large_tables: Option<Box<dyn FnOnce() + Send>>,
    /// The source of information about devices.
    pub(crate) probe: Box<dyn DeviceProbe>,
    pub(crate) control: RunControl,
}

impl fmt::Debug for Research {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Research")
            .field("name", &self.name)
            .field("place", &self.place)
            .field("domain", &self.domain)
            .field("experiment", &self.experiment)
            .field("options", &self.options)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

/// Writes the description of the research, one fact per line, as in `research.txt`: domain,
/// options, units with their commands or arguments.
impl fmt::Display for Research {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (units, commands) = self.experiment.describe();
        let mut options = self.options.clone();
        options.seed = self.seed.unwrap_or(options.seed);
        let record = ResearchRecord {
            format: ResearchRecord::FORMAT,
            name: self.name.clone(),
            created: 0,
            program: String::new(),
            build: None,
            directory: PathBuf::new(),
            directory_from_folder: None,
            domain: self.domain.to_string(),
            rules: Rules::LATEST,
            options,
            units,
            commands,
            updates: self.updates.iter().map(Rule::describe).collect(),
            source: None,
            source_file: None,
        };
        f.write_str(describe(&record).trim_end())
    }
}

impl Research {
    /// Creates a research with this name, which is also the name of its folder.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            place: Place::Folder(PathBuf::from(".")),
            domain: Domain::new(),
            experiment: ExperimentBuilder::default(),
            has_lost_units: false,
            options: RunOptions::default(),
            seed: None,
            source: None,
            source_file: None,
            redo_failed: false,
            allow_changes: false,
            updates: Vec::new(),
            subscribers: Vec::new(),
            bar: Progress::Hidden,
            quiet: false,
            handle_signals: true,
            on_large_tables: None,
            probe: Box::new(NvmlProbe::new()),
            control: RunControl::default(),
        }
    }

    /// Sets the parent of the folder of the research. Default: the current directory.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.place = Place::Folder(folder.into());
        self
    }

    /// Keeps everything in memory, without a folder.
    #[must_use]
    pub fn in_memory(mut self) -> Self {
        self.place = Place::Memory;
        self
    }

    /// Sets the domain of parameters. Default: one experiment with an empty config.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<Domain>) -> Self {
        self.domain = domain.into();
        self
    }

    /// Uses the units of an experiment that was built elsewhere. If units were added before,
    /// [`run`](Self::run) returns an error, because they would be lost.
    #[must_use]
    pub fn experiment(mut self, experiment: ExperimentBuilder) -> Self {
        self.has_lost_units |= !self.experiment.is_empty();
        self.experiment = experiment;
        self
    }

    /// Sets all run options, except for the seed, which [`seed`](Self::seed) sets.
    #[must_use]
    pub fn options(mut self, options: RunOptions) -> Self {
        self.options = options;
        self
    }

    /// Records the source of the research, such as a research file, from which workers and resumed
    /// runs build the experiment. A caller that resumes with another source must check that results
    /// remain comparable.
    #[must_use]
    pub fn source(mut self, source: serde_json::Value) -> Self {
        self.source = Some(source);
        self
    }

    /// Records the file of the source, as a path relative to the current directory. When a copied
    /// research is resumed, a directory with the same file counts as a copy of the current one.
    #[must_use]
    pub fn source_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.source_file = Some(path.into());
        self
    }

    /// Sets the number of worker processes. Default: 1. A list of configs starts a worker for each,
    /// and adds its config to those of the experiments that it runs. Added parameters do not affect
    /// ids, seeds or results.
    #[must_use]
    pub fn workers(mut self, workers: impl Into<Parallelism>) -> Self {
        let Parallelism { count, configs } = workers.into();
        (self.options.workers, self.options.worker_configs) = (count, configs);
        self
    }

    /// Sets how branches run. Default: in parallel threads.
    #[must_use]
    pub fn executor_target(mut self, target: ExecutorTarget) -> Self {
        self.options.executor_target = target;
        self
    }

    /// Sets the repetitions of each config. Default: 1.
    #[must_use]
    pub fn n_reps(mut self, n_reps: u64) -> Self {
        self.options.n_reps = n_reps;
        self
    }

    /// Sets the number of iterations. Default: 1 if all units are callables, otherwise as many as
    /// the generators yield.
    #[must_use]
    pub fn n_iters(mut self, n_iters: u64) -> Self {
        self.options.n_iters = Some(n_iters);
        self
    }

    /// Sets the number of configs taken from the domain. Default: all.
    #[must_use]
    pub fn n_configs(mut self, n_configs: u64) -> Self {
        self.options.n_configs = Some(n_configs);
        self
    }

    /// Sets the number of configs in a repeated block. Default: all.
    #[must_use]
    pub fn repeat_each(mut self, configs: u64) -> Self {
        self.options.repeat_each = Some(configs);
        self
    }

    /// Prefixes ids with the index of each parameter's value, in the order of first use, and of the
    /// repetition, each with this number of digits and followed by `_`.
    #[must_use]
    pub fn create_id_prefix(mut self, digits: u8) -> Self {
        self.options.create_id_prefix = Some(digits);
        self
    }

    /// Sets the seed of drawn values. Default: a new seed, which is recorded.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets whether the rest of an iteration runs after a unit failed or a generator ended.
    /// Default: true.
    #[must_use]
    pub fn finalize(mut self, finalize: bool) -> Self {
        self.options.finalize = finalize;
        self
    }

    /// Sets the isolation of experiments. Default: a process for each.
    #[must_use]
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.options.isolation = isolation;
        self
    }

    /// Sets the number of retries of an experiment that did not succeed. Default: 0.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.options.retries = retries;
        self
    }

    /// Makes [`resume`](Self::resume) run failed, killed and timed-out experiments again, with the
    /// retries of a new run.
    #[must_use]
    pub fn redo_failed(mut self, redo: bool) -> Self {
        self.redo_failed = redo;
        self
    }

    /// Allows [`resume`](Self::resume) with changed units, iterations or `finalize`. Existing
    /// results do not change.
    #[must_use]
    pub fn allow_changes(mut self, allow: bool) -> Self {
        self.allow_changes = allow;
        self
    }

    /// Sets the delay before a retry. Default: none.
    #[must_use]
    pub fn retry_delay(mut self, delay: Duration) -> Self {
        self.options.retry_delay = delay;
        self
    }

    /// Sets whether the delay doubles with each retry.
    #[must_use]
    pub fn retry_backoff(mut self, double: bool) -> Self {
        self.options.double_retry_delay = double;
        self
    }

    /// Sets the timeout of an attempt at an experiment. Default: none. The experiment is then
    /// killed and `timed_out`; its saved values are kept. The branches of a task start together, so
    /// their timeouts expire together. See also [`unit_timeout`](Self::unit_timeout).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Ends the run when this number of experiments did not succeed. Running experiments finish,
    /// and the research can be resumed. Default: no limit.
    #[must_use]
    pub fn max_failures(mut self, failures: u64) -> Self {
        self.options.max_failures = Some(failures);
        self
    }

    /// Sets whether workers run experiments. Otherwise, as with [`Isolation::None`], they run in
    /// this process.
    #[must_use]
    pub fn parallel(self, parallel: bool) -> Self {
        self.isolation(match parallel {
            true => Isolation::default(),
            false => Isolation::None,
        })
    }

    /// Makes the first failure end the run, as the error of [`run`](Self::run). Requires
    /// [`Isolation::None`] and [`ExecutorTarget::For`].
    #[must_use]
    pub fn debug(mut self, debug: bool) -> Self {
        self.options.debug = debug;
        self
    }

    /// Records the time of units and iterations (level 1), and also processor time, page faults and
    /// memory of units (level 2); see
    /// [`CompletedRun::profile`](crate::CompletedRun::profile).
    #[must_use]
    pub fn profile(mut self, level: u8) -> Self {
        self.options.profile = level;
        self
    }

    /// Sets when the log is flushed to disk. Default: when experiments end.
    #[must_use]
    pub fn fsync(mut self, policy: FsyncPolicy) -> Self {
        self.options.fsync = policy;
        self
    }

    /// Sets the minimum level of messages that are logged. Default: info.
    #[must_use]
    pub fn loglevel(mut self, level: LogLevel) -> Self {
        self.options.loglevel = level;
        self
    }

    /// Sets where the standard output of experiments is captured. Default: nowhere. The output of
    /// code in a task with several experiments is captured for each of them, because its origin is
    /// unknown; the output of programs is separate.
    #[must_use]
    pub fn redirect_stdout(mut self, redirect: Redirect) -> Self {
        self.options.redirect_stdout = redirect;
        self
    }

    /// Sets where the standard error of experiments is captured; see
    /// [`redirect_stdout`](Self::redirect_stdout).
    #[must_use]
    pub fn redirect_stderr(mut self, redirect: Redirect) -> Self {
        self.options.redirect_stderr = redirect;
        self
    }

    /// Records the output of commands, in files in the folder `env` of the research. The program
    /// and the machine are always recorded. The run waits for the commands only at its end.
    #[must_use]
    pub fn attach_env_meta(mut self, meta: EnvMeta) -> Self {
        self.options.env_meta.push(meta);
        self
    }

    /// Records commit, changes and state of the git repository of a folder; see [`EnvMeta::git`].
    #[must_use]
    pub fn attach_git_meta(self, cwd: impl Into<PathBuf>) -> Self {
        self.attach_env_meta(EnvMeta::git(cwd))
    }

    /// Sets hooks around tasks, iterations and calls of units, where these run; see
    /// [`ExecutorHooks`].
    #[must_use]
    pub fn hooks(self, hooks: impl ExecutorHooks + 'static) -> Self {
        self.build(|experiment| experiment.hooks(hooks))
    }

    /// Sets whether signals stop the run. Default: true.
    ///
    /// SIGINT (Ctrl-C), SIGTERM and SIGHUP do, and so do SIGQUIT, SIGUSR1, SIGUSR2, SIGXCPU,
    /// SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSTKFLT and the real-time signals unless the
    /// program ignores them or has its own handler for them when its first run begins. After the
    /// first signal, running experiments finish; after any signal but SIGINT they have ten seconds.
    /// A second signal ends the run at once. Handlers of the program are called as well.
    #[must_use]
    pub fn handle_signals(mut self, handle_signals: bool) -> Self {
        self.handle_signals = handle_signals;
        self
    }
}
