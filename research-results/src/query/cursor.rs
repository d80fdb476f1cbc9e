//! Cursors over the rows of the two tables.

use std::cell::OnceCell;
use std::ffi::c_int;
use std::sync::Arc;

use rusqlite::Result;
use rusqlite::types::ValueRef;
use rusqlite::vtab::{Context, Filters, VTabCursor, sqlite3_vtab_cursor};

use super::plan::Plan;
use super::schema::{Key, Layout, Schema};
use super::sql_columns::{Source, Stored};
use crate::cell::Cell;
use crate::results::ExperimentResult;
use crate::source::Values;

/// A cursor over the rows of a table.
#[repr(C)]
pub(super) struct Cursor {
    base: sqlite3_vtab_cursor,
    schema: Arc<Schema<'static>>,
    table: usize,
    layout: Arc<Layout>,
    /// The positions in the layout of the experiments that are still to be read, reversed.
    rest: Vec<usize>,
    /// The only iteration whose rows are requested, if it is only one.
    only: Option<u64>,
    /// The partition of the layout that was read last.
    part: Option<(usize, Values<'static>)>,
    row: Option<Row>,
    rows: i64,
}

/// The current row of a cursor.
struct Row {
    /// The experiment's position among the experiments.
    experiment: usize,
    /// The partition that has the row.
    partition: usize,
    /// The experiment's position in that partition.
    in_part: usize,
    iteration: u64,
    /// The progress of each of its variables.
    series: Vec<Progress>,
    /// The position in `series` of each column's variable.
    of_columns: Vec<Option<usize>>,
    /// The experiment's value in each column, once it was requested.
    values: Vec<OnceCell<Stored>>,
}

/// The progress of reading a series.
struct Progress {
    /// The position of the value in this row.
    here: Option<usize>,
    next: usize,
    iteration: Option<u64>,
}

impl Cursor {
    pub(super) fn new(schema: Arc<Schema<'static>>, table: usize) -> Self {
        Self {
            base: sqlite3_vtab_cursor::default(),
            layout: Arc::clone(schema.standard()),
            schema,
            table,
            rest: Vec::new(),
            only: None,
            part: None,
            row: None,
            rows: 0,
        }
    }

    fn has_values(&self) -> bool {
        self.table == 0
    }

    /// Selects the experiments that match a plan.
    fn choose(&mut self, plan: &Plan, arguments: &Filters<'_>) {
        let grouped = plan.grouped.as_ref();
        let layout = grouped.and_then(|columns| self.schema.grouped(self.table, columns));
        let layout = layout.unwrap_or_else(|| Arc::clone(self.schema.standard()));
        if !Arc::ptr_eq(&layout, &self.layout) {
            self.part = None;
            self.layout = layout;
        }
        self.only = None;
        self.rest.clear();
        let mut arguments = arguments.iter();
        let keys: Option<Vec<Key>> = plan
            .equal
            .iter()
            .map(|_| arguments.next().and_then(Key::of_question))
            .collect();
        let Some(keys) = keys else {
            return;
        };
        if plan.iteration {
            match arguments.next().map(iteration) {
                Some(Wanted::One(iteration)) => self.only = Some(iteration),
                Some(Wanted::None) => return,
                Some(Wanted::Unknown) | None => {}
            }
        }
        if keys.is_empty() {
            self.rest.extend((0..self.layout.order.len()).rev());
            return;
        }
        let index = self.schema.index(self.table, &plan.equal);
        let Some(found) = index.get(&keys) else {
            return;
        };
        if Arc::ptr_eq(&self.layout, self.schema.standard()) {
            self.rest.extend(found.iter().rev());
        } else {
            let order = self.layout.order.iter().enumerate().rev();
            let chosen = order.filter(|(_, experiment)| found.binary_search(experiment).is_ok());
            self.rest.extend(chosen.map(|(position, _)| position));
        }
    }

    /// Moves to the first row of the next experiment that has one.
    fn next_experiment(&mut self) -> Result<()> {
        self.row = None;
        while let Some(position) = self.rest.pop() {
            let experiment = self.layout.order[position];
            let columns = self.schema.tables[self.table].columns.len();
            let mut row = Row {
                experiment,
                partition: 0,
                in_part: 0,
                iteration: 0,
                series: Vec::new(),
                of_columns: Vec::new(),
                values: std::iter::repeat_with(OnceCell::new)
                    .take(columns)
                    .collect(),
            };
            if self.has_values() {
                let first = self.layout.partition_at(position);
                if !self.enter(&mut row, Some(first))? {
                    continue;
                }
            }
            self.row = Some(row);
            return Ok(());
        }
        Ok(())
    }

    /// Moves to the first row of an experiment in a partition or in those that follow; returns
    /// false if it has none.
    fn enter(&mut self, row: &mut Row, partition: Option<usize>) -> Result<bool> {
        let mut next = partition;
        while let Some(partition) = next {
            next = self.layout.following(partition);
            let only = self.only;
            if only.is_some_and(|iteration| !self.layout.may_have(partition, iteration)) {
                continue;
            }
            let number = self.schema.experiments[row.experiment].number;
            let Some(in_part) = self.part(partition)?.position(number) else {
                continue;
            };
            (row.partition, row.in_part) = (partition, in_part);
            self.begin(row);
            if self.step(row) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the values of a partition.
    fn part(&mut self, wanted: usize) -> Result<&Values<'static>> {
        let known = self.part.take().filter(|(known, _)| *known == wanted);
        let part = match known {
            Some(known) => known,
            None => (wanted, self.schema.read(&self.layout, wanted)?),
        };
        Ok(&self.part.insert(part).1)
    }

    /// Determines the variables of an experiment.
    fn begin(&self, row: &mut Row) {
        let Some(experiment) = self.values_of(row) else {
            return;
        };
        let columns = &self.schema.tables[self.table].columns;
        row.series.clear();
        row.of_columns = vec![None; columns.len()];
        let names: std::collections::HashMap<&str, usize> = columns
            .iter()
            .enumerate()
            .filter_map(|(position, column)| match &column.source {
                Source::Variable(name) => Some((name.as_str(), position)),
                _ => None,
            })
            .collect();
        for series in experiment.variables() {
            if let Some(column) = names.get(series.variable()) {
                row.of_columns[*column] = Some(row.series.len());
            }
            let next = match self.only {
                Some(iteration) => series.position_of(iteration).unwrap_or(series.len()),
                None => 0,
            };
            row.series.push(Progress {
                here: None,
                next,
                iteration: series.iteration(next),
            });
        }
    }

    /// Moves to the next iteration of an experiment; returns false if there is none.
    fn step(&self, row: &mut Row) -> bool {
        let Some(experiment) = self.values_of(row) else {
            return false;
        };
        let next = row
            .series
            .iter()
            .filter_map(|series| series.iteration)
            .min();
        let Some(next) = next.filter(|next| self.only.is_none_or(|only| *next == only)) else {
            return false;
        };
        row.iteration = next;
        for (progress, series) in row.series.iter_mut().zip(experiment.variables()) {
            progress.here = None;
            if progress.iteration == Some(next) {
                progress.here = Some(progress.next);
                progress.next += 1;
                progress.iteration = series.iteration(progress.next);
            }
        }
        true
    }

    fn values_of(&self, row: &Row) -> Option<&ExperimentResult> {
        let (_, part) = self.part.as_ref()?;
        part.at(row.in_part)
    }
}

/// The iteration that equals a value in a query.
enum Wanted {
    One(u64),
    None,
    /// Only SQLite can decide.
    Unknown,
}

fn iteration(value: ValueRef<'_>) -> Wanted {
    match value {
        ValueRef::Null => Wanted::None,
        ValueRef::Integer(integer) => u64::try_from(integer).map_or(Wanted::None, Wanted::One),
        ValueRef::Real(float) if float >= 0.0 && float.fract() == 0.0 && float < 9e15 => {
            Wanted::One(float as u64)
        }
        ValueRef::Real(_) | ValueRef::Text(_) | ValueRef::Blob(_) => Wanted::Unknown,
    }
}

// SAFETY: the first field is SQLite's, and the layout is that of C.
unsafe impl VTabCursor for Cursor {
    fn filter(&mut self, _: c_int, plan: Option<&str>, arguments: &Filters<'_>) -> Result<()> {
        let plan = Plan::parse(plan.unwrap_or_default());
        self.rows = 0;
        self.choose(&plan, arguments);
        self.next_experiment()
    }

    fn next(&mut self) -> Result<()> {
        self.rows += 1;
        if self.has_values()
            && let Some(mut row) = self.row.take()
        {
            let following = self.layout.following(row.partition);
            if self.step(&mut row) || self.enter(&mut row, following)? {
                self.row = Some(row);
                return Ok(());
            }
        }
        self.next_experiment()
    }

    fn eof(&self) -> bool {
        self.row.is_none()
    }

    fn column(&self, context: &mut Context, column: c_int) -> Result<()> {
        let columns = &self.schema.tables[self.table].columns;
        let position = usize::try_from(column).unwrap_or(usize::MAX);
        let (Some(row), Some(column)) = (&self.row, columns.get(position)) else {
            return Ok(());
        };
        match &column.source {
            Source::Iteration => context.set_result(Stored::count(row.iteration).to_sql()),
            Source::Variable(_) => {
                let series = row.of_columns.get(position).copied().flatten();
                let here = series.and_then(|series| Some((series, row.series[series].here?)));
                let (Some((series, here)), Some(experiment)) = (here, self.values_of(row)) else {
                    return Ok(());
                };
                let cell = Cell::at(experiment.variables()[series].column(), here);
                match &cell {
                    Cell::Text(text) => context.set_result(text.as_ref()),
                    cell => context.set_result(column.stored(cell).to_sql()),
                }
            }
            _ => {
                let experiment = self.schema.experiments[row.experiment];
                let value = row.values[position].get_or_init(|| column.of_experiment(experiment));
                context.set_result(value.to_sql())
            }
        }
    }

    fn rowid(&self) -> Result<i64> {
        Ok(self.rows)
    }
}
