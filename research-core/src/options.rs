//! The options of a run.

use std::time::Duration;

use research_domain::{Config, Value};
use serde::{Deserialize, Serialize};

use crate::env_meta::EnvMeta;
use crate::event::WorkerNumber;
use crate::log_level::LogLevel;
use crate::memory::MemorySize;
use crate::output_stream::OutputStream;

/// The isolation of experiments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// A fresh process for each task: a crash or a leak never outlives its experiment.
    #[default]
    Experiment,
    /// The worker's process, reused for each of its tasks.
    Worker,
    /// The process that called `run`, without workers.
    None,
}

/// The execution of the branches of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutorTarget {
    /// In parallel, each branch in its own thread.
    #[default]
    Threads,
    /// One after another, unit by unit, in one thread.
    For,
}

/// The part of their task's experiments that root units see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RootView {
    /// The whole first experiment; values of root units are saved only with it. Used if each task
    /// has one experiment, and in researches that version 0.1.0 or earlier began.
    #[default]
    First,
    /// Only what all experiments of the task have in common, and a seed derived from that. Values
    /// of root units are saved with each experiment.
    Shared {
        /// The keys of the config items that they see, `repetition` and `updates` among them.
        keys: Vec<String>,
        /// Whether the keys were declared. If not, root units do not receive the id and the folder
        /// of the first experiment either.
        is_declared: bool,
    },
}

/// The policy for waiting until written data is on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FsyncPolicy {
    /// At every commit.
    Always,
    /// At commits that must be durable: those in which an experiment ended, gathered for some
    /// milliseconds.
    #[default]
    Experiment,
    /// Never: committed data outlives this process, but perhaps not a crash of the machine.
    Never,
}

/// The destination of an output stream of experiments, from their programs and their own code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Redirect {
    /// No file: code prints to the run's standard error, and the last lines of programs are shown
    /// if they fail (0).
    #[default]
    None,
    /// In one file for all experiments, in the research's folder (1).
    Common,
    /// In a file for each experiment, in its folder; in memory, if the research is kept in memory
    /// (2).
    Experiment,
    /// In both (3).
    Both,
}

impl Redirect {
    /// All of them, indexed by their numbers.
    pub const ALL: [Self; 4] = [Self::None, Self::Common, Self::Experiment, Self::Both];

    /// Whether there is a file for all experiments.
    #[must_use]
    pub fn is_common(self) -> bool {
        matches!(self, Self::Common | Self::Both)
    }

    /// Whether there is a file for each experiment.
    #[must_use]
    pub fn is_per_experiment(self) -> bool {
        matches!(self, Self::Experiment | Self::Both)
    }
}

/// The options of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RunOptions {
    /// The number of worker processes.
    pub workers: u32,
    /// The number of experiments of a task, its branches, which share the outputs of root units.
    pub branches: u32,
    /// The configs that are added to those of a worker's experiments, one for each worker, or none.
    /// They are not part of an experiment's id, seed or results, because they belong to where it
    /// runs.
    pub worker_configs: Vec<Config>,
    /// The configs that are added to those of experiments, one for each branch, or none.
    pub branch_configs: Vec<Config>,
    /// The parameters that root units use, if they are declared. The experiments of a task have the
    /// same values of these, and root units see no others. An empty list says that root units use
    /// none.
    pub branch_by: Option<Vec<String>>,
    /// The part of their task's experiments that root units see. The run sets it.
    #[serde(default)]
    pub root_view: RootView,
    /// Whether programs that update the domain receive every experiment, with its status. In
    /// researches that were begun before this option existed, they receive the values that
    /// experiments have saved.
    #[serde(default)]
    pub updates_see_all: bool,
    /// The execution of the branches of a task.
    pub executor_target: ExecutorTarget,
    /// The number of iterations of each experiment. The default is one if all units are callables,
    /// else as many as its generators yield.
    pub n_iters: Option<u64>,
    /// The number of configs to take from the domain. The default is all of them.
    pub n_configs: Option<u64>,
    /// The number of repetitions of each config.
    pub n_reps: u64,
    /// The number of configs after which they are repeated. The default is all of them.
    pub repeat_each: Option<u64>,
    /// The number of digits in the prefix of ids, which has a number for each parameter. Without
    /// it, ids have no prefix.
    pub create_id_prefix: Option<u8>,
    /// The seed of all random numbers.
    pub seed: u64,
    /// Whether the remaining units of an iteration still run after a unit has failed or a generator
    /// ended.
    pub finalize: bool,
    /// The isolation of experiments.
    pub isolation: Isolation,
    /// The number of retries of an experiment that did not succeed.
    pub retries: u32,
    /// The delay before a retry.
    #[serde(with = "seconds")]
    pub retry_delay: Duration,
    /// Whether the delay doubles with each retry.
    pub double_retry_delay: bool,
    /// The number of experiments without success at which the run ends early.
    pub max_failures: Option<u64>,
    /// The timeout of an attempt at an experiment.
    #[serde(with = "optional_seconds")]
    pub timeout: Option<Duration>,
    /// The devices of experiments: null, a number or a name, or a list of these, spread over the
    /// workers and their branches. A list of lists has an entry for each worker.
    pub devices: Value,
    /// The share of each device's memory that must be free before a task begins, from 0 to 1.
    pub memory_ratio: Option<f64>,
    /// The memory that an experiment takes on each of its devices. An experiment begins when that
    /// much is free and not declared by other experiments of the run.
    pub device_memory: Option<MemorySize>,
    /// The number of consecutive checks that find too little device memory before a worker counts
    /// as unable to run anything.
    pub n_gpu_checks: u32,
    /// The time between two of these checks.
    #[serde(with = "seconds")]
    pub gpu_check_delay: Duration,
    /// Whether the first failure ends the run at once, with its error.
    pub debug: bool,
    /// The measurements of each call of a unit: none (0), its time (1), also its processor time,
    /// page faults and the memory of the process (2).
    pub profile: u8,
    /// Whether the monitor's log is kept beside the event log, as `monitor.csv`.
    pub monitor_log: bool,
    /// The policy for waiting until the log is on the disk.
    pub fsync: FsyncPolicy,
    /// The lowest level of messages that are kept.
    pub loglevel: LogLevel,
    /// The destination of the standard output of experiments.
    pub redirect_stdout: Redirect,
    /// The destination of their standard error.
    pub redirect_stderr: Redirect,
    /// Additions to the recorded environment, which always has the program and the machine.
    pub env_meta: Vec<EnvMeta>,
}

impl RunOptions {
    /// The limit of workers, and of branches of a task.
    pub const MAX_PARALLEL: u32 = 100_000;

    /// The limit of branches of all workers together.
    const MAX_BRANCHES: u64 = 1_000_000;

    /// Returns the config that is added to that of an experiment, for its worker and branch; later
    /// keys replace earlier ones.
    #[must_use]
    pub fn added_config(&self, worker: WorkerNumber, branch: u32) -> Config {
        let of = |configs: &[Config], index: u32| configs.get(index as usize).cloned();
        let worker = of(&self.worker_configs, worker.0).unwrap_or_default();
        match of(&self.branch_configs, branch) {
            Some(branch) => worker.merged(&branch),
            None => worker,
        }
    }

    /// Returns an error if there are so many workers and branches that they would take all memory
    /// before anything runs.
    #[must_use]
    pub fn parallelism_problem(&self) -> Option<String> {
        let numbers = [("workers", self.workers), ("branches", self.branches)];
        let most = Self::MAX_PARALLEL;
        if let Some((name, number)) = numbers.into_iter().find(|(_, number)| *number > most) {
            return Some(format!("{name} can be {most} at most, and is {number}"));
        }
        let branches = u64::from(self.workers) * u64::from(self.branches);
        (branches > Self::MAX_BRANCHES).then(|| {
            format!(
                "{} workers with {} branches each are {branches} experiments at once, and {} is \
                 the most: set `workers` or `branches` to less",
                self.workers,
                self.branches,
                Self::MAX_BRANCHES
            )
        })
    }

    /// Returns the destination of an output stream of experiments.
    #[must_use]
    pub fn redirect(&self, stream: OutputStream) -> Redirect {
        match stream {
            OutputStream::Stdout => self.redirect_stdout,
            OutputStream::Stderr => self.redirect_stderr,
        }
    }
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            workers: 1,
            branches: 1,
            worker_configs: Vec::new(),
            branch_configs: Vec::new(),
            branch_by: None,
            root_view: RootView::default(),
            updates_see_all: true,
            executor_target: ExecutorTarget::default(),
            n_iters: None,
            n_configs: None,
            n_reps: 1,
            repeat_each: None,
            create_id_prefix: None,
            seed: 0,
            finalize: true,
            isolation: Isolation::default(),
            retries: 0,
            retry_delay: Duration::ZERO,
            double_retry_delay: false,
            max_failures: None,
            timeout: None,
            devices: Value::Null,
            memory_ratio: None,
            device_memory: None,
            n_gpu_checks: 3,
            gpu_check_delay: Duration::from_secs(5),
            debug: false,
            profile: 0,
            monitor_log: false,
            fsync: FsyncPolicy::default(),
            loglevel: LogLevel::Info,
            redirect_stdout: Redirect::default(),
            redirect_stderr: Redirect::default(),
            env_meta: Vec::new(),
        }
    }
}

/// Durations as numbers of seconds.
mod seconds {
    use std::time::{Duration, TryFromFloatSecsError};

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    pub(super) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        time.as_secs_f64().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        read(f64::deserialize(from)?).map_err(de::Error::custom)
    }

    /// The longest duration is rounded up when it is written, so it may be too large to read back.
    pub(super) fn read(seconds: f64) -> Result<Duration, TryFromFloatSecsError> {
        if seconds >= Duration::MAX.as_secs_f64() {
            return Ok(Duration::MAX);
        }
        Duration::try_from_secs_f64(seconds)
    }
}

/// Optional durations as numbers of seconds.
mod optional_seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    pub(super) fn serialize<S: Serializer>(
        time: &Option<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(|time| time.as_secs_f64()).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Duration>, D::Error> {
        let seconds = Option::<f64>::deserialize(from)?;
        let time = seconds.map(super::seconds::read);
        time.transpose().map_err(de::Error::custom)
    }
}
