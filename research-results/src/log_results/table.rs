//! Tables whose values are read from the log as they are written.

use std::io::{self, Write};

use super::LogResults;
use crate::error::TableError;
use crate::options::TableOptions;
use crate::results::ExperimentResult;
use crate::source::Source;
use crate::table::{Format, RowWriter, Table};
use crate::tables::TableSelection;

/// A table of results that reads the values of some experiments at a time, while it is written.
pub struct LogTable<'a> {
    results: &'a LogResults,
    options: TableOptions,
    table: TableSelection<'a>,
    limit: Option<usize>,
}

impl LogResults {
    /// Returns the results as a table; see [`Results::to_table`](crate::Results::to_table).
    ///
    /// # Errors
    /// As for [`Results::to_table`](crate::Results::to_table).
    pub fn table(&self, options: &TableOptions) -> Result<LogTable<'_>, TableError> {
        Ok(LogTable {
            results: self,
            options: options.clone(),
            table: TableSelection::new(self.results(), options)?,
            limit: None,
        })
    }
}

impl LogTable<'_> {
    /// Returns notes for the user about the table; see [`Table::notes`].
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.table.notes
    }

    /// Returns the columns with values of several kinds; see [`Table::mixed_columns`]. This
    /// includes variables that the table does not show.
    #[must_use]
    pub fn mixed_columns(&self) -> Vec<(String, String)> {
        self.table.mixed_columns(self.results.results())
    }

    /// Returns the first `count` rows of the table; all, if `None`.
    #[must_use]
    pub fn limit(mut self, count: impl Into<Option<usize>>) -> Self {
        self.limit = count.into();
        self
    }

    /// Writes the table; returns whether it has rows.
    ///
    /// # Errors
    /// The log cannot be read, or the output cannot be written.
    pub fn write(&self, format: Format, output: &mut dyn Write) -> Result<bool, TableError> {
        let mut writer = RowWriter::new(format, 0, output);
        writer.begin(&self.table.columns)?;
        if format.is_text() {
            self.for_each_table(&mut |table| table.for_each_row(|row| writer.measure(row)))?;
        }
        writer.heading()?;
        let mut has_rows = false;
        self.for_each_table(&mut |table| {
            table.for_each_row(|row| {
                has_rows = true;
                writer.row(row)
            })
        })?;
        writer.finish()?;
        Ok(has_rows)
    }

    /// Writes the table as a Parquet file; see [`Table::write_parquet`].
    ///
    /// # Errors
    /// The log cannot be read, or the output cannot be written.
    #[cfg(feature = "parquet")]
    pub fn write_parquet(&self, output: impl Write + Send) -> Result<(), TableError> {
        let mut kinds = crate::table::Kinds::default();
        self.for_each_table(&mut |table| {
            kinds.see(table, 0);
            Ok(())
        })?;
        kinds.widen(self.table.columns.len());
        let (columns, types) = (&self.table.columns, kinds.types());
        let file = crate::table::ParquetFile::new(output, columns, &types);
        let mut file = file?;
        self.for_each_table(&mut |table| file.add(table).map(drop))?;
        Ok(file.finish().map(drop)?)
    }

    /// Calls a function with the rows of one partition after another.
    fn for_each_table(
        &self,
        see: &mut dyn FnMut(&Table<'_>) -> io::Result<()>,
    ) -> Result<(), TableError> {
        let experiments = &self.table.experiments;
        let partitions = self.results.divide(experiments)?;
        // Whether earlier partitions of the divided experiment had rows.
        let mut has_rows = false;
        let mut left = self.limit;
        for (number, partition) in partitions.iter().enumerate() {
            let iterations = partition.iterations.as_ref();
            if iterations.is_none_or(|iterations| iterations.start == 0) {
                has_rows = false;
            }
            let chosen = &experiments[partition.experiments.clone()];
            let part = self.results.read(chosen, iterations, &self.options)?;
            let chosen: Vec<&ExperimentResult> = chosen
                .iter()
                .filter_map(|one| part.experiment(one.number))
                .collect();
            let mut table = self.table.partition(chosen, &self.options);
            if iterations.is_some() && self.options.has_every_experiment() {
                // An experiment without values has one row, in its last partition.
                let next = partitions.get(number + 1);
                let is_last = next.is_none_or(|next| next.experiments != partition.experiments);
                table = table.with_every_experiment(is_last && !has_rows);
                has_rows |= table.row_count() > 0;
            }
            let table = table.limit(left);
            see(&table)?;
            if let Some(left) = &mut left {
                *left -= table.row_count();
                if *left == 0 {
                    break;
                }
            }
        }
        Ok(())
    }
}
