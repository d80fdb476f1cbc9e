//! The types of a table's columns.

use std::convert::Infallible;

use super::Table;
use super::cell::Cell;

/// The type of all values of a column.
///
/// A column whose cells are of several kinds, or lists and maps, holds each of them as JSON;
/// integers and floats together are floats, as long as none of the integers would change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// Truth values.
    Bool,
    /// Integers of 64 bits.
    Int,
    /// Floats of 64 bits.
    Float,
    /// Texts; also where nothing is there.
    Text,
    /// A JSON text in each cell.
    Json,
}

/// The integers up to this one are floats, too.
const EXACT: u64 = 1 << 53;

/// What kinds of cells were seen in a column.
#[derive(Clone, Copy, Default)]
struct Seen {
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
    fn see(&mut self, cell: &Cell<'_>) {
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
            Cell::Nested(_) => self.nested = true,
        }
    }

    fn column_type(self) -> ColumnType {
        let Self { int, float, .. } = self;
        let kinds = [self.bool, int || float, self.text, self.nested];
        let kinds = kinds.iter().filter(|seen| **seen).count();
        match self {
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
pub(super) struct Kinds {
    identity: Vec<Seen>,
    rest: Vec<Seen>,
}

impl Kinds {
    /// Looks at all cells of a table, of whose columns so many say which experiment a row is of.
    pub(super) fn see(&mut self, table: &Table<'_>, identity: usize) {
        self.identity.resize(identity, Seen::default());
        let rest = table.columns().len() - identity;
        self.rest.resize(rest, Seen::default());
        let Ok(()) = table.for_each_row(|row| {
            let seen = self.identity.iter_mut().chain(&mut self.rest);
            row.iter().zip(seen).for_each(|(cell, seen)| seen.see(cell));
            Ok::<(), Infallible>(())
        });
    }

    /// The type of each column.
    pub(super) fn types(&self) -> Vec<ColumnType> {
        let seen = self.identity.iter().chain(&self.rest);
        seen.map(|seen| seen.column_type()).collect()
    }
}

impl Table<'_> {
    /// The type of each column, from all its cells.
    #[must_use]
    pub fn column_types(&self) -> Vec<ColumnType> {
        let mut kinds = Kinds::default();
        kinds.see(self, 0);
        kinds.types()
    }
}
