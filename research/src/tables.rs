//! The Parquet tables beside the log, for other programs.

use std::io::{self, BufWriter, Write};

use research_core::StorageError;
use research_results::{ExportError, TableExport};
use research_storage::{LostEnd, Replacement, StoredResearch, table_rows};

const LOG: &str = "events.log";
const RESULTS: &str = "results.parquet";
const EXPERIMENTS: &str = "experiments.parquet";

/// Whether tables are replaced by others with fewer rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplaceTables {
    /// Always.
    Always,
    /// Unless the log has fewer experiments than the table. It may have fewer results: a new
    /// attempt voids the values of earlier ones.
    UnlessFewerExperiments,
    /// Unless the log has fewer rows of either table.
    UnlessFewerRows,
}

/// Writes `results.parquet` and `experiments.parquet`, the tables of
/// [`Results::to_table`](research_results::Results::to_table) and
/// [`Results::experiments_table`](research_results::Results::experiments_table), into the folder of
/// a research.
///
/// Each is written under another name and renamed, so a reader never sees an incomplete table.
/// `replace` says when existing tables are replaced: a table with more rows than the log may be the
/// only copy of lost results.
///
/// # Errors
/// The log cannot be read, a file cannot be written, or must not be replaced
/// ([`StorageError::FewerRows`]). Then both files are unchanged.
pub fn write_tables(research: &StoredResearch, replace: ReplaceTables) -> Result<(), StorageError> {
    if replace == ReplaceTables::UnlessFewerRows {
        check_end(research)?;
    }
    let mut export = TableExport::new(research.events()?)?;
    let mut results = begin(research, RESULTS)?;
    let mut experiments = begin(research, EXPERIMENTS)?;
    let rows = {
        let mut files = [&mut results, &mut experiments].map(|new| BufWriter::new(new.file_mut()));
        let [results_file, experiments_file] = &mut files;
        let rows = export.write_parquet(&mut *results_file, &mut *experiments_file);
        rows.and_then(|rows| {
            results_file.flush().map_err(ExportError::Results)?;
            experiments_file.flush().map_err(ExportError::Experiments)?;
            Ok(rows)
        })
    };
    let rows = rows.map_err(|error| match error {
        ExportError::Results(error) => StorageError::io("write", results.path())(error),
        ExportError::Experiments(error) => StorageError::io("write", experiments.path())(error),
        ExportError::Storage(error) => error,
        other => StorageError::io("write", results.path())(io::Error::other(other)),
    })?;
    if replace == ReplaceTables::UnlessFewerRows {
        check_rows(&results, rows.results)?;
    }
    if replace != ReplaceTables::Always {
        check_rows(&experiments, rows.experiments)?;
    }
    [results, experiments].into_iter().try_for_each(|file| {
        let path = file.path().to_owned();
        file.persist().map_err(StorageError::io("write", &path))
    })
}

fn begin(research: &StoredResearch, name: &str) -> Result<Replacement, StorageError> {
    let path = research.folder().join(name);
    Replacement::new(research.folder(), name).map_err(StorageError::io("write", &path))
}

/// Refuses to replace tables from a log whose end is lost, whatever the number of its rows.
fn check_end(research: &StoredResearch) -> Result<(), StorageError> {
    let had = [RESULTS, EXPERIMENTS].map(|name| table_rows(&research.folder().join(name)));
    if had.iter().flatten().all(|rows| *rows == 0) {
        return Ok(());
    }
    let offset = match research.lost_end()? {
        Some(LostEnd::Torn(torn)) => torn.offset,
        Some(LostEnd::NoRunEnd { offset }) => offset,
        // The row counts are compared when the new tables are written.
        Some(LostEnd::LostRows(_)) | None => return Ok(()),
    };
    Err(StorageError::Damaged {
        path: research.folder().join(LOG),
        offset,
        reason: "its end is lost, so the existing tables may have more rows and are kept"
            .to_owned(),
    })
}

fn check_rows(table: &Replacement, now: u64) -> Result<(), StorageError> {
    match table_rows(table.path()) {
        Some(before) if before > now => Err(StorageError::FewerRows {
            path: table.path().to_owned(),
            before,
            now,
        }),
        _ => Ok(()),
    }
}
