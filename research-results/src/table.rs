//! Tables of results: what they show, and the forms in which they are written.

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

/// A table that reads from [`Results`](crate::Results): its rows are made one at a time, as they
/// are asked for or written.
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
    /// Two columns with one name would be one in a JSON object, so the later ones get the postfix
    /// `_1`, `_2`, …, as units do.
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

    /// What the user should know about the table, a sentence each: values that were left out of a
    /// mean, and filters that matched nothing.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// A table of rows that are there already, each with a cell for every column.
    #[must_use]
    pub fn from_rows(columns: Vec<String>, rows: Vec<Vec<Cell<'a>>>) -> Self {
        Self::new(columns, Rows::Made(rows))
    }

    /// The names of the columns, each another one: a variable with the name of a parameter gets a
    /// postfix, `_1`.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How many rows there are; they are counted by going through them.
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
    /// Those of the function.
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

    /// Shows every experiment of a table of iterations, or only those that have values.
    pub(crate) fn with_every_experiment(mut self, every: bool) -> Self {
        if let Rows::Iterations(rows) = &mut self.rows {
            rows.every_experiment = every;
        }
        self
    }
}

/// Gives names that are the same, by what `key` makes of them, the postfixes `_1`, `_2`, …, but
/// the first.
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
