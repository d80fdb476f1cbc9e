//! The types of a table's columns.

use std::convert::Infallible;

use research_core::Column;
use research_domain::Value;

use super::Table;
use super::cell::Cell;

/// The type of all values of a column.
///
/// Integers and floats together are floats, as long as none of the integers would change. A column
/// with other values of several kinds, or with lists and maps, holds text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// Booleans.
    Bool,
    /// Integers of 64 bits.
    Int,
    /// Floats of 64 bits.
    Float,
    /// Strings; also where nothing is there.
    Text,
    /// Strings as they are, and all other values as JSON.
    Mixed,
    /// A JSON text in each cell.
    Json,
}

/// The integers up to this one are floats, too.
const EXACT: u64 = 1 << 53;

/// What kinds of cells were seen in a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Seen {
    bool: bool,
    int: bool,
    /// An integer that no float of 64 bits is.
    long: bool,
    /// A number that no integer of 64 bits with a sign is.
    huge: bool,
    float: bool,
    text: bool,
    nested: bool,
}

impl Seen {
    pub(crate) fn see(&mut self, cell: &Cell<'_>) {
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

    /// Looks at all saved values of a variable.
    pub(crate) fn see_column(&mut self, column: &Column) {
        match column {
            Column::Float(values) => self.float |= !values.is_empty(),
            Column::Bool(values) => self.bool |= !values.is_empty(),
            Column::Text(values) => self.text |= !values.is_empty(),
            Column::Int(values) => {
                self.int |= !values.is_empty();
                self.long |= values.iter().any(|value| value.unsigned_abs() > EXACT);
            }
            Column::Value(values) => values.iter().for_each(|value| self.see_value(value)),
        }
    }

    pub(crate) fn see_value(&mut self, value: &Value) {
        self.see(&Cell::from(value));
    }

    /// The kinds of both.
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

    /// Whether there is something that is no number.
    #[cfg(feature = "query")]
    pub(crate) fn has_others(self) -> bool {
        self.text || self.nested || self.huge
    }

    #[cfg(feature = "query")]
    pub(crate) fn has_floats(self) -> bool {
        self.float
    }

    /// The kinds of values, if there are several: what [`ColumnType::Mixed`] and, in part,
    /// [`ColumnType::Json`] hold.
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
            Seen { text: true, .. } if kinds > 1 => ColumnType::Mixed,
            _ if kinds > 1 => ColumnType::Json,
            Seen { bool: true, .. } => ColumnType::Bool,
            Seen { nested: true, .. } | Seen { huge: true, .. } => ColumnType::Json,
            Seen { float: true, .. } if !self.long => ColumnType::Float,
            Seen { float: true, .. } => ColumnType::Json,
            Seen { int: true, .. } => ColumnType::Int,
            _ => ColumnType::Text,
        }
    }
}

/// What kinds of cells were seen in the columns of tables whose columns grow: at the end of those
/// that say which experiment a row is of, and at the end of the others.
#[derive(Clone, Default)]
pub(crate) struct Kinds {
    identity: Vec<Seen>,
    rest: Vec<Seen>,
}

impl Kinds {
    /// Looks at all cells of a table, of whose columns so many say which experiment a row is of.
    pub(crate) fn see(&mut self, table: &Table<'_>, identity: usize) {
        self.identity.resize(identity, Seen::default());
        let rest = table.columns().len() - identity;
        self.rest.resize(rest, Seen::default());
        let mut seen: Vec<&mut Seen> = self.identity.iter_mut().chain(&mut self.rest).collect();
        table.see_kinds(&mut seen);
    }

    /// Takes so many columns, where no table was looked at.
    #[cfg(feature = "parquet")]
    pub(crate) fn widen(&mut self, columns: usize) {
        let rest = columns.saturating_sub(self.identity.len());
        self.rest.resize(rest, Seen::default());
    }

    /// The type of each column.
    pub(crate) fn types(&self) -> Vec<ColumnType> {
        self.all().map(|seen| seen.column_type()).collect()
    }

    fn all(&self) -> impl Iterator<Item = Seen> {
        self.identity.iter().chain(&self.rest).copied()
    }
}

impl Table<'_> {
    /// The type of each column, from all its cells.
    #[must_use]
    pub fn column_types(&self) -> Vec<ColumnType> {
        self.kinds().types()
    }

    /// The columns whose cells are of several kinds, each with the kinds, as "numbers and strings".
    #[must_use]
    pub fn mixed_columns(&self) -> Vec<(&str, String)> {
        let names = self.columns().iter().map(String::as_str);
        let kinds = self.kinds();
        let mixed = names.zip(kinds.all());
        mixed
            .filter_map(|(name, seen)| Some((name, seen.mixture()?)))
            .collect()
    }

    fn kinds(&self) -> Kinds {
        let mut kinds = Kinds::default();
        kinds.see(self, 0);
        kinds
    }

    /// Notes for each column what kinds of cells it has.
    fn see_kinds(&self, seen: &mut [&mut Seen]) {
        if let super::Rows::Iterations(rows) = &self.rows
            && rows.see_kinds(seen)
        {
            return;
        }
        let Ok(()) = self.for_each_row(|row| {
            let cells = row.iter().zip(&mut *seen);
            cells.for_each(|(cell, seen)| seen.see(cell));
            Ok::<(), Infallible>(())
        });
    }
}
