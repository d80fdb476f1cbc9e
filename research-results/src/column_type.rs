//! The types of a table's columns.

use research_core::Column;
use research_domain::Value;

use crate::cell::Cell;

/// The type of all values of a column.
///
/// Integers and floats together are floats, as long as each of the integers is exact as a float. A
/// column with other values of several kinds, or with lists and maps, holds text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// Booleans.
    Bool,
    /// Integers of 64 bits.
    Int,
    /// Floats of 64 bits.
    Float,
    /// Strings; also the type of a column without values.
    Text,
    /// Strings unchanged, and all other values as JSON.
    Mixed,
    /// JSON in each cell.
    Json,
}

/// All integers up to this one are exact as floats.
const EXACT: u64 = 1 << 53;

/// The kinds of the cells in a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct ValueKinds {
    bool: bool,
    int: bool,
    /// An integer that is not exact as a float of 64 bits.
    long: bool,
    /// An integer that does not fit a signed integer of 64 bits.
    huge: bool,
    float: bool,
    text: bool,
    nested: bool,
}

impl ValueKinds {
    pub(crate) fn add(&mut self, cell: &Cell<'_>) {
        match cell {
            Cell::Missing => {}
            Cell::Bool(_) => self.bool = true,
            Cell::Int(value) => {
                self.int = true;
                self.long |= value.unsigned_abs() > EXACT;
            }
            Cell::Count(value) => {
                self.int = true;
                self.long |= *value > EXACT;
                self.huge |= i64::try_from(*value).is_err();
            }
            Cell::Float(_) => self.float = true,
            Cell::Text(_) => self.text = true,
            Cell::Nested(Value::Uint(_)) => self.huge = true,
            Cell::Nested(_) => self.nested = true,
        }
    }

    /// Adds the kinds of all saved values of a variable.
    pub(crate) fn add_column(&mut self, column: &Column) {
        match column {
            Column::Float(values) => self.float |= !values.is_empty(),
            Column::Bool(values) => self.bool |= !values.is_empty(),
            Column::Text(values) => self.text |= !values.is_empty(),
            Column::Int(values) => {
                self.int |= !values.is_empty();
                self.long |= values.iter().any(|value| value.unsigned_abs() > EXACT);
            }
            Column::Value(values) => values.iter().for_each(|value| self.add_value(value)),
        }
    }

    pub(crate) fn add_value(&mut self, value: &Value) {
        self.add(&Cell::from(value));
    }

    /// Returns the kinds of both.
    pub(crate) fn with(self, other: Self) -> Self {
        Self {
            bool: self.bool | other.bool,
            int: self.int | other.int,
            long: self.long | other.long,
            huge: self.huge | other.huge,
            float: self.float | other.float,
            text: self.text | other.text,
            nested: self.nested | other.nested,
        }
    }

    /// Whether a value is not a number.
    pub(crate) fn has_others(self) -> bool {
        self.text || self.nested || self.huge
    }

    pub(crate) fn has_floats(self) -> bool {
        self.float
    }

    /// Returns the kinds of values, if there are several: those that a column of
    /// [`ColumnType::Mixed`] or, in part, [`ColumnType::Json`] holds.
    pub(crate) fn mixture(self) -> Option<String> {
        let kinds = [
            (self.int || self.float, "numbers"),
            (self.bool, "booleans"),
            (self.huge, "integers above 9223372036854775807"),
            (self.text, "strings"),
            (self.nested, "lists or maps"),
        ];
        let kinds: Vec<&str> = kinds
            .iter()
            .filter(|kind| kind.0)
            .map(|kind| kind.1)
            .collect();
        match kinds.as_slice() {
            [first @ .., last] if !first.is_empty() => {
                Some(format!("{} and {last}", first.join(", ")))
            }
            _ => None,
        }
    }

    pub(crate) fn column_type(self) -> ColumnType {
        let Self { int, float, .. } = self;
        let kinds = [self.bool, int || float || self.huge, self.text, self.nested];
        let kinds = kinds.iter().filter(|seen| **seen).count();
        match self {
            ValueKinds { text: true, .. } if kinds > 1 => ColumnType::Mixed,
            _ if kinds > 1 => ColumnType::Json,
            ValueKinds { bool: true, .. } => ColumnType::Bool,
            ValueKinds { nested: true, .. } | ValueKinds { huge: true, .. } => ColumnType::Json,
            ValueKinds { float: true, .. } if !self.long => ColumnType::Float,
            ValueKinds { float: true, .. } => ColumnType::Json,
            ValueKinds { int: true, .. } => ColumnType::Int,
            _ => ColumnType::Text,
        }
    }
}
