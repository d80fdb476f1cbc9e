//! The errors of queries.

use std::io;
use std::time::Duration;

use research_core::StorageError;

use crate::error::{TableError, hint};

/// The reason why an SQL query cannot be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The query is invalid, or names an unknown table or column.
    #[error("{message}{}", place(.question, *.offset))]
    Sql {
        /// The reason, and a suggestion if there is one.
        message: String,
        /// The query.
        question: String,
        /// The position of the error in the query, in bytes, if it is known.
        offset: Option<usize>,
    },
    /// The query is empty.
    #[error("there is no question: write one as \"select * from results\"")]
    Empty,
    /// The query has more than one statement.
    #[error("ask one question at a time: there is something after the `;`")]
    Several,
    /// The query would do something else than read.
    #[error(
        "queries only read, as \"select … from results\": \
         they cannot change a research"
    )]
    NoQuestion,
    /// The tables cannot be made.
    #[error(transparent)]
    Table(Box<TableError>),
    /// A table has more columns than SQLite can read at once.
    #[error(
        "`{table}` has {columns} columns, of which SQLite reads at most 2,000: \
         name the columns, as \"select id, loss from results\", instead of `*`"
    )]
    TooManyColumns {
        /// The table.
        table: &'static str,
        /// The number of its columns.
        columns: usize,
    },
    /// The query exceeded its timeout.
    #[error("the query did not finish within {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// The log cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The answer cannot be written.
    #[error("cannot write the result of the query: {0}")]
    Output(io::Error),
    /// SQLite failed.
    #[error("SQLite cannot answer: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

impl QueryError {
    /// Converts an error of SQLite, with a hint for unknown names.
    pub(super) fn of(error: rusqlite::Error, question: &str, known: &[&str]) -> Self {
        let (message, offset) = match error {
            rusqlite::Error::MultipleStatement => return Self::Several,
            rusqlite::Error::Empty => return Self::Empty,
            rusqlite::Error::SqlInputError { msg, offset, .. } => {
                (msg, usize::try_from(offset).ok())
            }
            rusqlite::Error::SqliteFailure(failure, _)
                if failure.code == rusqlite::ErrorCode::AuthorizationForStatementDenied =>
            {
                return Self::NoQuestion;
            }
            rusqlite::Error::SqliteFailure(_, Some(message)) => (message, None),
            error => return Self::Sqlite(error),
        };
        if message == "not authorized" || message.ends_with(" may not be modified") {
            return Self::NoQuestion;
        }
        let message = message
            .strip_suffix(" - should this be a string literal in single-quotes?")
            .unwrap_or(&message);
        let missing_column = message.strip_prefix("no such column: ");
        let missing = match message.strip_prefix("no such table: ") {
            Some(name) => Some((name, ["results", "experiments"].as_slice())),
            None => missing_column.map(|name| (name, known)),
        };
        let message = match missing {
            Some((name, known)) => {
                let quoted = name
                    .strip_prefix('"')
                    .and_then(|name| name.strip_suffix('"'));
                let text = quoted.map(|name| format!("; strings are in single quotes: '{name}'"));
                let name = quoted.or(name.rsplit('.').next()).unwrap_or(name);
                format!(
                    "{message}; {}{}",
                    hint(name, known),
                    text.unwrap_or_default()
                )
            }
            None => message.to_owned(),
        };
        Self::Sql {
            message,
            question: question.to_owned(),
            offset,
        }
    }
}

/// Returns the line of the query with the error, with a caret under it.
fn place(question: &str, offset: Option<usize>) -> String {
    let before = offset.and_then(|offset| question.get(..offset));
    let Some(before) = before else {
        return String::new();
    };
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = question[start..].lines().next().unwrap_or_default();
    let indent = " ".repeat(unicode_width::UnicodeWidthStr::width(&before[start..]));
    format!("\n  {}\n  {indent}^", line.replace('\t', " "))
}
