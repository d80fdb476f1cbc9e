//! The tables `results` and `experiments` as virtual tables of SQLite, which reads their rows when
//! it needs them.

use std::borrow::Cow;
use std::ffi::{CStr, CString};
use std::sync::Arc;

use rusqlite::vtab::{
    CreateVTab, DistinctMode, IndexConstraintOp, IndexInfo, Module, VTab, VTabConnection, VTabKind,
    sqlite3_vtab,
};
use rusqlite::{Connection, Error, Result};

use super::cursor::Cursor;
use super::plan::Plan;
use super::schema::Schema;
use super::sql_columns::Source;

const MODULE: &str = "research_rows";

/// Creates the tables of a schema.
pub(super) fn create(connection: &Connection, schema: &Arc<Schema<'static>>) -> Result<()> {
    const ROWS: &Module<'_, Rows> = &Module::read_only_module();
    connection.create_module(MODULE, ROWS, Some(Arc::clone(schema)))?;
    for table in &schema.tables {
        let name = table.table;
        connection.execute_batch(&format!("CREATE VIRTUAL TABLE {name} USING {MODULE}"))?;
    }
    Ok(())
}

/// One of the two tables.
#[repr(C)]
struct Rows {
    base: sqlite3_vtab,
    schema: Arc<Schema<'static>>,
    table: usize,
}

// SAFETY: the first field is SQLite's, and the layout is that of C.
unsafe impl<'v> VTab<'v> for Rows {
    type Aux = Arc<Schema<'static>>;
    type Cursor = Cursor;

    fn connect(
        _: &mut VTabConnection,
        schema: Option<&Self::Aux>,
        _: &[u8],
        _: &[u8],
        name: &[u8],
        _: &[&[u8]],
    ) -> Result<(Cow<'static, CStr>, Self)> {
        let missing = || Error::ModuleError("there is no such table".to_owned());
        let schema = schema.ok_or_else(missing)?;
        let mut tables = schema.tables.iter();
        let table = tables.position(|table| table.table.as_bytes() == name);
        let table = table.ok_or_else(missing)?;
        let definition = CString::new(schema.tables[table].definition())?;
        let rows = Self {
            base: sqlite3_vtab::default(),
            schema: Arc::clone(schema),
            table,
        };
        Ok((Cow::Owned(definition), rows))
    }

    fn best_index(&self, info: &mut IndexInfo) -> Result<bool> {
        let plan = self.plan(info)?;
        let experiments = self.schema.experiments.len().max(1) as f64;
        let columns = &self.schema.tables[self.table].columns;
        let is_id = |column: &usize| columns[*column].source == Source::Id;
        let chosen = match plan.equal.len() {
            0 => experiments,
            _ if plan.equal.iter().any(is_id) => 1.0,
            count => (experiments / 8_f64.powi(count as i32)).max(1.0),
        };
        let rows_of_each = match self.table {
            0 if !plan.iteration => (self.schema.rows as f64 / experiments).max(1.0),
            _ => 1.0,
        };
        info.set_estimated_cost(chosen * rows_of_each * 10.0 + 10.0);
        info.set_estimated_rows((chosen * rows_of_each) as i64 + 1);
        info.set_order_by_consumed(plan.grouped.is_some());
        info.set_idx_str(&plan.to_string());
        Ok(true)
    }

    fn open(&'v mut self) -> Result<Cursor> {
        Ok(Cursor::new(Arc::clone(&self.schema), self.table))
    }
}

impl CreateVTab<'_> for Rows {
    const KIND: VTabKind = VTabKind::Default;
}

impl Rows {
    fn plan(&self, info: &mut IndexInfo) -> Result<Plan> {
        let columns = &self.schema.tables[self.table].columns;
        let mut equal: Vec<(usize, usize)> = Vec::new();
        let mut iteration = None;
        for (position, constraint) in info.constraints().enumerate() {
            let is_equal = constraint.operator() == IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_EQ;
            let Ok(number) = usize::try_from(constraint.column()) else {
                continue;
            };
            let Some(column) = columns
                .get(number)
                .filter(|_| constraint.is_usable() && is_equal)
            else {
                continue;
            };
            if !info.collation(position)?.eq_ignore_ascii_case("binary") {
                continue;
            }
            if column.is_of_experiment() && equal.iter().all(|(known, _)| *known != number) {
                equal.push((number, position));
            } else if column.source == Source::Iteration && iteration.is_none() {
                iteration = Some(position);
            }
        }
        let arguments = equal.iter().map(|(_, position)| *position).chain(iteration);
        for (argument, position) in (1..).zip(arguments.collect::<Vec<_>>()) {
            // SQLite checks again, because a lookup here may find more than the equal values.
            info.constraint_usage(position).set_argv_index(argument);
        }
        Ok(Plan {
            equal: equal.into_iter().map(|(number, _)| number).collect(),
            iteration: iteration.is_some(),
            grouped: self.grouped(info),
        })
    }

    /// Returns the columns by which rows can be grouped, if the query needs no other order.
    fn grouped(&self, info: &IndexInfo) -> Option<Vec<usize>> {
        let is_grouping = matches!(
            info.distinct(),
            DistinctMode::Grouped | DistinctMode::Distinct
        );
        if !is_grouping || info.num_of_order_by() == 0 {
            return None;
        }
        let columns = &self.schema.tables[self.table].columns;
        let numbers = info.order_bys().map(|order| {
            let number = usize::try_from(order.column()).ok()?;
            columns.get(number)?.is_of_experiment().then_some(number)
        });
        let numbers: Vec<usize> = numbers.collect::<Option<_>>()?;
        self.schema.grouped(self.table, &numbers).map(|_| numbers)
    }
}
