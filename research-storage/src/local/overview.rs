//! What a program is given that decides what to run next: all experiments, with how they ended.

use std::io::{self, Write};

use super::StoredResearch;
#[cfg(feature = "parquet")]
use super::parts::Parts;
use crate::results::Results;
#[cfg(feature = "parquet")]
use crate::table::TableError;
use crate::table::{Format, TableOptions};

/// About how much of the results is in memory at once.
#[cfg(feature = "parquet")]
const PART_BYTES: usize = 8 << 20;

impl Results {
    /// Writes all results as comma-separated values, with auxiliary keys and a row for
    /// [every experiment](TableOptions::every_experiment).
    ///
    /// # Errors
    /// Those of the output.
    pub fn write_overview(&self, output: &mut dyn Write) -> io::Result<()> {
        let options = TableOptions::new().aux(true).every_experiment(true);
        let table = self.to_table(&options).map_err(io::Error::other)?;
        table.write(Format::Csv, output)
    }
}

impl StoredResearch {
    /// Writes what [`Results::write_overview`] does, and needs no memory for all results: about 50 MB,
    /// and 32 bytes for each experiment.
    ///
    /// # Errors
    /// The log cannot be read, or the output takes no more.
    #[cfg(feature = "parquet")]
    pub fn write_overview(&self, output: &mut dyn Write) -> io::Result<()> {
        self.write_overview_in_parts(output, PART_BYTES)
    }

    /// The same with about so many bytes of results in memory at once.
    ///
    /// # Errors
    /// As for [`write_overview`](Self::write_overview).
    #[cfg(feature = "parquet")]
    pub fn write_overview_in_parts(&self, output: &mut dyn Write, bytes: usize) -> io::Result<()> {
        use crate::table::WholeTables;

        let table_error = |error: TableError| io::Error::other(error);
        let events = self.events().map_err(io::Error::other)?;
        let mut parts = Parts::of(events, bytes).map_err(io::Error::other)?;
        let nothing = Results::new();
        let mut whole = WholeTables::default();
        whole.look_at(&nothing).map_err(table_error)?;
        for part in 0..parts.len() {
            let part = parts.read(part).map_err(io::Error::other)?;
            whole.look_at(part).map_err(table_error)?;
        }
        whole.overview_of(&nothing).write(Format::Csv, output)?;
        for part in 0..parts.len() {
            let part = parts.read(part).map_err(io::Error::other)?;
            whole.overview_of(part).write_csv_rows(output)?;
        }
        Ok(())
    }

    /// Writes what [`Results::write_overview`] does.
    ///
    /// # Errors
    /// The log cannot be read, or the output takes no more.
    #[cfg(not(feature = "parquet"))]
    pub fn write_overview(&self, output: &mut dyn Write) -> io::Result<()> {
        let mut results = Results::new();
        for events in self.events().map_err(io::Error::other)? {
            results.extend(&events.map_err(io::Error::other)?);
        }
        results.write_overview(output)
    }
}
