//! What is recorded of an update of the domain.

use serde::{Deserialize, Serialize};

/// An update of the domain: all that a resumed run needs to continue with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdateRecord {
    /// The new domain, as an expression.
    pub domain: String,
    /// How many of its configs are run; all of them without it.
    pub n_configs: Option<u64>,
    /// How often each is run.
    pub n_reps: u64,
    /// After how many configs they are repeated; all of them without it.
    pub repeat_each: Option<u64>,
    /// How many experiments had been taken from the domains before it.
    pub generated: u64,
    /// How many updates there were, this one included.
    pub updates: u64,
    /// How many experiments have not been begun, if their number is known.
    pub remaining: Option<u64>,
}
