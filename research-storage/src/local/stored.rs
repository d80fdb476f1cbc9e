//! Reads a research in a folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use research_core::files::read_regular;
use research_core::{EventLog, Fold, ResearchRecord, StorageError};
use serde::Deserialize;

use super::files::{EVENTS, RECORD};
use super::lock::{self, Runner};
use crate::log::LogReader;

/// A research in a folder, which can be read also while a process runs it.
#[derive(Clone, Debug)]
pub struct StoredResearch {
    record: ResearchRecord,
    folder: PathBuf,
}

/// The fields that every version of a record has.
#[derive(Deserialize)]
struct AnyRecord {
    format: u32,
}

impl StoredResearch {
    /// Reads the record of a research. Writes nothing, and runs no code of the research.
    ///
    /// # Errors
    /// The folder is not a research, or its record is damaged or was written by a later version.
    pub fn load(folder: &Path) -> Result<Self, StorageError> {
        let record = read_record(folder)?;
        let folder = folder.to_owned();
        Ok(Self { record, folder })
    }

    /// Returns the record of the research.
    #[must_use]
    pub fn record(&self) -> &ResearchRecord {
        &self.record
    }

    pub(super) fn into_record(self) -> ResearchRecord {
        self.record
    }

    /// Returns the folder from which the research was loaded.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the name of the folder, by which commands address the research. It is the name of
    /// the research unless the folder was renamed.
    #[must_use]
    pub fn name(&self) -> String {
        let name = match self.folder.file_name() {
            Some(name) => Some(name.to_owned()),
            // A path such as `.` or `..`.
            None => {
                let folder = self.folder.canonicalize().ok();
                folder.and_then(|folder| folder.file_name().map(ToOwned::to_owned))
            }
        };
        name.map_or_else(
            || self.record.name.clone(),
            |name| name.to_string_lossy().into_owned(),
        )
    }

    /// Opens the event log to read it.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn events(&self) -> Result<LogReader, StorageError> {
        open_log(&self.folder)
    }

    /// Feeds all events of the log to folds, in a single pass.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn replay(&self, folds: &mut [&mut dyn Fold]) -> Result<(), StorageError> {
        self.events()?.replay(folds)
    }

    /// Returns the process that runs the research, if there is one.
    ///
    /// # Errors
    /// It cannot be found out.
    pub fn runner(&self) -> Result<Option<Runner>, StorageError> {
        lock::runner(&self.folder)
    }

    /// Whether `runner` is alive and holds the lock of this research. A lock file that names it is
    /// not enough, because any process can write or copy one.
    #[must_use]
    pub fn is_run_by(&self, runner: &Runner) -> bool {
        lock::is_held_by(&self.folder, runner)
    }

    /// Returns the marks of runs whose leaders were killed on this machine: their processes may
    /// still be running. Empty while a process runs the research.
    ///
    /// # Errors
    /// It cannot be found out.
    pub fn left_behind(&self) -> Result<Vec<String>, StorageError> {
        lock::left_behind(&self.folder)
    }
}

/// Returns the researches whose folders are in `base`, sorted by folder. Skips those that cannot be
/// loaded; [`StoredResearch::load`] returns the reason.
///
/// # Errors
/// The folder cannot be read.
pub fn list(base: &Path) -> Result<Vec<StoredResearch>, StorageError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(base).map_err(StorageError::io("read", base))? {
        let entry = entry.map_err(StorageError::io("read", base))?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !hidden {
            found.extend(StoredResearch::load(&entry.path()).ok());
        }
    }
    found.sort_by(|one, other| one.folder.cmp(&other.folder));
    Ok(found)
}

/// Opens the log of a research to read it. A log without its header is an error, because the folder
/// of a research is created with it.
pub(super) fn open_log(folder: &Path) -> Result<LogReader, StorageError> {
    let path = folder.join(EVENTS);
    let reader = LogReader::open(&path)?;
    check_begin(&reader, &path)?;
    Ok(reader)
}

pub(super) fn check_begin(reader: &LogReader, path: &Path) -> Result<(), StorageError> {
    if reader.offset() > 0 {
        return Ok(());
    }
    Err(StorageError::Damaged {
        path: path.to_owned(),
        offset: 0,
        reason: "it is empty or cut off within its first bytes: restore it from a copy, or \
                 repair it, which starts with an empty log"
            .to_owned(),
    })
}

fn read_record(folder: &Path) -> Result<ResearchRecord, StorageError> {
    let no_research = |reason: &str| StorageError::NoResearch {
        path: folder.to_owned(),
        reason: reason.to_owned(),
    };
    let path = folder.join(RECORD);
    let is_file = fs::metadata(&path).map(|metadata| metadata.is_file());
    match is_file {
        Ok(true) => {}
        Ok(false) => return Err(no_research("its research.json is not a file")),
        Err(error) if folder.symlink_metadata().is_err() && is_missing(&error) => {
            return Err(no_research("there is nothing with this name"));
        }
        Err(error) if is_missing(&error) => return Err(no_research("it has no research.json")),
        Err(error) => return Err(StorageError::io("read", &path)(error)),
    }
    let bytes = read_regular(&path).map_err(StorageError::io("read", &path))?;
    parse_record(&bytes, &path)
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn parse_record(bytes: &[u8], path: &Path) -> Result<ResearchRecord, StorageError> {
    // Some editors write a byte order mark at the beginning of a file.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let damaged = |error: serde_json::Error| StorageError::Damaged {
        path: path.to_owned(),
        offset: offset_of(&error, bytes),
        reason: format!("{error}: restore it from a copy"),
    };
    let AnyRecord { format } = serde_json::from_slice(bytes).map_err(damaged)?;
    if format > ResearchRecord::FORMAT {
        return Err(StorageError::TooNew {
            path: path.to_owned(),
            found: format,
            known: ResearchRecord::FORMAT,
        });
    }
    serde_json::from_slice(bytes).map_err(damaged)
}

/// Converts the line and column of an error to an offset.
fn offset_of(error: &serde_json::Error, bytes: &[u8]) -> u64 {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    (before + error.column().saturating_sub(1)) as u64
}
