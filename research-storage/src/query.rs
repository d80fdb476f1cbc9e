//! Questions in SQL about results, answered by SQLite.

mod error;

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql};

use crate::results::Results;
use crate::table::{Cell, ColumnType, Table, TableOptions, distinct};

pub use error::QueryError;

impl Results {
    /// Answers a question in SQL, in the dialect of SQLite.
    ///
    /// There are two tables: `results`, a row for each experiment and iteration as
    /// [`to_table`](Self::to_table) makes it, and `experiments`, a row for each experiment as
    /// [`experiments_table`](Self::experiments_table) makes it. Both have the column `id`. Lists,
    /// maps and values of mixed kinds are JSON, which `->>` reads. SQLite has no NaN: it is NULL
    /// there. Truth values are 0 and 1.
    ///
    /// The question is asked of a copy in memory: nothing that is stored can be changed by it.
    ///
    /// ```
    /// # use research_storage::Results;
    /// let results = Results::new();
    /// let answer = results.query("select count(*) as n from experiments").unwrap();
    /// assert_eq!(answer.to_string(), "n\n─\n0\n");
    /// ```
    ///
    /// # Errors
    /// What is wrong with the question, and where.
    pub fn query(&self, question: &str) -> Result<Table<'static>, QueryError> {
        let results = self
            .to_table(&TableOptions::new())
            .map_err(|error| QueryError::Table(Box::new(error)))?;
        let experiments = self.experiments_table();
        let sources = [
            Source::new("results", &results),
            Source::new("experiments", &experiments),
        ];
        let mut connection = Connection::open_in_memory()?;
        // Else a column that does not exist would be a text in double quotes.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        let mut known: Vec<&str> = Vec::new();
        for source in &sources {
            connection.execute_batch(&source.definition())?;
            for name in &source.columns {
                if !known.contains(&name.as_str()) {
                    known.push(name);
                }
            }
        }
        let explain = |error| QueryError::of(error, question, &known);
        if !only_reads(&mut connection, question).map_err(explain)? {
            return Err(QueryError::NoQuestion);
        }
        // Nobody reads a table without its name. SQLite itself does not tell of all that it reads,
        // such as a column that tables are joined by with `using`.
        let question_names = question.to_ascii_lowercase();
        let named = |source: &&Source<'_>| question_names.contains(source.name);
        for source in sources.iter().filter(named) {
            source.fill(&connection)?;
        }
        answer(&connection, question).map_err(explain)
    }
}

/// A table as SQLite is to have it.
struct Source<'a> {
    name: &'static str,
    table: &'a Table<'a>,
    columns: Vec<String>,
    types: Vec<ColumnType>,
}

impl<'a> Source<'a> {
    fn new(name: &'static str, table: &'a Table<'a>) -> Self {
        Self {
            name,
            table,
            columns: column_names(table.columns()),
            types: table.column_types(),
        }
    }

    fn definition(&self) -> String {
        let column = |(name, column_type): (&String, &ColumnType)| {
            let affinity = match column_type {
                ColumnType::Bool => "BOOLEAN",
                ColumnType::Int => "INTEGER",
                ColumnType::Float => "REAL",
                ColumnType::Text | ColumnType::Json => "TEXT",
            };
            format!("{} {affinity}", quoted(name))
        };
        let columns: Vec<String> = self.columns.iter().zip(&self.types).map(column).collect();
        format!("CREATE TABLE {} ({})", self.name, columns.join(", "))
    }

    fn fill(&self, connection: &Connection) -> Result<(), QueryError> {
        let places = vec!["?"; self.columns.len()].join(", ");
        let insertion = format!("INSERT INTO {} VALUES ({places})", self.name);
        connection.execute_batch("BEGIN")?;
        let mut statement = connection.prepare(&insertion)?;
        self.table.for_each_row(|row| {
            let cells = row.iter().zip(&self.types);
            for (place, (cell, column_type)) in (1..).zip(cells) {
                statement.raw_bind_parameter(place, Stored(cell, *column_type))?;
            }
            statement.raw_execute().map(drop)
        })?;
        Ok(connection.execute_batch("COMMIT")?)
    }
}

/// A cell of a column of this type.
struct Stored<'a>(&'a Cell<'a>, ColumnType);

impl ToSql for Stored<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let Self(cell, column_type) = self;
        Ok(match cell {
            Cell::Missing => ToSqlOutput::Borrowed(ValueRef::Null),
            cell if *column_type == ColumnType::Json => ToSqlOutput::from(cell.to_json()),
            Cell::Bool(value) => ToSqlOutput::from(*value),
            Cell::Int(value) => ToSqlOutput::from(*value),
            Cell::Count(value) => match i64::try_from(*value) {
                Ok(value) => ToSqlOutput::from(value),
                Err(_) => ToSqlOutput::from(*value as f64),
            },
            Cell::Float(value) => ToSqlOutput::from(*value),
            Cell::Text(text) => ToSqlOutput::from(text.as_ref()),
            nested @ Cell::Nested(_) => ToSqlOutput::from(nested.to_json()),
        })
    }
}

/// The names, of which SQLite takes those that differ in case alone for one, and none with a zero
/// byte.
fn column_names(names: &[String]) -> Vec<String> {
    let names = names.iter().map(|name| name.replace('\0', "\u{fffd}"));
    distinct(names.collect(), str::to_ascii_lowercase)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Whether a statement is a question: one that does nothing but read.
fn only_reads(connection: &mut Connection, statement: &str) -> rusqlite::Result<bool> {
    let look = |context: AuthContext<'_>| match context.action {
        AuthAction::Read { .. }
        | AuthAction::Select
        | AuthAction::Function { .. }
        | AuthAction::Recursive => Authorization::Allow,
        _ => Authorization::Deny,
    };
    connection.authorizer(Some(look))?;
    // VACUUM INTO asks no leave, but it has no columns.
    let prepared = connection
        .prepare(statement)
        .map(|statement| statement.readonly() && statement.column_count() > 0);
    connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
    prepared
}

fn answer(connection: &Connection, question: &str) -> rusqlite::Result<Table<'static>> {
    let mut statement = connection.prepare(question)?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut found = Vec::new();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let cells = (0..columns.len()).map(|place| row.get_ref(place).map(cell));
        found.push(cells.collect::<rusqlite::Result<Vec<Cell<'static>>>>()?);
    }
    Ok(Table::of_rows(columns, found))
}

fn cell(value: ValueRef<'_>) -> Cell<'static> {
    match value {
        ValueRef::Null => Cell::Missing,
        ValueRef::Integer(value) => Cell::Int(value),
        ValueRef::Real(value) => Cell::Float(value),
        ValueRef::Text(text) => Cell::from(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => {
            let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
            Cell::from(digits.collect::<String>())
        }
    }
}
