//! SQL queries over results, answered by SQLite.

mod aggregates;
mod answer;
mod cursor;
mod error;
mod plan;
mod schema;
mod sql_columns;
mod virtual_table;

use std::io;
use std::time::Duration;

use crate::log_results::LogResults;
use crate::results::Results;
use crate::table::{Format, Table};

pub use error::QueryError;

/// The options of an SQL query.
///
/// ```
/// use std::time::Duration;
/// use research_results::QueryOptions;
///
/// let options = QueryOptions::new().timeout(Duration::from_secs(60));
/// # let _ = options;
/// ```
#[derive(Clone, Debug, Default)]
pub struct QueryOptions {
    timeout: Option<Duration>,
}

impl QueryOptions {
    /// Creates options without a timeout.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the time after which a query is cancelled.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

impl Results {
    /// Answers an SQL query, in the dialect of SQLite.
    ///
    /// There are two tables: `results`, a row for each experiment and iteration as in
    /// [`to_table`](Self::to_table), and `experiments`, a row for each experiment as in
    /// [`experiments_table`](Self::experiments_table). Both have the column `id`. Each value has
    /// its own type: numbers are INTEGER or REAL (all of them REAL in a column that has floats),
    /// strings are TEXT, booleans 0 and 1. Lists and maps are JSON, which `->>` reads. NaN is NULL,
    /// because SQLite has no NaN; infinities stay.
    ///
    /// `avg`, `sum` and `total` leave out values that are not numbers; [`Table::notes`] reports the
    /// number of these values. A query cannot change stored data.
    ///
    /// ```
    /// # use research_results::Results;
    /// let results = Results::new();
    /// let answer = results.query("select count(*) as n from experiments").unwrap();
    /// assert_eq!(answer.to_string(), "n\n─\n0\n");
    /// ```
    ///
    /// # Errors
    /// The query is invalid. The error contains the reason and the position.
    pub fn query(&self, question: &str) -> Result<Table<'static>, QueryError> {
        self.query_with(question, &QueryOptions::new())
    }

    /// Answers an SQL query with options.
    ///
    /// # Errors
    /// As for [`query`](Self::query); the query exceeds its timeout.
    pub fn query_with(
        &self,
        question: &str,
        options: &QueryOptions,
    ) -> Result<Table<'static>, QueryError> {
        answer::collect(self, question, options)
    }
}

impl LogResults {
    /// Answers an SQL query; see [`Results::query`]. Values are read when SQLite needs them.
    ///
    /// # Errors
    /// The log cannot be read; otherwise as for [`Results::query_with`].
    pub fn query(
        &self,
        question: &str,
        options: &QueryOptions,
    ) -> Result<Table<'static>, QueryError> {
        answer::collect(self, question, options)
    }

    /// Writes the answer to an SQL query row by row, without all of it in memory. Returns notes for
    /// the user, as [`Table::notes`] does. In a plain-text table, the first rows, about twenty
    /// thousand, set the widths of columns.
    ///
    /// # Errors
    /// As for [`query`](Self::query); the output cannot be written.
    pub fn write_answer(
        &self,
        question: &str,
        options: &QueryOptions,
        format: Format,
        output: &mut dyn io::Write,
    ) -> Result<Vec<String>, QueryError> {
        answer::write(self, question, options, format, output)
    }
}
