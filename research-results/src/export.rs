//! The tables of all results, written from a log a partition at a time.

use std::collections::HashSet;
#[cfg(feature = "parquet")]
use std::io;
use std::io::Write;

use research_core::{EventLog, StorageError};

#[cfg(feature = "parquet")]
use crate::column_type::ColumnType;
use crate::error::TableError;
use crate::options::TableOptions;
use crate::partitions::Partitions;
use crate::results::{ExperimentResult, Results, insert_names, parameters};
use crate::table::{Format, Identity, Table};
#[cfg(feature = "parquet")]
use crate::table::{Kinds, ParquetFile};
#[cfg(feature = "parquet")]
use crate::tables::experiments_table;
use crate::tables::iterations_table;

/// The approximate size in bytes of the results in memory at a time.
const PARTITION_BYTES: usize = 16 << 20;

/// The tables of all results of a log. They take about 50 MB of memory, and 32 bytes for each
/// experiment, because results are read a partition at a time.
pub struct TableExport {
    partitions: Partitions,
    columns: Columns,
}

/// The reason why the tables could not be written.
#[cfg(feature = "parquet")]
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The log cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The table of results cannot be written.
    #[error("cannot write the table of results: {0}")]
    Results(io::Error),
    /// The table of experiments cannot be written.
    #[error("cannot write the table of experiments: {0}")]
    Experiments(io::Error),
}

/// The numbers of rows of the tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// The rows of the table of results.
    pub results: u64,
    /// The rows of the table of experiments.
    pub experiments: u64,
}

impl TableExport {
    /// Finds the columns of the tables.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn new(log: impl EventLog + 'static) -> Result<Self, StorageError> {
        Self::with_memory(log, PARTITION_BYTES)
    }

    /// Like [`new`](Self::new), with about `bytes` of results in memory at a time.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn with_memory(log: impl EventLog + 'static, bytes: usize) -> Result<Self, StorageError> {
        let mut partitions = Partitions::new(log, bytes)?;
        let mut columns = Columns::default();
        // A log without experiments has columns, too.
        columns.add(&Results::new());
        for partition in 0..partitions.len() {
            columns.add(partitions.read(partition)?);
        }
        Ok(Self {
            partitions,
            columns,
        })
    }

    /// Writes all results as comma-separated values, with auxiliary keys and a row for
    /// [every experiment](TableOptions::every_experiment).
    ///
    /// # Errors
    /// The log cannot be read, or the output cannot be written.
    pub fn write_csv(&mut self, output: &mut dyn Write) -> Result<(), TableError> {
        let heading = self.columns.every_experiment(&[]);
        heading.write(Format::Csv, output)?;
        for partition in 0..self.partitions.len() {
            let results = self.partitions.read(partition)?;
            let experiments: Vec<_> = results.experiments().collect();
            let table = self.columns.every_experiment(&experiments);
            table.write_csv_rows(output)?;
        }
        Ok(())
    }

    /// Writes the tables of [`Results::to_table`] and [`Results::experiments_table`] as Parquet
    /// files.
    ///
    /// # Errors
    /// The log cannot be read, or an output cannot be written.
    #[cfg(feature = "parquet")]
    pub fn write_parquet(
        &mut self,
        results: impl Write + Send,
        experiments: impl Write + Send,
    ) -> Result<RowCounts, ExportError> {
        let columns = &self.columns;
        let file = columns.results.file(results, &columns.results_table(&[]));
        let mut results = file.map_err(ExportError::Results)?;
        let table = columns.experiments_table(&[]);
        let file = columns.experiments.file(experiments, &table);
        let mut experiments = file.map_err(ExportError::Experiments)?;
        let mut rows = RowCounts::default();
        for partition in 0..self.partitions.len() {
            let is_new = self.partitions.has_new_experiments(partition);
            let read = self.partitions.read(partition)?;
            let read: Vec<_> = read.experiments().collect();
            let added = results.add(&columns.results_table(&read));
            rows.results += added.map_err(ExportError::Results)?;
            if is_new {
                let added = experiments.add(&columns.experiments_table(&read));
                rows.experiments += added.map_err(ExportError::Experiments)?;
            }
        }
        results.finish().map_err(ExportError::Results)?;
        experiments.finish().map_err(ExportError::Experiments)?;
        Ok(rows)
    }
}

/// The columns of the tables. After all partitions were added in the order of experiments, they are
/// the same as the columns of undivided results.
#[derive(Default)]
struct Columns {
    parameters: Names,
    variables: Names,
    has_devices: bool,
    #[cfg(feature = "parquet")]
    results: Kinds,
    #[cfg(feature = "parquet")]
    experiments: Kinds,
}

impl Columns {
    /// Adds the columns of a partition.
    fn add(&mut self, partition: &Results) {
        let experiments: Vec<&ExperimentResult> = partition.experiments().collect();
        let parameters = parameters(&experiments, false);
        self.parameters
            .extend(parameters.iter().map(|(key, _)| *key));
        for experiment in &experiments {
            self.add_variables(&partition.variables_of(experiment).collect::<Vec<_>>());
        }
        self.has_devices |= experiments.iter().any(|one| one.device.is_some());
        #[cfg(feature = "parquet")]
        self.add_kinds(&experiments);
    }

    /// Adds the variables of an experiment, in the order of
    /// [`variables_of_all`](Results::variables_of_all).
    fn add_variables(&mut self, own: &[&str]) {
        let Names { names, known } = &mut self.variables;
        let inserted = insert_names(names, own, |name| known.contains(name), str::to_owned);
        if inserted.is_empty() {
            return;
        }
        known.extend(own.iter().map(|name| (*name).to_owned()));
        // The column of iterations is before those of variables.
        #[cfg(feature = "parquet")]
        inserted.iter().for_each(|at| self.results.insert(1 + at));
    }

    #[cfg(feature = "parquet")]
    fn add_kinds(&mut self, partition: &[&ExperimentResult]) {
        let identity = 1 + self.parameters.names.len();
        let mut kinds = std::mem::take(&mut self.results);
        kinds.see(&self.results_table(partition), identity);
        self.results = kinds;
        let mut kinds = std::mem::take(&mut self.experiments);
        kinds.see(&self.experiments_table(partition), identity);
        self.experiments = kinds;
    }

    #[cfg(feature = "parquet")]
    fn results_table<'a>(&'a self, partition: &[&'a ExperimentResult]) -> Table<'a> {
        let identity = Identity::with_parameters(&self.parameters.names);
        self.table(partition, identity, &TableOptions::new())
    }

    /// The table of results with auxiliary keys and every experiment.
    fn every_experiment<'a>(&'a self, partition: &[&'a ExperimentResult]) -> Table<'a> {
        let identity = Identity::with_parameters(&self.parameters.names);
        let identity = identity.with_status(self.has_devices);
        let options = TableOptions::new().every_experiment(true);
        self.table(partition, identity, &options)
    }

    fn table<'a>(
        &'a self,
        partition: &[&'a ExperimentResult],
        identity: Identity<'a>,
        options: &TableOptions,
    ) -> Table<'a> {
        let variables = self.variables.names.iter().map(String::as_str);
        iterations_table(partition.to_vec(), identity, variables.collect(), options)
    }

    #[cfg(feature = "parquet")]
    fn experiments_table<'a>(&'a self, partition: &[&'a ExperimentResult]) -> Table<'a> {
        let identity = Identity::with_parameters(&self.parameters.names);
        experiments_table(partition.to_vec(), identity)
    }
}

#[cfg(feature = "parquet")]
impl Kinds {
    /// Creates a Parquet file with the columns of a table, of these types.
    fn file<W: Write + Send>(&self, output: W, table: &Table<'_>) -> io::Result<ParquetFile<W>> {
        let types: Vec<ColumnType> = self.types();
        ParquetFile::new(output, table.columns(), &types)
    }
}

/// Names, in the order of their first appearance.
#[derive(Default)]
struct Names {
    names: Vec<String>,
    known: HashSet<String>,
}

impl Names {
    fn extend<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        for name in names {
            if !self.known.contains(name) {
                self.known.insert(name.to_owned());
                self.names.push(name.to_owned());
            }
        }
    }
}
