//! The tables that lie beside the log, for other programs.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::PathBuf;

use research_core::StorageError;
use tempfile::NamedTempFile;

use super::StoredResearch;
use super::leftovers::unfinished_file;
use super::parts::Parts;
use crate::results::Results;
use crate::table::{ColumnType, ParquetFile, Table, TableError, WholeTables};

const RESULTS: &str = "results.parquet";
const EXPERIMENTS: &str = "experiments.parquet";

/// About how much of the results is in memory at once.
const PART_BYTES: usize = 8 << 20;

impl StoredResearch {
    /// Folds the log into `results.parquet` and `experiments.parquet`, the tables of
    /// [`Results::to_table`] and [`Results::experiments_table`], in the research's folder.
    ///
    /// Each is written under another name and renamed, so whoever reads one reads a whole one.
    /// The results are read in parts, so that there is no need of memory for all of them: some
    /// 50 MB, or what the largest experiment takes, and 32 bytes for each experiment.
    ///
    /// # Errors
    /// The log cannot be read, or a file cannot be written.
    pub fn write_parquet(&self) -> Result<(), StorageError> {
        self.write_parquet_in_parts(PART_BYTES)
    }

    /// The same with about so many bytes of results in memory at once.
    ///
    /// # Errors
    /// As for [`write_parquet`](Self::write_parquet).
    pub fn write_parquet_in_parts(&self, bytes: usize) -> Result<(), StorageError> {
        let mut parts = Parts::of(self.events()?, bytes)?;
        let nothing = Results::new();
        // Options that filter nothing fit everything.
        let cannot_make = |error: TableError| {
            StorageError::io("make", &self.folder().join(RESULTS))(io::Error::other(error))
        };
        let mut whole = WholeTables::default();
        // Where there are no parts there are columns still.
        whole.look_at(&nothing).map_err(cannot_make)?;
        for part in 0..parts.len() {
            whole.look_at(parts.read(part)?).map_err(cannot_make)?;
        }
        let types = whole.results_types();
        let mut results = Replacement::new(self, RESULTS, &whole.results_of(&nothing), &types)?;
        let types = whole.experiments_types();
        let table = whole.experiments_of(&nothing);
        let mut experiments = Replacement::new(self, EXPERIMENTS, &table, &types)?;
        for part in 0..parts.len() {
            let part = parts.read(part)?;
            results.add(&whole.results_of(part))?;
            experiments.add(&whole.experiments_of(part))?;
        }
        results.finish()?;
        experiments.finish()
    }
}

/// A file that will replace another.
struct Replacement {
    path: PathBuf,
    place: NamedTempFile,
    file: ParquetFile<BufWriter<File>>,
}

impl Replacement {
    /// A file in a research's folder with the columns of a table.
    fn new(
        research: &StoredResearch,
        name: &str,
        table: &Table<'_>,
        types: &[ColumnType],
    ) -> Result<Self, StorageError> {
        let path = research.folder().join(name);
        let begin = || {
            let place = unfinished_file(research.folder())?;
            let output = BufWriter::new(place.as_file().try_clone()?);
            let file = ParquetFile::new(output, table.columns(), types)?;
            Ok((place, file))
        };
        let (place, file) = begin().map_err(StorageError::io("write", &path))?;
        Ok(Self { path, place, file })
    }

    fn add(&mut self, table: &Table<'_>) -> Result<(), StorageError> {
        let added = self.file.add(table);
        added.map_err(StorageError::io("write", &self.path))
    }

    fn finish(self) -> Result<(), StorageError> {
        let Self { path, place, file } = self;
        let finish = || {
            file.finish()?.into_inner().map_err(io::Error::from)?;
            place.persist(&path).map_err(|error| error.error)
        };
        finish().map(drop).map_err(StorageError::io("write", &path))
    }
}
