//! Describing a research.

mod watching;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use research_core::{
    EnvMeta, ExecutorHooks, ExecutorTarget, ExperimentBuilder, FsyncPolicy, Isolation, LogLevel,
    Redirect, RunOptions, Subscriber,
};
use research_domain::Domain;
use research_exec::devices::{DeviceProbe, NvmlProbe};
use research_monitor::Progress;

use crate::parallelism::Parallelism;
use crate::update::Rule;

/// A research that is being described: what is run ([units](Self::callable)), for which configs
/// ([`domain`](Self::domain)), and how. [`run`](Self::run) runs it.
///
/// Settings of units, such as [`save_to`](Self::save_to), are those of the unit added last.
/// Mistakes are reported by [`run`](Self::run).
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
    pub(crate) redo_failed: bool,
    pub(crate) allow_changes: bool,
    pub(crate) handle_signals: bool,
    /// Who tells of devices.
    pub(crate) probe: Box<dyn DeviceProbe>,
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

/// Where a research is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a folder of its name within this one.
    Folder(PathBuf),
    Memory,
}

impl Research {
    /// A research of this name, which is also that of its folder.
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
            handle_signals: true,
            probe: Box::new(NvmlProbe::new()),
        }
    }

    /// Sets the folder in which the research gets its folder; the current one, if not set.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.place = Place::Folder(folder.into());
        self
    }

    /// Keeps everything in memory.
    #[must_use]
    pub fn in_memory(mut self) -> Self {
        self.place = Place::Memory;
        self
    }

    /// Sets the parameters; without them one experiment with an empty config is run.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<Domain>) -> Self {
        self.domain = domain.into();
        self
    }

    /// Takes over the units of an experiment that was built elsewhere. Units that were added before
    /// would be lost, so that is an error of [`run`](Self::run).
    #[must_use]
    pub fn experiment(mut self, experiment: ExperimentBuilder) -> Self {
        self.has_lost_units |= !self.experiment.is_empty();
        self.experiment = experiment;
        self
    }

    /// Takes over all run options at once, but for their seed, which [`seed`](Self::seed) sets.
    #[must_use]
    pub fn options(mut self, options: RunOptions) -> Self {
        self.options = options;
        self
    }

    /// Records what the research is made from, where that is no Rust program: workers, which get
    /// it, and a resumed run build the experiment from this. Whoever resumes with another source sees to
    /// it that results belong together.
    #[must_use]
    pub fn source(mut self, source: serde_json::Value) -> Self {
        self.source = Some(source);
        self
    }

    /// Records the file from which the source was read, as a path from the current folder. A folder
    /// that has the same file is taken for a copy of this one, in which a copied research is resumed.
    #[must_use]
    pub fn source_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.source_file = Some(path.into());
        self
    }

    /// Sets how many worker processes there are; one, if not set. With a list of configs there is a
    /// worker for each, and its config is added to those of the experiments that it runs. What is
    /// added belongs to where an experiment runs: it changes neither its id nor its seed, and is no
    /// part of its results.
    #[must_use]
    pub fn workers(mut self, workers: impl Into<Parallelism>) -> Self {
        let Parallelism { count, configs } = workers.into();
        (self.options.workers, self.options.worker_configs) = (count, configs);
        self
    }

    /// Sets how branches run: side by side in threads, if not set.
    #[must_use]
    pub fn executor_target(mut self, target: ExecutorTarget) -> Self {
        self.options.executor_target = target;
        self
    }

    /// Sets how often each config is run; once, if not set.
    #[must_use]
    pub fn n_reps(mut self, n_reps: u64) -> Self {
        self.options.n_reps = n_reps;
        self
    }

    /// Sets the number of iterations; if not set, one where all units are callables, else as many
    /// as their generators yield.
    #[must_use]
    pub fn n_iters(mut self, n_iters: u64) -> Self {
        self.options.n_iters = Some(n_iters);
        self
    }

    /// Sets how many configs are taken from the domain; all, if not set.
    #[must_use]
    pub fn n_configs(mut self, n_configs: u64) -> Self {
        self.options.n_configs = Some(n_configs);
        self
    }

    /// Sets after how many configs they are repeated; after all, if not set.
    #[must_use]
    pub fn repeat_each(mut self, configs: u64) -> Self {
        self.options.repeat_each = Some(configs);
        self
    }

    /// Lets ids begin with the numbers of the parameters' values, in the order in which these are
    /// first used, and that of the repetition, each with so many digits and followed by `_`.
    #[must_use]
    pub fn create_id_prefix(mut self, digits: u8) -> Self {
        self.options.create_id_prefix = Some(digits);
        self
    }

    /// Sets the seed of everything that is drawn; a new one is drawn and recorded, if not set.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets whether the rest of an iteration still runs when a unit has failed or a generator
    /// ended; it does, if not set.
    #[must_use]
    pub fn finalize(mut self, finalize: bool) -> Self {
        self.options.finalize = finalize;
        self
    }

    /// Sets what experiments are kept apart by; a process each, if not set.
    #[must_use]
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.options.isolation = isolation;
        self
    }

    /// Sets how often an experiment that did not succeed is tried again; never, if not set.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.options.retries = retries;
        self
    }

    /// Lets [`resume`](Self::resume) run again what did not succeed: failed, killed and timed-out
    /// experiments. Each may then be tried as often as in a new run.
    #[must_use]
    pub fn redo_failed(mut self, redo: bool) -> Self {
        self.redo_failed = redo;
        self
    }

    /// Lets [`resume`](Self::resume) go on with other units, other iterations or another `finalize`
    /// than the research was begun with. Results of before are kept as they are.
    #[must_use]
    pub fn allow_changes(mut self, allow: bool) -> Self {
        self.allow_changes = allow;
        self
    }

    /// Sets how long an experiment waits before it is tried again; not at all, if not set.
    #[must_use]
    pub fn retry_delay(mut self, delay: Duration) -> Self {
        self.options.retry_delay = delay;
        self
    }

    /// Sets whether an experiment waits twice as long each time that it fails again.
    #[must_use]
    pub fn double_retry_delay(mut self, double: bool) -> Self {
        self.options.double_retry_delay = double;
        self
    }

    /// Sets how long an attempt at an experiment may take; any time, if not set. What has not ended
    /// by then is killed and `timed_out`; what it had saved is kept. Experiments of one task, its
    /// branches, begin together, and their time is over together. See also
    /// [`unit_timeout`](Self::unit_timeout).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Ends the run early when so many experiments did not succeed; what runs then is finished, and
    /// the research can be resumed. If not set, all of them may fail.
    #[must_use]
    pub fn max_failures(mut self, failures: u64) -> Self {
        self.options.max_failures = Some(failures);
        self
    }

    /// Sets whether workers run experiments. Without, as with [`Isolation::None`], all happens in
    /// this process.
    #[must_use]
    pub fn parallel(self, parallel: bool) -> Self {
        self.isolation(match parallel {
            true => Isolation::default(),
            false => Isolation::None,
        })
    }

    /// Lets the first failure end the run at once, as the error of [`run`](Self::run). It needs
    /// [`Isolation::None`] and [`ExecutorTarget::For`], so that all happens in this process.
    #[must_use]
    pub fn debug(mut self, debug: bool) -> Self {
        self.options.debug = debug;
        self
    }

    /// Records how long units and iterations take (level 1), and the processor time, page faults
    /// and memory of units too (level 2); see
    /// [`Finished::profile`](crate::Finished::profile).
    #[must_use]
    pub fn profile(mut self, level: u8) -> Self {
        self.options.profile = level;
        self
    }

    /// Sets when the log waits for the disk: when experiments end, if not set.
    #[must_use]
    pub fn fsync(mut self, policy: FsyncPolicy) -> Self {
        self.options.fsync = policy;
        self
    }

    /// Sets how much messages must matter to be kept; all but those for debugging, if not set.
    #[must_use]
    pub fn loglevel(mut self, level: LogLevel) -> Self {
        self.options.loglevel = level;
        self
    }

    /// Sets where what experiments print on standard output is kept; nowhere, if not set. What
    /// code of several experiments prints that share a task is kept for each of them, for nobody
    /// can tell whose it is; what their programs print is told apart.
    #[must_use]
    pub fn redirect_stdout(mut self, redirect: Redirect) -> Self {
        self.options.redirect_stdout = redirect;
        self
    }

    /// Sets where what experiments print on standard error is kept; see
    /// [`redirect_stdout`](Self::redirect_stdout).
    #[must_use]
    pub fn redirect_stderr(mut self, redirect: Redirect) -> Self {
        self.options.redirect_stderr = redirect;
        self
    }

    /// Records what commands put out, in files in the folder `env` of the research; the program and
    /// the machine are always recorded. The run does not wait for it, except at its end.
    #[must_use]
    pub fn attach_env_meta(mut self, meta: EnvMeta) -> Self {
        self.options.env_meta.push(meta);
        self
    }

    /// Records the commit, the changes since and the state of the git repository that a folder is
    /// in; see [`EnvMeta::git`].
    #[must_use]
    pub fn attach_git_meta(self, cwd: impl Into<PathBuf>) -> Self {
        self.attach_env_meta(EnvMeta::git(cwd))
    }

    /// Lets code of one's own stand around tasks, iterations and calls of units, where these run;
    /// see [`ExecutorHooks`].
    #[must_use]
    pub fn hooks(self, hooks: impl ExecutorHooks + 'static) -> Self {
        self.build(|experiment| experiment.hooks(hooks))
    }

    /// Sets whether signals stop the run; they do, if not set.
    ///
    /// SIGINT (Ctrl-C), SIGTERM and SIGHUP do, and so do SIGQUIT, SIGUSR1, SIGUSR2, SIGXCPU,
    /// SIGALRM, SIGVTALRM and SIGPROF unless the program ignores them or has its own handler for
    /// them when its first run begins. The first signal lets running experiments finish; after any
    /// signal but SIGINT they have ten seconds. A second signal ends the run at once. Handlers that
    /// the program has set are called, too.
    #[must_use]
    pub fn handle_signals(mut self, handle_signals: bool) -> Self {
        self.handle_signals = handle_signals;
        self
    }
}
