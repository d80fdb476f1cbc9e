//! Reads the number of rows of the tables in the folder of a research.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use parquet::file::metadata::ParquetMetaDataReader;
use research_core::files::open_regular;

/// The file of the table of experiments.
pub(super) const EXPERIMENTS: &str = "experiments.parquet";

/// Returns the number of rows of the table of experiments, and its change time in seconds and
/// nanoseconds; `None` if it is missing or cannot be read.
pub(super) fn table_of_experiments(folder: &Path) -> Option<(u64, (i64, i64))> {
    let path = folder.join(EXPERIMENTS);
    let written = path.symlink_metadata().ok()?;
    Some((table_rows(&path)?, (written.ctime(), written.ctime_nsec())))
}

/// Returns the number of rows of a Parquet file; `None` if it is missing or cannot be read.
#[must_use]
pub fn table_rows(path: &Path) -> Option<u64> {
    let file = open_regular(path).ok()?;
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&file).ok()?;
    u64::try_from(metadata.file_metadata().num_rows()).ok()
}
