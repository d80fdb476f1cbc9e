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
    /// The worker's process, used again for each of its tasks.
    Worker,
    /// The process that called `run`: no workers at all.
    None,
}

/// How the branches of a task run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutorTarget {
    /// Side by side, each in a thread of its own.
    #[default]
    Threads,
    /// One after another, unit by unit, in one thread.
    For,
}

/// What root units see of the experiments of their task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RootView {
    /// All of the first experiment, with which alone their values are saved. So it is where each
    /// task has one experiment, and in researches that were begun by version 0.1.0 or earlier.
    #[default]
    First,
    /// Only what all experiments of the task agree in, and a seed that follows from that. Their
    /// values are saved with each of these.
    Shared {
        /// The keys of the config items that they see, `repetition` and `updates` among them.
        keys: Vec<String>,
        /// Whether the keys were declared. If not, root units are not given the id and the folder
        /// of the first experiment either.
        is_declared: bool,
    },
}

/// When what was written waits for the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FsyncPolicy {
    /// At every commit.
    Always,
    /// At commits that are asked to be durable: those in which an experiment ended, gathered over
    /// some milliseconds.
    #[default]
    Experiment,
    /// Never: what was committed outlives this process, but perhaps not the machine.
    Never,
}

/// Where one of the outputs of experiments is kept: what their programs and their own code print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Redirect {
    /// Nowhere: code prints where the run's own errors go, and of programs the last lines are
    /// shown where they fail (0).
    #[default]
    None,
    /// In one file for all experiments, in the research's folder (1).
    Common,
    /// In a file for each experiment, in its folder; in a research that is kept in memory, in
    /// memory (2).
    Experiment,
    /// In both (3).
    Both,
}

impl Redirect {
    /// All of them, each at the place of its number.
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
    /// How many experiments a task has, its branches: they share the outputs of root units.
    pub branches: u32,
    /// What is added to the configs of the experiments that a worker runs, one for each worker; or
    /// none. It belongs to where an experiment runs, so it is not part of its id, its seed or its
    /// results.
    pub worker_configs: Vec<Config>,
    /// The same for branches.
    pub branch_configs: Vec<Config>,
    /// The parameters that root units use, where that is declared: the experiments of a task agree
    /// in them, and root units see no others. An empty list says that they use none.
    pub branch_by: Option<Vec<String>>,
    /// What root units see of the experiments of their task. The run sets it.
    #[serde(default)]
    pub root_view: RootView,
    /// Whether programs that update the domain are given every experiment, with its status. In
    /// researches that were begun before there was this, they are given what experiments have
    /// saved.
    #[serde(default)]
    pub updates_see_all: bool,
    /// How the branches of a task run.
    pub executor_target: ExecutorTarget,
    /// How many iterations each experiment has; without it, one if all units are callables, else
    /// as many as its generators yield.
    pub n_iters: Option<u64>,
    /// How many configs to take from the domain; all of them without it.
    pub n_configs: Option<u64>,
    /// How often each config is run.
    pub n_reps: u64,
    /// After how many configs they are repeated; all of them without it.
    pub repeat_each: Option<u64>,
    /// How many digits the numbers have that ids begin with, a number for each parameter; ids have
    /// no such prefix without it.
    pub create_id_prefix: Option<u8>,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// Whether the rest of an iteration still runs when a unit has failed or a generator ended.
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
    /// The run ends early when so many experiments did not succeed.
    pub max_failures: Option<u64>,
    /// The timeout of an attempt at an experiment.
    #[serde(with = "optional_seconds")]
    pub timeout: Option<Duration>,
    /// Which devices experiments are given: nothing, a number or a name, or a list of these, spread
    /// over the workers and their branches; a list with lists has an entry for each worker.
    pub devices: Value,
    /// The share of each device's memory that must be free before a task is begun, from 0 to 1.
    pub memory_ratio: Option<f64>,
    /// The memory that an experiment takes of each of its devices: it is begun when so much is free
    /// that no other experiment of the run has declared.
    pub device_memory: Option<MemorySize>,
    /// How often in a row the memory of devices may be found too little before a worker counts as
    /// unable to run anything.
    pub n_gpu_checks: u32,
    /// The time between two of these checks.
    #[serde(with = "seconds")]
    pub gpu_check_delay: Duration,
    /// Whether the first failure ends the run at once, as its error.
    pub debug: bool,
    /// What is recorded of each call of a unit: nothing (0), its time (1), its processor time, page
    /// faults and the memory of the process too (2).
    pub profile: u8,
    /// Whether the monitor's log is kept beside the event log, as `monitor.csv`.
    pub monitor_log: bool,
    /// When the log waits for the disk.
    pub fsync: FsyncPolicy,
    /// Messages that matter less than this are not kept.
    pub loglevel: LogLevel,
    /// Where the standard output of experiments is kept.
    pub redirect_stdout: Redirect,
    /// Where their standard error is kept.
    pub redirect_stderr: Redirect,
    /// The recorded environment, beside the program and the machine.
    pub env_meta: Vec<EnvMeta>,
}

impl RunOptions {
    /// The most workers, and the most branches of a task.
    pub const MAX_PARALLEL: u32 = 100_000;

    /// The most branches of all workers together.
    const MAX_BRANCHES: u64 = 1_000_000;

    /// What is added to the config of an experiment that a worker runs as a branch; later keys
    /// replace earlier ones.
    #[must_use]
    pub fn added_config(&self, worker: WorkerNumber, branch: u32) -> Config {
        let of = |configs: &[Config], index: u32| configs.get(index as usize).cloned();
        let worker = of(&self.worker_configs, worker.0).unwrap_or_default();
        match of(&self.branch_configs, branch) {
            Some(branch) => worker.merged(&branch),
            None => worker,
        }
    }

    /// What is wrong with the numbers of workers and branches: so many that they would take all
    /// memory before anything runs.
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

    /// Where an output of experiments is kept.
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

/// Times as numbers of seconds.
mod seconds {
    use std::time::{Duration, TryFromFloatSecsError};

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    pub(super) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        time.as_secs_f64().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        read(f64::deserialize(from)?).map_err(de::Error::custom)
    }

    /// The longest time is rounded up when it is written, so it may be more than there is.
    pub(super) fn read(seconds: f64) -> Result<Duration, TryFromFloatSecsError> {
        if seconds >= Duration::MAX.as_secs_f64() {
            return Ok(Duration::MAX);
        }
        Duration::try_from_secs_f64(seconds)
    }
}

/// The same where there may be none.
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
