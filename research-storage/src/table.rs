//! Tables of results: what they show, and the forms in which they are written.

#[cfg(feature = "arrow")]
mod arrow;
mod artifacts;
mod cell;
mod columns;
mod error;
mod experiments;
mod filter;
mod format;
#[cfg(feature = "polars")]
mod frame;
mod iterations;
mod options;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(any(feature = "arrow", feature = "parquet", feature = "polars"))]
mod pieces;
mod summary;
#[cfg(feature = "parquet")]
mod whole;
mod write;

use std::collections::HashSet;
use std::convert::Infallible;
use std::fmt;
use std::io;

pub use cell::Cell;
pub use columns::ColumnType;
pub(crate) use columns::Seen;
pub use error::TableError;
pub use format::{Format, ParseFormatError};
pub use options::TableOptions;
pub use summary::SummaryOptions;

pub(crate) use artifacts::{Artifact, artifacts_table};
#[cfg(feature = "parquet")]
pub(crate) use columns::Kinds;
#[cfg(any(feature = "plot", feature = "query"))]
pub(crate) use error::hint;
pub(crate) use experiments::{configs_table, experiments_table};
#[cfg(feature = "plot")]
pub(crate) use filter::{Selected, check_variables, select};
pub(crate) use iterations::{PartTable, results_table};
#[cfg(feature = "parquet")]
pub(crate) use parquet::ParquetFile;
#[cfg(any(feature = "plot", feature = "query"))]
pub(crate) use summary::left_out_note;
pub(crate) use summary::summary_table;
#[cfg(feature = "plot")]
pub(crate) use summary::{is_null, number_at};
#[cfg(feature = "parquet")]
pub(crate) use whole::WholeTables;
pub(crate) use write::RowWriter;

use experiments::ExperimentRows;
use iterations::IterationRows;

/// A table that reads from [`Results`](crate::Results): its rows are made one at a time, as they
/// are asked for or written.
#[derive(Clone, Debug)]
pub struct Table<'a> {
    columns: Vec<String>,
    rows: Rows<'a>,
    notes: Vec<String>,
}

#[derive(Clone, Debug)]
enum Rows<'a> {
    Iterations(IterationRows<'a>),
    Experiments(ExperimentRows<'a>),
    Made(Vec<Vec<Cell<'a>>>),
}

impl<'a> Table<'a> {
    /// Two columns with one name would be one in a JSON object, so the later ones get the postfix
    /// `_1`, `_2`, …, as units do.
    fn new(names: Vec<String>, rows: Rows<'a>) -> Self {
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
    pub fn of_rows(columns: Vec<String>, rows: Vec<Vec<Cell<'a>>>) -> Self {
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

    /// Writes the table, in pieces of some 64 KB.
    ///
    /// # Errors
    /// Those of the output; a reader that went away is one of them.
    pub fn write(&self, format: Format, output: &mut dyn io::Write) -> io::Result<()> {
        write::table(self, format, output)
    }

    /// Writes its rows as comma-separated values, without the names of its columns.
    #[cfg(feature = "parquet")]
    pub(crate) fn write_csv_rows(&self, output: &mut dyn io::Write) -> io::Result<()> {
        write::csv_rows(self, output)
    }
}

/// The table as text for people, as [`Format::Table`].
impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        self.write(Format::Table, &mut text)
            .map_err(|_| fmt::Error)?;
        f.write_str(&String::from_utf8_lossy(&text))
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
