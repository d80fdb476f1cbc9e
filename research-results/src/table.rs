//! Tables of results and the formats in which they are written.

#[cfg(feature = "arrow")]
mod arrow;
#[cfg(any(feature = "arrow", feature = "parquet", feature = "polars"))]
mod chunks;
mod experiment_rows;
mod format;
mod iteration_rows;
mod kinds;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "polars")]
mod polars;
mod write;

use std::collections::HashSet;
use std::convert::Infallible;

use crate::cell::Cell;
use crate::error::{TableError, hint};

pub(crate) use experiment_rows::{ExperimentRows, Identity};
pub use format::{Format, ParseFormatError};
pub(crate) use iteration_rows::IterationRows;
#[cfg(feature = "parquet")]
pub(crate) use kinds::Kinds;
#[cfg(feature = "parquet")]
pub(crate) use parquet::ParquetFile;
pub(crate) use write::RowWriter;

/// A table that reads from [`Results`](crate::Results). Its rows are made one at a time, when they
/// are requested or written.
#[derive(Clone, Debug)]
pub struct Table<'a> {
    columns: Vec<String>,
    rows: Rows<'a>,
    notes: Vec<String>,
    limit: Option<usize>,
}

/// The rows of a table.
#[derive(Clone, Debug)]
pub(crate) enum Rows<'a> {
    Iterations(IterationRows<'a>),
    Experiments(ExperimentRows<'a>),
    Made(Vec<Vec<Cell<'a>>>),
}

impl<'a> Table<'a> {
    /// Makes the names of columns unique, because a JSON object would keep only one of two columns
    /// with the same name: the later ones get the postfix `_1`, `_2`, …, as units do.
    pub(crate) fn new(names: Vec<String>, rows: Rows<'a>) -> Self {
        let columns = distinct(names, str::to_owned);
        Self {
            columns,
            rows,
            notes: Vec::new(),
            limit: None,
        }
    }

    /// Returns the table sorted by a column: the lowest number or first string first, or the
    /// highest and last if `descending`; missing cells are last. All rows are in memory then.
    ///
    /// # Errors
    /// There is no such column.
    pub fn sorted_by(&self, column: &str, descending: bool) -> Result<Table<'static>, TableError> {
        let names: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        let Some(at) = names.iter().position(|name| *name == column) else {
            let (name, hint) = (column.to_owned(), hint(column, &names));
            return Err(TableError::UnknownColumn { name, hint });
        };
        let mut rows: Vec<Vec<Cell<'static>>> = Vec::new();
        let Ok(()) = self.for_each_row(|row| {
            rows.push(row.iter().map(Cell::to_owned_cell).collect());
            Ok::<(), Infallible>(())
        });
        rows.sort_by(|one, other| {
            let (one, other) = (&one[at], &other[at]);
            let is_missing = |cell: &Cell<'_>| *cell == Cell::Missing;
            let order = one.compare(other);
            is_missing(one).cmp(&is_missing(other)).then(if descending {
                order.reverse()
            } else {
                order
            })
        });
        Ok(Table::from_rows(self.columns.clone(), rows).with_notes(self.notes.clone()))
    }

    /// Returns the first `count` rows of the table; all, if `None`.
    #[must_use]
    pub fn limit(mut self, count: impl Into<Option<usize>>) -> Self {
        self.limit = count.into();
        self
    }

    pub(crate) fn with_notes(mut self, notes: impl IntoIterator<Item = String>) -> Self {
        self.notes.extend(notes);
        self
    }

    /// Returns notes for the user about the table, a sentence each: values that were left out of a
    /// mean, and filters that matched nothing.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Creates a table of existing rows, each with a cell for every column.
    #[must_use]
    pub fn from_rows(columns: Vec<String>, rows: Vec<Vec<Cell<'a>>>) -> Self {
        Self::new(columns, Rows::Made(rows))
    }

    /// Returns the names of the columns, which are unique: a variable with the name of a parameter
    /// gets the postfix `_1`.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Counts the rows by iterating over them.
    #[must_use]
    pub fn row_count(&self) -> usize {
        let mut count = 0;
        let Ok(()) = self.for_each_row(|_| {
            count += 1;
            Ok::<(), Infallible>(())
        });
        count
    }

    /// Calls a function with the cells of each row, in order, until it returns an error.
    ///
    /// # Errors
    /// The function returns an error.
    pub fn for_each_row<E>(
        &self,
        mut see: impl FnMut(&[Cell<'_>]) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(mut left) = self.limit else {
            return self.for_each_of_all(&mut see);
        };
        let ended = self.for_each_of_all(&mut |row: &[Cell<'_>]| {
            left = left.checked_sub(1).ok_or(None)?;
            see(row).map_err(Some)
        });
        match ended {
            Err(Some(error)) => Err(error),
            Ok(()) | Err(None) => Ok(()),
        }
    }

    fn for_each_of_all<E>(
        &self,
        see: &mut impl FnMut(&[Cell<'_>]) -> Result<(), E>,
    ) -> Result<(), E> {
        match &self.rows {
            Rows::Iterations(rows) => rows.for_each(see),
            Rows::Experiments(rows) => rows.for_each(see),
            Rows::Made(rows) => rows.iter().try_for_each(|row| see(row)),
        }
    }

    /// Sets whether a table of iterations has rows for experiments without values.
    pub(crate) fn with_every_experiment(mut self, every: bool) -> Self {
        if let Rows::Iterations(rows) = &mut self.rows {
            rows.every_experiment = every;
        }
        self
    }
}

/// Makes names unique: later names with the same `key` get the postfixes `_1`, `_2`, ….
pub(crate) fn distinct(names: Vec<String>, key: impl Fn(&str) -> String) -> Vec<String> {
    let mut taken = HashSet::new();
    let distinct = names.into_iter().map(|name| {
        let mut distinct = name.clone();
        let mut postfix = 0;
        while !taken.insert(key(&distinct)) {
            postfix += 1;
            distinct = format!("{name}_{postfix}");
        }
        distinct
    });
    distinct.collect()
}
