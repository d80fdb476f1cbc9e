//! The errors of expressions.

use std::fmt;

use research_domain::{Config, ValueError, suggest};

/// An expression has no value, or a value of another type than the unit takes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExpressionError {
    /// The config has no such key.
    #[error("the config has no item `{key}`{hint}")]
    NoKey {
        /// The key.
        key: String,
        /// The nearest key, or the available keys.
        hint: String,
    },
    /// The unit is unknown.
    #[error("unknown unit `{unit}`{hint}")]
    NoUnit {
        /// The name.
        unit: String,
        /// The nearest name.
        hint: String,
    },
    /// The unit has no output yet. An argument of type `Option` is `None` then.
    #[error(
        "unit `{unit}` has no output yet: it failed, is not due, or must come before this unit"
    )]
    NotRun {
        /// The unit.
        unit: String,
    },
    /// Nothing was saved under this name yet. An argument of type `Option` is `None` then.
    #[error("nothing was saved as `{variable}` yet")]
    NotSaved {
        /// The name.
        variable: String,
    },
    /// The saved values of this name are no longer in the memory of the experiment.
    #[error("the saved values of `{variable}` were not kept: {reason}")]
    NotKept {
        /// The name.
        variable: String,
        /// The reason, and what to do.
        reason: String,
    },
    /// An operation has no result for these values.
    #[error("{expression}: {reason}")]
    Operation {
        /// The expression, as it is written in Rust.
        expression: String,
        /// The reason that there is no result.
        reason: String,
    },
    /// The value has another type.
    #[error("{expression}: {source}")]
    WrongType {
        /// The expression, in words.
        expression: String,
        /// The expected and the found type.
        source: ValueError,
    },
    /// The output is an object of another type, or an object instead of a value.
    #[error("{expression} is an object, and this argument takes a {expected}")]
    WrongObject {
        /// The expression, in words.
        expression: String,
        /// The expected type.
        expected: &'static str,
    },
    /// The output is a value instead of an object.
    #[error("{expression} is a value, and this argument takes an object, a {expected}")]
    WrongValue {
        /// The expression, in words.
        expression: String,
        /// The expected type.
        expected: &'static str,
    },
    /// A unit that is not a root reads all branches.
    #[error("all branches can only be read by a root unit")]
    NoBranches,
    /// The research's results or storage cannot be read.
    #[error("the research cannot be read: {0}")]
    Research(String),
    /// The experiment's folder cannot be created.
    #[error("the experiment's folder cannot be made: {0}")]
    Folder(String),
}

impl ExpressionError {
    pub(crate) fn no_key(config: &Config, key: &str) -> Self {
        let keys: Vec<&str> = config.keys().collect();
        Self::NoKey {
            key: key.to_owned(),
            hint: nearest(key, keys.into_iter()),
        }
    }

    pub(crate) fn wrong(expression: &impl fmt::Display, source: ValueError) -> Self {
        Self::WrongType {
            expression: expression.to_string(),
            source,
        }
    }
}

/// Returns a hint for an unknown name: the nearest of the known names, or all of them.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    match names.clone().next() {
        Some(_) => format!("; {}", suggest::hint(name, names)),
        None => String::new(),
    }
}
