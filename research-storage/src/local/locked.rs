//! A stored research that this process has locked, before it writes to it.

use std::path::{Path, PathBuf};

use research_core::{EventLog, Fold, ResearchRecord, StorageError};

use super::lock::Lock;
use super::{LocalStorage, StoredResearch, gc, stored};
use crate::log::{LogReader, TornTail};

/// A stored research that this process has locked. The log is read once: the same pass feeds the
/// folds that resume the research, and checks the log before events are appended to it. Nothing is
/// written before [`open`](Self::open).
pub struct LockedResearch {
    record: ResearchRecord,
    folder: PathBuf,
    lock: Lock,
    reader: LogReader,
}

impl LockedResearch {
    /// Locks the research in a folder.
    ///
    /// # Errors
    /// The folder is not a research, another process runs it, or its log cannot be read.
    pub fn take(folder: &Path) -> Result<Self, StorageError> {
        let folder = std::path::absolute(folder).map_err(StorageError::io("find", folder))?;
        let record = StoredResearch::load(&folder)?.into_record();
        let lock = Lock::take(&folder)?;
        let reader = stored::open_log(&folder)?;
        Ok(Self {
            record,
            folder,
            lock,
            reader,
        })
    }

    /// Returns the record of the research.
    #[must_use]
    pub fn record(&self) -> &ResearchRecord {
        &self.record
    }

    /// Returns the folder of the research, as an absolute path.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Feeds the events of the log to folds, in a single pass.
    ///
    /// # Errors
    /// The log cannot be read, or is damaged.
    pub fn replay(&mut self, folds: &mut [&mut dyn Fold]) -> Result<(), StorageError> {
        self.reader.replay(folds)
    }

    /// Opens the research as [`LocalStorage::open`] does.
    ///
    /// # Errors
    /// The log is damaged, or cannot be written.
    pub fn open(self) -> Result<(LocalStorage, Option<TornTail>), StorageError> {
        gc::clear(&self.folder);
        LocalStorage::with_lock(self.record, self.folder, self.lock, self.reader)
    }
}
