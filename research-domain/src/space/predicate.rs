//! The predicate by which a domain keeps or drops a config.

use std::fmt::{self, Debug, Display, Formatter};
use std::sync::Arc;

use super::condition::Condition;
use super::condition::evaluate::ConditionError;
use crate::config::Config;

/// A condition, or a function of Rust.
#[derive(Clone)]
pub(crate) enum Predicate {
    Condition(Condition),
    Function(Arc<dyn Fn(&Config) -> bool + Send + Sync>),
    /// A function of the program that printed the expression; it is unknown here.
    UnknownFunction,
}

impl Predicate {
    pub(crate) fn holds(&self, config: &Config) -> Result<bool, ConditionError> {
        match self {
            Predicate::Condition(condition) => condition.holds(config),
            Predicate::Function(keep) => Ok(keep(config)),
            Predicate::UnknownFunction => Err(ConditionError::UnknownFunction),
        }
    }
}

impl Display for Predicate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Predicate::Condition(condition) => Display::fmt(condition, f),
            Predicate::Function(_) | Predicate::UnknownFunction => f.write_str("<a function>"),
        }
    }
}

impl Debug for Predicate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl PartialEq for Predicate {
    fn eq(&self, other: &Predicate) -> bool {
        match (self, other) {
            (Predicate::Condition(a), Predicate::Condition(b)) => a == b,
            (Predicate::Function(a), Predicate::Function(b)) => Arc::ptr_eq(a, b),
            (Predicate::UnknownFunction, Predicate::UnknownFunction) => true,
            _ => false,
        }
    }
}
