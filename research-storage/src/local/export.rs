//! The tables that lie beside the log, for other programs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use research_core::StorageError;

use super::{HIDDEN, StoredResearch};
use crate::results::Results;
use crate::table::{Table, TableOptions};

const RESULTS: &str = "results.parquet";
const EXPERIMENTS: &str = "experiments.parquet";

impl StoredResearch {
    /// Folds the log into `results.parquet` and `experiments.parquet`, the tables of
    /// [`Results::to_table`] and [`Results::experiments_table`], in the research's folder.
    ///
    /// Each is written under another name and renamed, so whoever reads one reads a whole one.
    ///
    /// # Errors
    /// The log cannot be read, or a file cannot be written.
    pub fn write_parquet(&self) -> Result<(), StorageError> {
        let results = self.results()?;
        self.write_parquet_of(&results)
    }

    /// The same, of results that were read before.
    fn write_parquet_of(&self, results: &Results) -> Result<(), StorageError> {
        let path = self.folder().join(RESULTS);
        // Options that filter nothing fit everything.
        let table = results
            .to_table(&TableOptions::new())
            .map_err(|error| StorageError::io("make", &path)(std::io::Error::other(error)))?;
        replace(&path, self.folder(), &table)?;
        let path = self.folder().join(EXPERIMENTS);
        replace(&path, self.folder(), &results.experiments_table())
    }
}

fn replace(path: &Path, folder: &Path, table: &Table<'_>) -> Result<(), StorageError> {
    let cannot_write = StorageError::io("write", path);
    let write = || {
        let mut file = tempfile::Builder::new()
            .prefix(HIDDEN)
            .permissions(fs::Permissions::from_mode(0o666))
            .tempfile_in(folder)?;
        table.write_parquet(std::io::BufWriter::new(file.as_file_mut()))?;
        file.persist(path).map_err(|error| error.error)
    };
    write().map(drop).map_err(cannot_write)
}
