//! The types of the columns of a table.

use std::convert::Infallible;

use super::{Rows, Table};
use crate::column_type::{ColumnType, ValueKinds};

/// The kinds of the cells in the columns of several tables. Later tables may have more columns:
/// more that identify the experiment of a row, and more of the others.
#[derive(Clone, Default)]
pub(crate) struct Kinds {
    identity: Vec<ValueKinds>,
    rest: Vec<ValueKinds>,
}

impl Kinds {
    /// Adds all cells of a table, whose first `identity` columns identify the experiment of a row.
    pub(crate) fn see(&mut self, table: &Table<'_>, identity: usize) {
        self.identity.resize(identity, ValueKinds::default());
        let rest = table.columns().len() - identity;
        self.rest.resize(rest, ValueKinds::default());
        let mut seen: Vec<&mut ValueKinds> =
            self.identity.iter_mut().chain(&mut self.rest).collect();
        table.see_kinds(&mut seen);
    }

    /// Inserts a column among those that do not identify the experiment of a row.
    pub(crate) fn insert(&mut self, position: usize) {
        if position < self.rest.len() {
            self.rest.insert(position, ValueKinds::default());
        }
    }

    /// Sets the number of columns, for columns without a table.
    pub(crate) fn widen(&mut self, columns: usize) {
        let rest = columns.saturating_sub(self.identity.len());
        self.rest.resize(rest, ValueKinds::default());
    }

    /// Returns the type of each column.
    pub(crate) fn types(&self) -> Vec<ColumnType> {
        self.all().map(|seen| seen.column_type()).collect()
    }

    fn all(&self) -> impl Iterator<Item = ValueKinds> {
        self.identity.iter().chain(&self.rest).copied()
    }
}

impl Table<'_> {
    /// Returns the type of each column, from all its cells.
    #[must_use]
    pub fn column_types(&self) -> Vec<ColumnType> {
        self.kinds().types()
    }

    /// Returns the columns with cells of several kinds, and the kinds, as "numbers and strings".
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

    /// Adds the kinds of the cells of each column.
    fn see_kinds(&self, seen: &mut [&mut ValueKinds]) {
        if let Rows::Iterations(rows) = &self.rows
            && self.limit.is_none()
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
