//! The errors of failed runs, for workers of later runs: when such a worker passes the failed run,
//! its program must get the same error as in the leader.

use std::path::PathBuf;

use research_core::StorageError;
use serde::{Deserialize, Serialize};

use crate::error::ResearchError;

/// The error of a run. Errors that programs match on keep their type.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Failed {
    Exists {
        path: PathBuf,
        name: String,
    },
    NoResearch {
        path: PathBuf,
        reason: String,
    },
    Locked {
        path: PathBuf,
        pid: u32,
        host: String,
    },
    Changed {
        name: String,
        changes: Vec<String>,
    },
    Other(String),
}

impl From<&ResearchError> for Failed {
    fn from(error: &ResearchError) -> Self {
        match error {
            ResearchError::Storage(StorageError::Exists { path, name }) => Self::Exists {
                path: path.clone(),
                name: name.clone(),
            },
            ResearchError::Storage(StorageError::NoResearch { path, reason }) => Self::NoResearch {
                path: path.clone(),
                reason: reason.clone(),
            },
            ResearchError::Storage(StorageError::Locked { path, pid, host }) => Self::Locked {
                path: path.clone(),
                pid: *pid,
                host: host.clone(),
            },
            ResearchError::Changed { name, changes } => Self::Changed {
                name: name.clone(),
                changes: changes.clone(),
            },
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<Failed> for ResearchError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Exists { path, name } => StorageError::Exists { path, name }.into(),
            Failed::NoResearch { path, reason } => StorageError::NoResearch { path, reason }.into(),
            Failed::Locked { path, pid, host } => StorageError::Locked { path, pid, host }.into(),
            Failed::Changed { name, changes } => Self::Changed { name, changes },
            Failed::Other(reason) => Self::FailedBefore(reason),
        }
    }
}

impl Failed {
    pub(crate) fn to_text(&self) -> String {
        // A path that is not UTF-8 cannot be written as JSON.
        serde_json::to_string(self)
            .unwrap_or_else(|_| ResearchError::from(self.clone()).to_string())
    }

    pub(crate) fn from_text(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|_| Self::Other(text.to_owned()))
    }
}
