//! The record of an update of the domain.

use serde::{Deserialize, Serialize};

/// An update of the domain: all that a resumed run needs to continue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdateRecord {
    /// The new domain, as an expression.
    pub domain: String,
    /// The number of its configs to run; `None` for all of them.
    pub n_configs: Option<u64>,
    /// The number of repetitions of each config.
    pub n_reps: u64,
    /// The number of configs after which they are repeated; `None` for all of them.
    pub repeat_each: Option<u64>,
    /// The number of experiments that were generated before the update.
    pub generated: u64,
    /// The number of updates, including this one.
    pub updates: u64,
    /// The number of experiments that have not begun, if it is known.
    pub remaining: Option<u64>,
}
