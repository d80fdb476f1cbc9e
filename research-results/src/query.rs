//! Questions in SQL about results, answered by SQLite.

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

/// How a question in SQL is answered.
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
    /// Without a timeout.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// After this time a question that is not answered is given up.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

impl Results {
    /// Answers a question in SQL, in the dialect of SQLite.
    ///
    /// There are two tables: `results`, a row for each experiment and iteration as
    /// [`to_table`](Self::to_table) makes it, and `experiments`, a row for each experiment as
    /// [`experiments_table`](Self::experiments_table) makes it. Both have the column `id`. Each
    /// value has a type of its own: numbers are INTEGER or REAL (all of them REAL in a column that
    /// has floats), strings are TEXT, booleans 0 and 1. Lists and maps are JSON, which `->>` reads.
    /// SQLite has no NaN: it is NULL there; infinities are what they are.
    ///
    /// `avg`, `sum` and `total` leave out what is not a number; [`Table::notes`] says how many
    /// values that were. Nothing that is stored can be changed by a question.
    ///
    /// ```
    /// # use research_results::Results;
    /// let results = Results::new();
    /// let answer = results.query("select count(*) as n from experiments").unwrap();
    /// assert_eq!(answer.to_string(), "n\n─\n0\n");
    /// ```
    ///
    /// # Errors
    /// What is wrong with the question, and where.
    pub fn query(&self, question: &str) -> Result<Table<'static>, QueryError> {
        self.query_with(question, &QueryOptions::new())
    }

    /// The same with options.
    ///
    /// # Errors
    /// As for [`query`](Self::query); a timeout.
    pub fn query_with(
        &self,
        question: &str,
        options: &QueryOptions,
    ) -> Result<Table<'static>, QueryError> {
        answer::collect(self, question, options)
    }
}

impl LogResults {
    /// Answers a question in SQL; see [`Results::query`]. Values are read as SQLite needs them.
    ///
    /// # Errors
    /// The log cannot be read; else as for [`Results::query_with`].
    pub fn query(
        &self,
        question: &str,
        options: &QueryOptions,
    ) -> Result<Table<'static>, QueryError> {
        answer::collect(self, question, options)
    }

    /// Writes the answer to a question as it comes, so that it need not be in memory as a whole;
    /// returns what the user should know about it, as [`Table::notes`] does. In a plain-text table
    /// the widths of columns are those of the first rows, some ten thousand.
    ///
    /// # Errors
    /// As for [`query`](Self::query); those of the output.
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
