//! The types of the columns of a table.

use std::convert::Infallible;

use super::{Rows, Table};
use crate::column_type::{ColumnType, ValueKinds};

/// What kinds of cells were seen in the columns of tables whose columns grow: at the end of those
/// that say which experiment a row is of, and at the end of the others.
#[derive(Clone, Default)]
pub(crate) struct Kinds {
    identity: Vec<ValueKinds>,
    rest: Vec<ValueKinds>,
}

impl Kinds {
    /// Looks at all cells of a table, of whose columns so many say which experiment a row is of.
    pub(crate) fn see(&mut self, table: &Table<'_>, identity: usize) {
        self.identity.resize(identity, ValueKinds::default());
        let rest = table.columns().len() - identity;
        self.rest.resize(rest, ValueKinds::default());
        let mut seen: Vec<&mut ValueKinds> =
            self.identity.iter_mut().chain(&mut self.rest).collect();
        table.see_kinds(&mut seen);
    }

    /// Makes room for a column among those that do not say which experiment a row is of.
    pub(crate) fn insert(&mut self, position: usize) {
        if position < self.rest.len() {
            self.rest.insert(position, ValueKinds::default());
        }
    }

    /// Takes so many columns, where no table was looked at.
    pub(crate) fn widen(&mut self, columns: usize) {
        let rest = columns.saturating_sub(self.identity.len());
        self.rest.resize(rest, ValueKinds::default());
    }

    /// The type of each column.
    pub(crate) fn types(&self) -> Vec<ColumnType> {
        self.all().map(|seen| seen.column_type()).collect()
    }

    fn all(&self) -> impl Iterator<Item = ValueKinds> {
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
    fn see_kinds(&self, seen: &mut [&mut ValueKinds]) {
        if let Rows::Iterations(rows) = &self.rows
            && rows.see_kinds(seen)
        {
            return;
        }
        let Ok(()) = self.for_each_row(|row| {
            let cells = row.iter().zip(&mut *seen);
            cells.for_each(|(cell, seen)| seen.add(cell));
            Ok::<(), Infallible>(())
        });
    }
}
