//! The inputs of units, as far as they are known before the units run.

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
    /// A property of one experiment, such as its folder. The text names it.
    Experiment(String),
}

impl Input {
    /// Returns the inputs of expressions, without those that are the same for all experiments.
    pub(crate) fn of_expressions(expressions: &[Expression]) -> Vec<Self> {
        let mut inputs = Vec::new();
        for expression in expressions {
            expression.for_each_leaf(&mut |leaf, _| inputs.extend(Self::of_leaf(leaf)));
        }
        inputs
    }

    fn of_leaf(leaf: &Kind) -> Option<Self> {
        Some(match leaf {
            Kind::Config(key) => Self::Item(key.to_string()),
            Kind::Output { unit, .. } => Self::Unit(unit.to_string()),
            Kind::Unit { name } => Self::Instance(name.to_string()),
            Kind::Iteration | Kind::Constant(_) => return None,
            // The operands are visited as leaves of their own.
            Kind::Apply(..) | Kind::Call(..) | Kind::Optional(_) => return None,
            Kind::WholeConfig { .. }
            | Kind::Experiment
            | Kind::AllBranches
            | Kind::Path
            | Kind::Results
            | Kind::Saved { .. }
            | Kind::Storage => Self::Experiment(Expression(leaf.clone()).to_string()),
        })
    }
}
