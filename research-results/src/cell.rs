//! The cells of a table.

use std::borrow::Cow;
use std::cmp::Ordering;

use research_core::Column;
use research_domain::Value;

/// One cell of a table's row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// No value: the config does not have the parameter, the variable was not saved at the
    /// iteration, or the value is `null`.
    Missing,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A count, such as the number of an iteration.
    Count(u64),
    /// A float.
    Float(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// Bytes, a list, a map, or an integer above [`i64::MAX`].
    Nested(&'a Value),
}

impl<'a> Cell<'a> {
    /// The cell of the value at a column's position.
    pub(crate) fn at(column: &'a Column, position: usize) -> Self {
        let cell = match column {
            Column::Float(values) => values.get(position).map(|value| Self::Float(*value)),
            Column::Int(values) => values.get(position).map(|value| Self::Int(*value)),
            Column::Bool(values) => values.get(position).map(|value| Self::Bool(*value)),
            Column::Text(values) => values.get(position).map(|value| Self::from(value.as_str())),
            Column::Value(values) => values.get(position).map(Self::from),
        };
        cell.unwrap_or(Self::Missing)
    }

    /// The order of cells: numbers, then all others by their text.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        match (self.number(), other.number()) {
            (Some(one), Some(other)) => one.total_cmp(&other),
            (None, None) => self.to_json().cmp(&other.to_json()),
            (one, other) => one.is_none().cmp(&other.is_none()),
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "only the order matters")]
    fn number(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Count(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// Whether the cell is a number.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Count(_) | Self::Float(_))
    }
}

impl<'a> From<&'a Value> for Cell<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Missing,
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::Float(value) => Self::Float(*value),
            Value::Text(text) => Self::from(text.as_str()),
            // These integers fit no column type of a table.
            Value::Uint(_) | Value::Bytes(_) | Value::List(_) | Value::Map(_) => {
                Self::Nested(value)
            }
        }
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}
