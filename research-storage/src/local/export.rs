//! The tables that lie beside the log, for other programs.

use std::fs::File;
use std::io::{self, BufWriter};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use parquet::file::metadata::ParquetMetaDataReader;
use research_core::StorageError;
use research_core::files::open_regular;
use tempfile::NamedTempFile;

use super::leftovers::unfinished_file;
use super::lost_end::LostEnd;
use super::parts::Parts;
use super::{EVENTS, StoredResearch};
use crate::results::Results;
use crate::table::{ColumnType, ParquetFile, Table, TableError, WholeTables};

const RESULTS: &str = "results.parquet";
pub(super) const EXPERIMENTS: &str = "experiments.parquet";

/// About how much of the results is in memory at once.
const PART_BYTES: usize = 8 << 20;

impl StoredResearch {
    /// Folds the log into `results.parquet` and `experiments.parquet`, the tables of
    /// [`Results::to_table`] and [`Results::experiments_table`], in the research's folder.
    ///
    /// Each is written under another name and renamed, so whoever reads one reads a whole one.
    /// The results are read in parts, so that there is no need of memory for all of them: some
    /// 50 MB, and 32 bytes for each experiment.
    ///
    /// A table that is there is replaced as `replace` says: what has more rows than the log gives
    /// may be all that is left of what the log has lost.
    ///
    /// # Errors
    /// The log cannot be read, a file cannot be written, or must not be replaced
    /// ([`StorageError::FewerRows`]); then both are as they were.
    pub fn write_parquet(&self, replace: ReplaceTables) -> Result<(), StorageError> {
        self.write_parquet_in_parts(replace, PART_BYTES)
    }

    /// The same with about so many bytes of results in memory at once.
    ///
    /// # Errors
    /// As for [`write_parquet`](Self::write_parquet).
    pub fn write_parquet_in_parts(
        &self,
        replace: ReplaceTables,
        bytes: usize,
    ) -> Result<(), StorageError> {
        if replace == ReplaceTables::UnlessFewerRows {
            self.check_end()?;
        }
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
            let is_new = parts.has_new_experiments(part);
            let part = parts.read(part)?;
            results.add(&whole.results_of(part))?;
            if is_new {
                experiments.add(&whole.experiments_of(part))?;
            }
        }
        match replace {
            ReplaceTables::Always => {}
            ReplaceTables::UnlessFewerExperiments => experiments.check_rows()?,
            ReplaceTables::UnlessFewerRows => {
                results.check_rows()?;
                experiments.check_rows()?;
            }
        }
        results.finish()?;
        experiments.finish()
    }
}

impl StoredResearch {
    /// Refuses to replace tables from a log whose end is lost, however many rows it gives.
    fn check_end(&self) -> Result<(), StorageError> {
        let had = [RESULTS, EXPERIMENTS].map(|name| rows(&self.folder().join(name)));
        if had.iter().flatten().all(|rows| *rows == 0) {
            return Ok(());
        }
        let offset = match self.lost_end()? {
            Some(LostEnd::Torn(torn)) => torn.offset,
            Some(LostEnd::NoRunEnd { offset }) => offset,
            // The rows of the new tables are counted.
            Some(LostEnd::LostRows(_)) | None => return Ok(()),
        };
        Err(StorageError::Damaged {
            path: self.folder().join(EVENTS),
            offset,
            reason: "its end is lost, so the tables that are there may have more than it gives and are left as they are".to_owned(),
        })
    }
}

/// Whether tables are replaced by others with fewer rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplaceTables {
    /// Whatever they have.
    Always,
    /// Only where the log has all the experiments of the table. Of results there may be fewer: an
    /// attempt that starts voids what earlier ones have saved.
    UnlessFewerExperiments,
    /// Only where the log gives at least as many rows of both.
    UnlessFewerRows,
}

/// How many rows the table of experiments has that was written before, and when that was (in
/// seconds and nanoseconds), if there is one that can be read.
pub(super) fn table_of_experiments(folder: &Path) -> Option<(u64, (i64, i64))> {
    let path = folder.join(EXPERIMENTS);
    let written = path.symlink_metadata().ok()?;
    Some((rows(&path)?, (written.ctime(), written.ctime_nsec())))
}

/// How many rows a Parquet file has. One that cannot be read has nothing to lose.
fn rows(path: &Path) -> Option<u64> {
    let file = open_regular(path).ok()?;
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&file).ok()?;
    u64::try_from(metadata.file_metadata().num_rows()).ok()
}

/// A file that will replace another.
struct Replacement {
    path: PathBuf,
    place: NamedTempFile,
    file: ParquetFile<BufWriter<File>>,
    rows: u64,
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
        Ok(Self {
            path,
            place,
            file,
            rows: 0,
        })
    }

    fn add(&mut self, table: &Table<'_>) -> Result<(), StorageError> {
        let added = self.file.add(table);
        self.rows += added.map_err(StorageError::io("write", &self.path))?;
        Ok(())
    }

    fn check_rows(&self) -> Result<(), StorageError> {
        match rows(&self.path) {
            Some(before) if before > self.rows => Err(StorageError::FewerRows {
                path: self.path.clone(),
                before,
                now: self.rows,
            }),
            _ => Ok(()),
        }
    }

    fn finish(self) -> Result<(), StorageError> {
        let Self {
            path, place, file, ..
        } = self;
        let finish = || {
            file.finish()?.into_inner().map_err(io::Error::from)?;
            place.persist(&path).map_err(|error| error.error)
        };
        finish().map(drop).map_err(StorageError::io("write", &path))
    }
}
