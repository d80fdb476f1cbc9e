//! The names of the files of a research, and functions that write them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use research_core::{ResearchRecord, StorageError};

pub(super) const RECORD: &str = "research.json";
pub(super) const DESCRIPTION: &str = "research.txt";
pub(super) const EVENTS: &str = "events.log";
pub(super) const RUN_LOG: &str = "research.log";
pub(super) const EXPERIMENTS: &str = "experiments";
pub(super) const EXPERIMENT_LOG: &str = "experiment.log";

/// The prefix of the random names of folders that are being created or removed, and of files that
/// will replace others.
pub(super) const HIDDEN: &str = ".research-";
/// The copy of the intact frames of a damaged log, before it replaces the log.
pub(super) const SALVAGED: &str = ".events.salvaged";
/// The prefix of the names of damaged logs that a repair has kept.
pub(super) const DAMAGED: &str = "events.damaged";

pub(super) fn record_json(record: &ResearchRecord, folder: &Path) -> Result<Vec<u8>, StorageError> {
    let mut json = serde_json::to_vec_pretty(record)
        .map_err(|error| StorageError::io("write", &folder.join(RECORD))(error.into()))?;
    json.push(b'\n');
    Ok(json)
}

pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<File, StorageError> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(StorageError::io("create", path))?;
    file.write_all(bytes)
        .map_err(StorageError::io("write", path))?;
    Ok(file)
}

/// Syncs a folder, so that names that were added or changed in it survive a crash of the machine.
pub(super) fn sync_folder(folder: &Path) -> Result<(), StorageError> {
    File::open(folder)
        .and_then(|file| file.sync_all())
        .map_err(StorageError::io("bring to the disk", folder))
}

/// Creates a folder with a hidden name and the usual permissions, which is deleted when the
/// returned guard is dropped.
pub(super) fn hidden_folder(parent: &Path) -> Result<tempfile::TempDir, StorageError> {
    let cannot_create = |error| StorageError::io("create a folder in", parent)(error);
    // Check the parent first, because the system's error message for a missing folder is better.
    fs::metadata(parent).map_err(cannot_create)?;
    tempfile::Builder::new()
        .prefix(HIDDEN)
        .permissions(fs::Permissions::from_mode(0o777))
        .tempdir_in(parent)
        // Remove the random path that `tempfile` adds to the error.
        .map_err(|error| cannot_create(without_path(error)))
}

/// Returns the system error in an error of `tempfile`, which names a path that the user does not
/// know.
fn without_path(error: io::Error) -> io::Error {
    let source = error.get_ref().and_then(|named| named.source());
    let source = source.and_then(|source| source.downcast_ref::<io::Error>());
    match source.and_then(io::Error::raw_os_error) {
        Some(number) => io::Error::from_raw_os_error(number),
        None => error,
    }
}
