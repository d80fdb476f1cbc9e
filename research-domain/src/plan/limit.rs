//! What leaves configs out of a cube of lists.

use std::sync::Arc;

use super::membership::CubeSet;
use crate::condition::{Condition, ConditionError};
use crate::config::Config;

/// A reason to leave configs out.
#[derive(Clone, Debug)]
pub(super) enum Limit {
    /// A condition that must hold.
    Condition(Condition),
    /// A set that the config's parameters, as far as the set knows them, must not be in.
    Absent(Arc<CubeSet>),
}

impl Limit {
    pub(super) fn holds(&self, config: &Config) -> Result<bool, ConditionError> {
        match self {
            Limit::Condition(condition) => condition.holds(config),
            Limit::Absent(set) => Ok(!set.contains_part(config)),
        }
    }
}
