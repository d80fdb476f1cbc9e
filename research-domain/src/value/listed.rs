//! A value in a list of values, with an optional alias.

use std::fmt::{self, Display, Formatter};

use super::Value;
use crate::syntax::write_alias;

/// A value with an optional alias; see [`aliased`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Listed {
    value: Value,
    alias: Option<Box<str>>,
}

/// Gives a value an alias.
///
/// ```
/// use research_domain::{aliased, option};
///
/// let sizes = option("layers", [aliased(vec![64, 64], "small"), aliased(vec![512, 512], "big")]);
/// assert_eq!(sizes.to_string(), r#"layers=[[64, 64] as "small", [512, 512] as "big"]"#);
/// ```
pub fn aliased(value: impl Into<Value>, alias: impl Into<Box<str>>) -> Listed {
    Listed {
        value: value.into(),
        alias: Some(alias.into()),
    }
}

impl Listed {
    /// Returns the value.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Returns the alias, if the value was given one.
    pub fn alias(&self) -> Option<&str> {
        self.alias.as_deref()
    }

    pub(crate) fn remove_alias(&mut self) {
        self.alias = None;
    }

    /// Replaces the value and keeps the alias.
    pub(crate) fn with_value(self, value: Value) -> Listed {
        Listed { value, ..self }
    }

    pub(crate) fn into_parts(self) -> (Value, Option<Box<str>>) {
        (self.value, self.alias)
    }
}

impl<T: Into<Value>> From<T> for Listed {
    fn from(value: T) -> Listed {
        Listed {
            value: value.into(),
            alias: None,
        }
    }
}

/// `value`, or `value as "alias"`.
impl Display for Listed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.value.literal().fmt(f)?;
        write_alias(f, self.alias())
    }
}
