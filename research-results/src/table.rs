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
        }
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
        match &self.rows {
            Rows::Iterations(rows) => rows.for_each(&mut see),
            Rows::Experiments(rows) => rows.for_each(&mut see),
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
