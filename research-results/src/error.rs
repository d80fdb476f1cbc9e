//! Why a table cannot be made.

use std::io;

use research_core::StorageError;
use research_domain::{ConditionError, DomainError, suggest};

/// Why a table of results cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// A filter names a parameter that no experiment has.
    #[error("no experiment has a parameter `{key}`; {hint}")]
    UnknownKey {
        /// The parameter.
        key: String,
        /// The nearest one, or those that there are.
        hint: String,
    },
    /// A filter names a variable that no experiment has saved.
    #[error("no experiment has saved `{name}`; {hint}")]
    UnknownVariable {
        /// The variable.
        name: String,
        /// The nearest one, or those that there are.
        hint: String,
    },
    /// A summary is to be sorted by a variable that has no numbers.
    #[error("no experiment has saved `{name}` as numbers; {hint}")]
    NoNumbers {
        /// The variable.
        name: String,
        /// The nearest one that has some, or those that there are.
        hint: String,
    },
    /// A filter names an experiment that has not started.
    #[error("no experiment with the id `{id}` has started; {hint}")]
    UnknownId {
        /// The id.
        id: String,
        /// What to do.
        hint: &'static str,
    },
    /// A condition cannot be evaluated for an experiment.
    #[error("cannot filter by the condition: {0}")]
    Condition(Box<ConditionError>),
    /// The domain of a filter has no end, or is wrong.
    #[error("cannot filter by the domain: {0}")]
    Domain(Box<DomainError>),
    /// The log or a file of an experiment cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The table cannot be written.
    #[error("cannot write the table: {0}")]
    Output(#[from] io::Error),
}

impl From<DomainError> for TableError {
    fn from(error: DomainError) -> Self {
        Self::Domain(Box::new(error))
    }
}

/// What to say after an unknown name: the nearest known one, or those that there are.
pub(crate) fn hint(name: &str, known: &[&str]) -> String {
    suggest::hint(name, known.iter().copied())
}
