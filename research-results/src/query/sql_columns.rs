//! The columns of the two tables in SQLite.

use std::collections::HashSet;

use rusqlite::types::ToSqlOutput;

use crate::cell::Cell;
use crate::column_type::{ColumnType, ValueKinds};
use crate::results::{ExperimentResult, Results};
use crate::table::distinct;
use research_core::Status;
use research_domain::Value;

/// SQLite has at most 2,000 columns in a table.
const MOST_COLUMNS: usize = 1_990;

/// The name of the column that represents all columns that a table with too many leaves out.
pub(super) const LEFT_OUT: &str = "…";

/// The content of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Id,
    Parameter(String),
    Iteration,
    Variable(String),
    Repetition,
    Status,
    Reason,
    Iterations,
    Seconds,
    Attempts,
    PeakMemory,
    CpuSeconds,
    ExitCode,
    Updates,
    Seed,
    Started,
    Run,
    Host,
    /// All columns that are left out.
    Others,
}

#[derive(Clone, Debug)]
pub(super) struct Column {
    /// The name of the column in SQL.
    pub(super) name: String,
    pub(super) source: Source,
    seen: ValueKinds,
}

/// The columns of a table in SQLite.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) table: &'static str,
    pub(super) columns: Vec<Column>,
    /// The names of all columns, including those that are left out.
    pub(super) names: Vec<String>,
}

impl Columns {
    /// Returns the columns of the table `results` that a query needs.
    pub(super) fn of_results(results: &Results, question: &str) -> Self {
        let mut columns = vec![Column::new("id", Source::Id, text())];
        columns.extend(parameters(results));
        columns.push(Column::new("iteration", Source::Iteration, integer()));
        let kinds = results.kinds();
        columns.extend(results.variables().into_iter().map(|name| {
            let source = Source::Variable(name.to_owned());
            Column::new(name, source, kinds.get(name).copied().unwrap_or_default())
        }));
        Self::new("results", columns, question)
    }

    /// Returns the columns of the table `experiments` that a query needs.
    pub(super) fn of_experiments(results: &Results, question: &str) -> Self {
        let mut columns = vec![Column::new("id", Source::Id, text())];
        columns.extend(parameters(results));
        columns.extend([
            Column::new("repetition", Source::Repetition, integer()),
            Column::new("status", Source::Status, text()),
            Column::new("reason", Source::Reason, text()),
            Column::new("iterations", Source::Iterations, integer()),
            Column::new("seconds", Source::Seconds, float()),
            Column::new("attempts", Source::Attempts, integer()),
            Column::new("peak_memory", Source::PeakMemory, integer()),
            Column::new("cpu_seconds", Source::CpuSeconds, float()),
            Column::new("exit_code", Source::ExitCode, integer()),
            Column::new("updates", Source::Updates, integer()),
            Column::new("seed", Source::Seed, integer()),
            Column::new("started", Source::Started, float()),
            Column::new("run", Source::Run, integer()),
            Column::new("host", Source::Host, text()),
        ]);
        Self::new("experiments", columns, question)
    }

    fn new(table: &'static str, mut columns: Vec<Column>, question: &str) -> Self {
        // SQLite does not distinguish names that differ only in case, and allows no zero byte in
        // them.
        let names = columns
            .iter()
            .map(|column| column.name.replace('\0', "\u{fffd}"));
        let names = distinct(names.collect(), str::to_ascii_lowercase);
        for (column, name) in columns.iter_mut().zip(&names) {
            column.name.clone_from(name);
        }
        if columns.len() > MOST_COLUMNS {
            let question = Question::new(question);
            columns.retain(|column| {
                !matches!(column.source, Source::Parameter(_) | Source::Variable(_))
                    || question.may_name(&column.name)
            });
            columns.push(Column::new(LEFT_OUT, Source::Others, ValueKinds::default()));
        }
        Self {
            table,
            columns,
            names,
        }
    }

    /// Returns the number of columns that are left out.
    pub(super) fn left_out(&self) -> usize {
        (self.names.len() + 1).saturating_sub(self.columns.len())
    }

    /// Whether there are more columns than SQLite allows.
    pub(super) fn are_too_many(&self) -> bool {
        self.columns.len() > MOST_COLUMNS
    }

    /// Returns the statement that declares the columns.
    pub(super) fn definition(&self) -> String {
        let column = |column: &Column| format!("{} {}", quoted(&column.name), column.affinity());
        let columns: Vec<String> = self.columns.iter().map(column).collect();
        format!("CREATE TABLE x ({})", columns.join(", "))
    }

    /// Whether a column that a query may name has values that are not numbers, which SQLite's sums
    /// and means would count as 0.
    pub(super) fn has_others(&self, question: &str) -> bool {
        let question = Question::new(question);
        self.columns.iter().any(|column| {
            matches!(column.source, Source::Parameter(_) | Source::Variable(_))
                && column.seen.has_others()
                && question.may_name(&column.name)
        })
    }

    /// Returns the variables whose values a query may need; `None` for all.
    pub(super) fn needed(&self, question: &str) -> Option<Vec<String>> {
        let question = Question::new(question);
        if question.may_mean_all() {
            return None;
        }
        let needed = self
            .columns
            .iter()
            .filter_map(|column| match &column.source {
                Source::Variable(name) if question.may_name(&column.name) => Some(name.clone()),
                _ => None,
            });
        Some(needed.collect())
    }
}

impl Column {
    fn new(name: &str, source: Source, seen: ValueKinds) -> Self {
        Self {
            name: name.to_owned(),
            source,
            seen,
        }
    }

    /// Returns the affinity, by which SQLite compares the column with strings in a query: a column
    /// of numbers compares the numbers in them, a column of strings compares strings, and any other
    /// compares unchanged.
    fn affinity(&self) -> &'static str {
        if self.seen.mixture().is_some() {
            return "";
        }
        match self.seen.column_type() {
            ColumnType::Bool => "BOOLEAN",
            ColumnType::Int => "INTEGER",
            ColumnType::Float => "REAL",
            ColumnType::Text => "TEXT",
            ColumnType::Json | ColumnType::Mixed => "",
        }
    }

    /// Whether the column is known without reading values.
    pub(super) fn is_of_experiment(&self) -> bool {
        !matches!(
            self.source,
            Source::Iteration | Source::Variable(_) | Source::Others
        )
    }

    /// Returns the value of an experiment.
    pub(super) fn of_experiment(&self, experiment: &ExperimentResult) -> Stored {
        match &self.source {
            Source::Id => Stored::Text(experiment.record.id.as_str().to_owned()),
            Source::Parameter(key) => {
                let value = experiment.record.config.get(key);
                value.map_or(Stored::Null, |value| self.stored(&Cell::from(value)))
            }
            Source::Repetition => Stored::count(experiment.record.repetition),
            Source::Status => {
                let status = experiment.status.map(Status::as_str);
                status.map_or(Stored::Null, |status| Stored::Text(status.to_owned()))
            }
            Source::Reason => experiment.reason.clone().map_or(Stored::Null, Stored::Text),
            Source::Iterations => Stored::count(experiment.iterations),
            Source::Seconds => experiment.seconds().map_or(Stored::Null, Stored::Float),
            Source::Attempts => Stored::count(experiment.attempt.into()),
            Source::PeakMemory => experiment
                .usage
                .peak_memory
                .map_or(Stored::Null, Stored::count),
            Source::CpuSeconds => experiment
                .usage
                .cpu_seconds
                .map_or(Stored::Null, Stored::Float),
            Source::ExitCode => experiment
                .usage
                .exit_code
                .map_or(Stored::Null, |code| Stored::Int(code.into())),
            Source::Updates => Stored::count(experiment.record.updates),
            Source::Seed => Stored::Int(experiment.record.short_seed().into()),
            Source::Started => Stored::Float(experiment.started_seconds()),
            Source::Run => experiment
                .run
                .map_or(Stored::Null, |run| Stored::Int(run.into())),
            Source::Host => {
                let host = experiment.host.as_deref();
                host.map_or(Stored::Null, |host| Stored::Text(host.to_owned()))
            }
            Source::Iteration | Source::Variable(_) | Source::Others => Stored::Null,
        }
    }

    /// Converts a cell of the column. In a column with floats, integers become floats if they stay
    /// exact, so the half of 1 is 0.5 as in the rest of the column.
    pub(super) fn stored(&self, cell: &Cell<'_>) -> Stored {
        const EXACT: u64 = 1 << 53;
        match cell {
            Cell::Missing => Stored::Null,
            Cell::Bool(value) => Stored::Int((*value).into()),
            Cell::Int(value) if self.seen.has_floats() && value.unsigned_abs() <= EXACT => {
                Stored::Float(*value as f64)
            }
            Cell::Int(value) => Stored::Int(*value),
            Cell::Count(value) => Stored::count(*value),
            // SQLite has no NaN.
            Cell::Float(value) if value.is_nan() => Stored::Null,
            Cell::Float(value) => Stored::Float(*value),
            Cell::Text(text) => Stored::Text(text.as_ref().to_owned()),
            // Text keeps all digits of an integer that SQLite does not support.
            nested @ Cell::Nested(_) => Stored::Text(nested.to_json()),
        }
    }
}

/// A value in SQL.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stored {
    Null,
    Int(i64),
    Float(f64),
    Text(String),
}

impl Stored {
    pub(super) fn count(count: u64) -> Self {
        i64::try_from(count).map_or(Self::Float(count as f64), Self::Int)
    }

    pub(super) fn to_sql(&self) -> ToSqlOutput<'_> {
        match self {
            Self::Null => ToSqlOutput::from(rusqlite::types::Null),
            Self::Int(value) => ToSqlOutput::from(*value),
            Self::Float(value) => ToSqlOutput::from(*value),
            Self::Text(text) => ToSqlOutput::from(text.as_str()),
        }
    }
}

fn parameters(results: &Results) -> Vec<Column> {
    let mut positions = std::collections::HashMap::new();
    let mut columns: Vec<Column> = Vec::new();
    for experiment in results.experiments() {
        for (key, value) in experiment.record.config.iter() {
            let position = *positions.entry(key).or_insert_with(|| {
                let source = Source::Parameter(key.to_owned());
                columns.push(Column::new(key, source, ValueKinds::default()));
                columns.len() - 1
            });
            columns[position].seen.add_value(value);
        }
    }
    columns
}

fn text() -> ValueKinds {
    let mut seen = ValueKinds::default();
    seen.add(&Cell::from(""));
    seen
}

fn integer() -> ValueKinds {
    let mut seen = ValueKinds::default();
    seen.add_value(&Value::Int(0));
    seen
}

fn float() -> ValueKinds {
    let mut seen = ValueKinds::default();
    seen.add(&Cell::Float(0.0));
    seen
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The names in a query, found in its text alone; they may include more than it reads.
struct Question {
    /// The names in lower case. Doubled quotes within quotes may be one quote, so both forms count.
    forms: HashSet<String>,
}

impl Question {
    fn new(question: &str) -> Self {
        let text = question.to_ascii_lowercase();
        let single = |quote: &str| text.replace(&quote.repeat(2), quote);
        let forms = [single("\""), single("`"), single("'"), text.clone()];
        Self {
            forms: forms.into_iter().collect(),
        }
    }

    fn may_name(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.forms.iter().any(|form| form.contains(&name))
    }

    /// Whether the query may read columns that it does not name.
    fn may_mean_all(&self) -> bool {
        let counted = |form: &String| form.replace(' ', "").replace("count(*)", "").contains('*');
        self.forms.iter().any(counted) || self.may_name("natural")
    }
}
