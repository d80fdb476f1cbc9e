//! What can go wrong with an executor that stands alone.

use research_core::SinkError;
use research_core::domain::IdRegistryError;

/// An executor that stands alone could not run.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// Events have nowhere to go.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// There are configs and branch configs, but not as many of each.
    #[error(
        "there are {configs} configs and {branch_configs} branch configs: give one of each for every branch, or only one of both lists"
    )]
    Lengths {
        /// How many configs there are.
        configs: usize,
        /// How many branch configs.
        branch_configs: usize,
    },
    /// A unit has failed, and failures are to be raised at once.
    #[error("{0}")]
    Raised(String),
    /// A config has no free id.
    #[error(transparent)]
    Id(#[from] IdRegistryError),
}
