//! Constraints that remove configs from a grid of lists.

use std::sync::Arc;

use super::membership::GridSet;
use crate::config::Config;
use crate::space::condition::Condition;
use crate::space::condition::evaluate::ConditionError;

/// A constraint on the lists of a grid.
#[derive(Clone, Debug)]
pub(crate) enum Constraint {
    /// A condition that must hold.
    Condition(Condition),
    /// A set that must not contain the config, as far as the set has its parameters.
    Absent(Arc<GridSet>),
}

impl Constraint {
    pub(super) fn holds(&self, config: &Config) -> Result<bool, ConditionError> {
        match self {
            Constraint::Condition(condition) => condition.holds(config),
            Constraint::Absent(set) => Ok(!set.contains_part(config)),
        }
    }
}
