//! Errors of a standalone executor.

use research_core::SinkError;
use research_core::domain::IdRegistryError;

/// A failure of a standalone executor.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// The sink does not accept events.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The numbers of configs and branch configs differ.
    #[error(
        "{configs} configs and {branch_configs} branch configs: pass one of each for every branch, \
         or only one of the lists"
    )]
    Lengths {
        /// The number of configs.
        configs: usize,
        /// The number of branch configs.
        branch_configs: usize,
    },
    /// A unit has failed in debug mode.
    #[error("{0}")]
    Raised(String),
    /// A config occurs too often to get an id.
    #[error(transparent)]
    Id(#[from] IdRegistryError),
}
