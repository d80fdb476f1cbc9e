//! What units read, as far as it is known before they run.

use crate::expression::{Expression, Kind};

/// Something that a unit reads while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// The config item with this key.
    Item(String),
    /// The latest output of the unit with this name, or the instance that it makes.
    Unit(String),
    /// The instance with this name, or the description of a unit that makes none.
    Instance(String),
    /// A name in a command: a config item, else a unit, or a field of one of these.
    Name(String),
    /// `{flags}` in a command: the config item or the unit `flags`, else all config items.
    Flags,
    /// Something that belongs to one experiment, such as its folder. The text names it.
    Experiment(String),
}

impl Input {
    /// What an expression reads; `None` if that is the same for all experiments.
    pub(crate) fn of_expression(expression: &Expression) -> Option<Self> {
        Some(match &expression.0 {
            Kind::Config(key) => Self::Item(key.to_string()),
            Kind::Output { unit, .. } => Self::Unit(unit.to_string()),
            Kind::Unit { name } => Self::Instance(name.to_string()),
            Kind::Iteration | Kind::Constant(_) => return None,
            Kind::WholeConfig { .. }
            | Kind::Experiment
            | Kind::AllBranches
            | Kind::Path
            | Kind::Results
            | Kind::Storage => Self::Experiment(expression.to_string()),
        })
    }
}
