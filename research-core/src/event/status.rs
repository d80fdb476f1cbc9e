//! How experiments, units and runs end.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How an experiment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// All its iterations ran.
    Finished,
    /// A generator came to its end and stopped it.
    Stopped,
    /// A unit ended with an error or a panic.
    Failed,
    /// Its process, or the program of a unit, was killed or ended by itself.
    Killed,
    /// It took longer than it may.
    TimedOut,
    /// A user ended it.
    Cancelled,
    /// A rule ended it early, because its values promised too little.
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

    /// Whether an experiment whose latest attempt ended like this has ended for good: it did not
    /// fail, or more of its attempts have failed than there are `retries`.
    #[must_use]
    pub fn is_final(self, failures: u32, retries: u32) -> bool {
        !self.is_failure() || failures > retries
    }

    /// The word for it in tables and files.
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

/// How a unit failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureKind {
    /// It returned an error, or its program ended with another exit code than 0.
    Error,
    /// It panicked.
    Panic,
    /// Its program was killed by a signal.
    Killed,
    /// It took longer than it may.
    TimedOut,
}

impl FailureKind {
    /// The status of an experiment that failed like this.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::Error | Self::Panic => Status::Failed,
            Self::Killed => Status::Killed,
            Self::TimedOut => Status::TimedOut,
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// Every experiment of the domain has a final status.
    Complete,
    /// It was stopped before that; it can be resumed.
    Interrupted,
    /// It could not continue; it can be resumed.
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
