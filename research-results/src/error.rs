//! The errors of tables.

use std::io;

use research_core::StorageError;
use research_domain::{ConditionError, DomainError, ValueError, suggest};

/// The reason why a table of results cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// A filter names a parameter that no experiment has.
    #[error("no experiment has a parameter `{key}`; {hint}")]
    UnknownKey {
        /// The parameter.
        key: String,
        /// The nearest parameter, or the list of parameters.
        hint: String,
    },
    /// A filter names a variable that no experiment has saved.
    #[error("no experiment has saved `{name}`; {hint}")]
    UnknownVariable {
        /// The variable.
        name: String,
        /// The nearest variable, or the list of variables.
        hint: String,
    },
    /// A summary is sorted by a variable without numbers.
    #[error("no experiment has saved `{name}` as numbers; {hint}")]
    NoNumbers {
        /// The variable.
        name: String,
        /// The nearest variable with numbers, or the list of them.
        hint: String,
    },
    /// A filter names an experiment that has not started.
    #[error("no experiment with the id `{id}` has started; {hint}")]
    UnknownId {
        /// The id.
        id: String,
        /// A suggestion for the user.
        hint: &'static str,
    },
    /// A table is to be sorted by a column that it does not have.
    #[error("there is no column `{name}`; {hint}")]
    UnknownColumn {
        /// The column.
        name: String,
        /// The nearest column, or all of them.
        hint: String,
    },
    /// An experiment has not saved a variable.
    #[error("experiment `{id}` has not saved `{name}`; {hint}")]
    NotSaved {
        /// The experiment.
        id: String,
        /// The variable.
        name: String,
        /// The nearest variable that it has saved, or all of them.
        hint: String,
    },
    /// A value or a row cannot be read as a Rust type.
    #[error("cannot read {at}: {source}")]
    Value {
        /// The value or the row.
        at: String,
        /// The reason.
        source: Box<ValueError>,
    },
    /// A pattern of file names is too long.
    #[error("cannot use the pattern `{0}`: it is too long")]
    Pattern(String),
    /// A condition cannot be evaluated for an experiment.
    #[error("cannot filter by the condition: {0}")]
    Condition(Box<ConditionError>),
    /// The domain of a filter is infinite or invalid.
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

/// Returns a hint after an unknown name: the nearest known name, or the list of known names.
pub(crate) fn hint(name: &str, known: &[&str]) -> String {
    suggest::hint(name, known.iter().copied())
}
