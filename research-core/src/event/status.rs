//! The endings of experiments, units and runs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The ending of an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// All iterations ran.
    Finished,
    /// A generator reached its end and stopped the experiment.
    Stopped,
    /// A unit ended with an error or a panic.
    Failed,
    /// The process of the experiment, or the program of a unit, was killed or ended by itself.
    Killed,
    /// A timeout expired.
    TimedOut,
    /// A user cancelled the experiment.
    Cancelled,
    /// A rule ended the experiment early, because its values were not promising.
    Pruned,
}

impl Status {
    /// All statuses, in the order of tables and summaries.
    pub const ALL: [Self; 7] = [
        Self::Finished,
        Self::Stopped,
        Self::Failed,
        Self::Killed,
        Self::TimedOut,
        Self::Cancelled,
        Self::Pruned,
    ];

    /// Whether the experiment ran to its end: it finished or was stopped by its generator.
    #[must_use]
    pub fn is_success(self) -> bool {
        matches!(self, Self::Finished | Self::Stopped)
    }

    /// Whether the experiment failed, so that `retries` may run it again. Experiments that were
    /// cancelled or pruned are neither successes nor failures.
    #[must_use]
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Killed | Self::TimedOut)
    }

    /// Whether an experiment whose latest attempt ended with this status has ended for good: it did
    /// not fail, or more than `retries` of its attempts have failed.
    #[must_use]
    pub fn is_final(self, failures: u32, retries: u32) -> bool {
        !self.is_failure() || failures > retries
    }

    /// Returns the name in tables and files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Killed => "killed",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Pruned => "pruned",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The kind of a unit's failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureKind {
    /// The unit returned an error, or its program ended with an exit code other than 0.
    Error,
    /// The unit panicked.
    Panic,
    /// The program was killed by a signal.
    Killed,
    /// A timeout expired.
    TimedOut,
}

impl FailureKind {
    /// Returns the status of an experiment that failed in this way.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::Error | Self::Panic => Status::Failed,
            Self::Killed => Status::Killed,
            Self::TimedOut => Status::TimedOut,
        }
    }
}

/// The ending of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// Every experiment of the domain has a final status.
    Complete,
    /// The run was stopped before its end; it can be resumed.
    Interrupted,
    /// The run could not continue; it can be resumed.
    Aborted,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Complete => "complete",
            Self::Interrupted => "interrupted",
            Self::Aborted => "aborted",
        })
    }
}
