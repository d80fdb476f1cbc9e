//! Runs queries and returns their answers.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode};

use super::schema::Schema;
use super::sql_columns::LEFT_OUT;
use super::{QueryError, QueryOptions, aggregates, virtual_table};
use crate::cell::Cell;
use crate::source::Source;
use crate::table::{Format, RowWriter, Table};

/// The number of instructions after which SQLite checks the timeout.
const INSTRUCTIONS: i32 = 10_000;

/// The number of rows that set the widths of a plain-text table.
const MEASURED: usize = 20_000;

/// Returns the answer as a table.
pub(super) fn collect(
    source: &dyn Source,
    question: &str,
    options: &QueryOptions,
) -> Result<Table<'static>, QueryError> {
    let mut columns = Vec::new();
    let mut rows = Vec::new();
    let notes = ask(source, question, options, &mut |names, row| {
        match row {
            None => columns = names.to_vec(),
            Some(row) => rows.push(row.iter().map(Cell::to_owned_cell).collect()),
        }
        Ok(())
    })?;
    Ok(Table::from_rows(columns, rows).with_notes(notes))
}

/// Writes the answer.
pub(super) fn write(
    source: &dyn Source,
    question: &str,
    options: &QueryOptions,
    format: Format,
    output: &mut dyn io::Write,
) -> Result<Vec<String>, QueryError> {
    let mut writer = RowWriter::new(format, MEASURED, output);
    let notes = ask(source, question, options, &mut |names, row| match row {
        None => writer.begin(names),
        Some(row) => writer.row(&row),
    })?;
    writer.finish().map_err(QueryError::Output)?;
    Ok(notes)
}

/// A function that receives the names of the columns once, and then each row.
type See<'s> = &'s mut dyn FnMut(&[String], Option<Vec<Cell<'_>>>) -> io::Result<()>;

/// Answers a query row by row. Returns notes for the user about the answer.
fn ask(
    source: &dyn Source,
    question: &str,
    options: &QueryOptions,
    see: See<'_>,
) -> Result<Vec<String>, QueryError> {
    // SAFETY: SQLite requires the lifetime `'static`. The schema with this reference is shared by
    // the connection, its tables and its cursors, all of which are dropped when this function
    // returns: `connection` is declared after it, and neither a statement nor an `Arc` leaves the
    // function.
    let source: &'static dyn Source =
        unsafe { std::mem::transmute::<&dyn Source, &'static dyn Source>(source) };
    let schema = Arc::new(Schema::new(source, question).map_err(QueryError::Storage)?);
    let mut connection = Connection::open_in_memory()?;
    // Otherwise SQLite would take an unknown column in double quotes for a string.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    let mut known: Vec<&str> = Vec::new();
    for table in &schema.tables {
        if table.are_too_many() {
            return Err(too_many(table.table, table.names.len()));
        }
        for name in &table.names {
            if !known.contains(&name.as_str()) {
                known.push(name);
            }
        }
    }
    virtual_table::create(&connection, &schema)?;
    let has_others = schema.tables.iter().any(|table| table.has_others(question));
    let counters = match has_others {
        true => aggregates::replace(&connection)?,
        false => Vec::new(),
    };
    let explain = |error| QueryError::of(error, question, &known);
    let permission = look(&mut connection, question).map_err(explain);
    match permission? {
        Permission::Granted => {}
        Permission::Changes => return Err(QueryError::NoQuestion),
        Permission::AllColumns => {
            let mut tables = schema.tables.iter().filter(|table| table.left_out() > 0);
            let table = tables.next().unwrap_or(&schema.tables[0]);
            return Err(too_many(table.table, table.names.len()));
        }
    }
    if let Some(timeout) = options.timeout {
        let begin = Instant::now();
        let has_expired = move || begin.elapsed() >= timeout;
        connection.progress_handler(INSTRUCTIONS, Some(has_expired))?;
    }
    let answered = answer(&connection, question, see);
    match answered {
        Ok(()) => Ok(aggregates::notes(&counters)),
        Err(Failed::Output(error)) => Err(QueryError::Output(error)),
        Err(Failed::Sql(error)) => Err(match (schema.failure(), options.timeout) {
            (Some(failure), _) => QueryError::Storage(failure),
            (None, Some(timeout)) if is_interrupt(&error) => QueryError::TimedOut(timeout),
            _ => explain(error),
        }),
    }
}

fn too_many(table: &'static str, columns: usize) -> QueryError {
    QueryError::TooManyColumns { table, columns }
}

fn is_interrupt(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
}

/// The permission of a statement.
enum Permission {
    Granted,
    /// The statement is refused, because it does not only read.
    Changes,
    /// The statement is refused, because it reads all columns of a table with too many of them.
    AllColumns,
}

/// Checks whether a statement only reads.
fn look(connection: &mut Connection, statement: &str) -> rusqlite::Result<Permission> {
    let reads_all = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&reads_all);
    let look = move |context: AuthContext<'_>| match context.action {
        AuthAction::Read { column_name, .. } => {
            seen.fetch_or(column_name == LEFT_OUT, Ordering::Relaxed);
            Authorization::Allow
        }
        AuthAction::Select | AuthAction::Function { .. } | AuthAction::Recursive => {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    };
    connection.authorizer(Some(look))?;
    // SQLite does not call the authorizer for VACUUM INTO, but this statement has no columns.
    let prepared = connection
        .prepare(statement)
        .map(|statement| statement.readonly() && statement.column_count() > 0);
    connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
    Ok(match prepared? {
        false => Permission::Changes,
        true if reads_all.load(Ordering::Relaxed) => Permission::AllColumns,
        true => Permission::Granted,
    })
}

enum Failed {
    Sql(rusqlite::Error),
    Output(io::Error),
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

fn answer(connection: &Connection, question: &str, see: See<'_>) -> Result<(), Failed> {
    let mut statement = connection.prepare(question)?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    see(&columns, None).map_err(Failed::Output)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let cells = (0..columns.len()).map(|place| row.get_ref(place).map(cell));
        let cells = cells.collect::<rusqlite::Result<Vec<Cell<'_>>>>()?;
        see(&columns, Some(cells)).map_err(Failed::Output)?;
    }
    Ok(())
}

fn cell(value: ValueRef<'_>) -> Cell<'_> {
    match value {
        ValueRef::Null => Cell::Missing,
        ValueRef::Integer(value) => Cell::Int(value),
        ValueRef::Real(value) => Cell::Float(value),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => {
            let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
            Cell::from(digits.collect::<String>())
        }
    }
}
