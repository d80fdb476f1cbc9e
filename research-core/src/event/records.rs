//! The records in events.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use research_domain::{Config, ExperimentId};
use serde::{Deserialize, Serialize};

use super::status::FailureKind;
use crate::run_clock::RunClock;

/// A moment, in microseconds since 1970-01-01 00:00 UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Returns the current time by the system's clock. In the processes of a run, the [clock of the
    /// run](crate::executor::RunClock) is used, which ignores steps of the system's clock.
    #[must_use]
    pub fn now() -> Self {
        Self(RunClock::now())
    }

    /// Returns the seconds from `earlier` to this moment; zero if the clock went back.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> f64 {
        self.0.saturating_sub(earlier.0) as f64 / 1e6
    }
}

/// The number of an experiment, unique in its research's log. In an undisturbed run it is the
/// experiment's index in the domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ExperimentNumber(pub u64);

/// The number of a worker, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WorkerNumber(pub u32);

/// Writes the time in UTC, to the millisecond.
///
/// ```
/// use research_core::Timestamp;
///
/// assert_eq!(Timestamp(1_500_000).to_string(), "1970-01-01 00:00:01.500Z");
/// ```
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = i64::try_from(self.0).ok();
        match time.and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok()) {
            Some(time) => write!(f, "{}", time.strftime("%Y-%m-%d %H:%M:%S.%3fZ")),
            None => f.write_str("(no such time)"),
        }
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        UNIX_EPOCH + Duration::from_micros(time.0)
    }
}

/// Times before 1970 become 1970.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for ExperimentNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for WorkerNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The description of an experiment: all that its units may depend on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExperimentRecord {
    /// The id, also the name of the folder.
    pub id: ExperimentId,
    /// The index in the domain; tables are ordered by it.
    pub place: u64,
    /// The parameters, without auxiliary keys.
    pub config: Config,
    /// The repetition of the config, from 0.
    pub repetition: u64,
    /// The number of updates of the domain before it was generated.
    pub updates: u64,
    /// The seed of the random generator.
    pub seed: u64,
}

impl ExperimentRecord {
    /// Returns the seed in 32 bits, which the generator of every program accepts.
    #[must_use]
    pub fn short_seed(&self) -> u32 {
        // The shift leaves 32 bits.
        (self.seed >> 32) as u32
    }

    /// Returns the config with the auxiliary keys `repetition` and `updates`.
    #[must_use]
    pub fn full_config(&self) -> Config {
        let mut config = self.config.clone();
        config.insert("repetition", self.repetition);
        config.insert("updates", self.updates);
        config
    }
}

/// An error or a panic of a unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExceptionRecord {
    /// The unit; `None` where the executor's process itself ended.
    pub unit: Option<String>,
    /// The iteration, from 0.
    pub iteration: u64,
    /// The kind of failure.
    pub kind: FailureKind,
    /// The error message.
    pub message: String,
    /// The backtrace, or the last lines of a program's output.
    pub backtrace: Option<String>,
}

/// The resources that an attempt at an experiment used, as far as they are known. Processes that
/// outlived it do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ResourceUsage {
    /// The peak resident memory of its largest process, in bytes.
    pub peak_memory: Option<u64>,
    /// The processor time of its processes, in seconds.
    pub cpu_seconds: Option<f64>,
    /// The exit code of its last program, or of its process if that ended early; `None` if a signal
    /// ended it.
    pub exit_code: Option<i32>,
}

/// An event that this version of the program cannot read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownEvent {
    /// The number of its kind in the log.
    pub kind: u8,
    /// The version of its kind.
    pub version: u8,
    /// Its encoded fields.
    pub body: Vec<u8>,
}
