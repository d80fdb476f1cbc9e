//! Reading of values and rows as Rust types.

use research_domain::Value;
use serde::de::DeserializeOwned;

use super::{ExperimentResult, Results, Series};
use crate::cell::Cell;
use crate::error::{TableError, hint};
use crate::options::TableOptions;
use crate::table::Table;

impl ExperimentResult {
    /// Reads the last value of a variable.
    ///
    /// ```
    /// # use research_core::domain::{Config, ExperimentId};
    /// # use research_core::*;
    /// # use research_results::Results;
    /// # let record = ExperimentRecord { id: ExperimentId::parse("e0").unwrap(), place: 0,
    /// #     config: Config::from_pairs([("lr", 0.1)]), repetition: 0, updates: 0, seed: 0 };
    /// # let mut results = Results::new();
    /// # results.apply(&Event::ExperimentStarted { at: Timestamp(0),
    /// #     experiment: ExperimentNumber(0), attempt: 1, worker: WorkerNumber(0), pid: 1,
    /// #     record: Box::new(record), epoch: 0, added: Config::new() });
    /// # results.apply(&Event::Values { experiment: ExperimentNumber(0), variable: "loss".into(),
    /// #     iterations: Iterations::Run { first: 0, count: 2 },
    /// #     column: Column::Float(vec![0.5, 0.25]) });
    /// let one = results.experiments().next().unwrap();
    /// assert_eq!(one.value::<f64>("loss")?, 0.25);
    /// assert_eq!(one.series::<f64>("loss")?, [0.5, 0.25]);
    /// let error = one.value::<String>("loss").unwrap_err();
    /// assert!(error.to_string().contains("found floating point `0.25`"), "{error}");
    /// # Ok::<(), research_results::TableError>(())
    /// ```
    ///
    /// # Errors
    /// The experiment has not saved the variable, or the value is of another type.
    pub fn value<T: DeserializeOwned>(&self, variable: &str) -> Result<T, TableError> {
        let series = self.saved(variable)?;
        self.read(series, series.len().saturating_sub(1))
    }

    /// Reads all values of a variable, by rising iteration; see [`value`](Self::value).
    /// [`Series::iterations`] has their iterations.
    ///
    /// # Errors
    /// The experiment has not saved the variable, or a value is of another type.
    pub fn series<T: DeserializeOwned>(&self, variable: &str) -> Result<Vec<T>, TableError> {
        let series = self.saved(variable)?;
        let positions = 0..series.len();
        positions
            .map(|position| self.read(series, position))
            .collect()
    }

    fn saved(&self, name: &str) -> Result<&Series, TableError> {
        let found = self.variable(name).filter(|series| !series.is_empty());
        found.ok_or_else(|| {
            let known: Vec<&str> = self.variables().iter().map(Series::variable).collect();
            TableError::NotSaved {
                id: self.record.id.to_string(),
                name: name.to_owned(),
                hint: hint(name, &known),
            }
        })
    }

    fn read<T: DeserializeOwned>(&self, series: &Series, position: usize) -> Result<T, TableError> {
        let value = series.column().get(position).unwrap_or(Value::Null);
        value.to().map_err(|source| TableError::Value {
            at: format!(
                "`{}` of experiment `{}` in iteration {}",
                series.variable(),
                self.record.id,
                series.iteration(position).unwrap_or_default()
            ),
            source: Box::new(source),
        })
    }
}

impl Results {
    /// Reads the rows of the [table](Self::to_table) with all columns and rows; see
    /// [`Table::rows`].
    ///
    /// # Errors
    /// As for [`Table::rows`].
    pub fn rows<T: DeserializeOwned>(&self) -> Result<Vec<T>, TableError> {
        self.to_table(&TableOptions::new())?.rows()
    }
}

impl Table<'_> {
    /// Reads each row as a type with a field for each column that is of interest. Fields of missing
    /// cells must be [`Option`]s.
    ///
    /// ```
    /// # use research_core::domain::{Config, ExperimentId};
    /// # use research_core::*;
    /// # use research_results::{Results, TableOptions};
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// struct Row {
    ///     lr: f64,
    ///     iteration: u64,
    ///     loss: f64,
    ///     accuracy: Option<f64>,
    /// }
    ///
    /// # let record = ExperimentRecord { id: ExperimentId::parse("e0").unwrap(), place: 0,
    /// #     config: Config::from_pairs([("lr", 0.1)]), repetition: 0, updates: 0, seed: 0 };
    /// # let mut results = Results::new();
    /// # results.apply(&Event::ExperimentStarted { at: Timestamp(0),
    /// #     experiment: ExperimentNumber(0), attempt: 1, worker: WorkerNumber(0), pid: 1,
    /// #     record: Box::new(record), epoch: 0, added: Config::new() });
    /// # results.apply(&Event::Values { experiment: ExperimentNumber(0), variable: "loss".into(),
    /// #     iterations: Iterations::Run { first: 0, count: 2 },
    /// #     column: Column::Float(vec![0.5, 0.25]) });
    /// let rows = results.rows::<Row>()?;
    /// assert_eq!((rows[1].lr, rows[1].iteration, rows[1].loss), (0.1, 1, 0.25));
    /// assert_eq!(rows[1].accuracy, None);
    ///
    /// let last = results.to_table(&TableOptions::new().iterations([1]))?.rows::<Row>()?;
    /// assert_eq!(last.len(), 1);
    /// # Ok::<(), research_results::TableError>(())
    /// ```
    ///
    /// # Errors
    /// A cell is of another type than its field, or missing. The error names row and column.
    pub fn rows<T: DeserializeOwned>(&self) -> Result<Vec<T>, TableError> {
        let mut rows = Vec::new();
        self.for_each_row(|row| {
            let cells = self.columns().iter().zip(row);
            let fields = cells.filter_map(|(name, cell)| Some((name.clone(), value(cell)?)));
            let row = Value::Map(fields.collect()).to();
            rows.push(row.map_err(|source| TableError::Value {
                at: format!("row {}", rows.len() + 1),
                source: Box::new(source),
            })?);
            Ok::<(), TableError>(())
        })?;
        Ok(rows)
    }
}

/// The value of a cell; `None` if it is missing.
fn value(cell: &Cell<'_>) -> Option<Value> {
    Some(match cell {
        Cell::Missing => return None,
        Cell::Bool(value) => Value::Bool(*value),
        Cell::Int(value) => Value::Int(*value),
        Cell::Count(value) => Value::from(*value),
        Cell::Float(value) => Value::Float(*value),
        Cell::Text(text) => Value::from(text.as_ref()),
        Cell::Nested(value) => (*value).clone(),
    })
}
