//! A research in a folder.
//!
//! | file | content |
//! |---|---|
//! | `research.json` | the record of the research |
//! | `research.txt` | the same as text |
//! | `events.log` | all events; results are read from it |
//! | `research.log` | runs, messages and exceptions, one entry each |
//! | `experiments/<id>/experiment.log` | messages and exceptions of one experiment |
//! | `results.parquet`, `experiments.parquet` | tables written at the end of the last run |
//! | `lock` | the process that runs the research; removed at the end of the run |

mod atomic_file;
mod description;
mod files;
mod gc;
mod guard;
mod lock;
mod lock_holder;
mod locked;
mod lost_end;
mod remove;
mod runner;
mod stored;
#[cfg(feature = "parquet")]
mod table_rows;
mod text;
mod verify;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use research_core::{Event, FsyncPolicy, LogLevel, ResearchRecord, Storage, StorageError};

use crate::log::{LogReader, LogWriter, TornTail};
use crate::names::check_name;
use files::{
    DESCRIPTION, EVENTS, EXPERIMENTS, RECORD, RUN_LOG, hidden_folder, record_json, sync_folder,
    write_new,
};
use guard::Guard;
pub use guard::{LogPlace, LogWatch};
use lock::Lock;
use text::TextLogs;

pub use atomic_file::Replacement;
pub use description::describe;
pub use gc::Leftovers;
pub use lock::Runner;
pub use locked::LockedResearch;
pub use lost_end::LostEnd;
pub use remove::remove;
pub use stored::{StoredResearch, list};
#[cfg(feature = "parquet")]
pub use table_rows::table_rows;
pub use verify::{FolderCheckup, LostRows, MissingEnd, check_folder, salvage_folder};

/// Keeps a research in a folder. While it exists, no other process can run that research.
#[derive(Debug)]
pub struct LocalStorage {
    record: ResearchRecord,
    folder: PathBuf,
    experiments: PathBuf,
    log: LogWriter,
    guard: Guard,
    text: TextLogs,
    /// The last field, so that the lock is released after all files are closed.
    lock: Lock,
}

impl LocalStorage {
    /// Creates the folder of a new research in the folder `base`, with the name of the research.
    ///
    /// The folder is filled under a hidden name and then renamed, so a crash never leaves an
    /// incomplete research.
    ///
    /// # Errors
    /// The name is invalid, the folder already exists, `base` is missing, or a file cannot be
    /// written.
    pub fn create(base: &Path, record: &ResearchRecord) -> Result<Self, StorageError> {
        check_name(&record.name)?;
        let base = std::path::absolute(base).map_err(StorageError::io("find", base))?;
        let folder = base.join(&record.name);
        let exists = || match folder.join(RECORD).exists() {
            true => StorageError::Exists {
                path: folder.clone(),
                name: record.name.clone(),
            },
            false => StorageError::Occupied {
                path: folder.clone(),
            },
        };
        if folder.symlink_metadata().is_ok() {
            return Err(exists());
        }
        let hidden = hidden_folder(&base)?;
        let lock = fill(hidden.path(), record)?;
        fs::rename(hidden.path(), &folder).map_err(|error| match error.kind() {
            // Another process has created it in the meantime.
            io::ErrorKind::AlreadyExists
            | io::ErrorKind::DirectoryNotEmpty
            | io::ErrorKind::NotADirectory => exists(),
            _ => StorageError::io("create", &folder)(error),
        })?;
        // The temporary name does not exist any more.
        let _ = hidden.keep();
        sync_folder(&base)?;
        let reader = stored::open_log(&folder)?;
        let lock = lock.moved(&folder);
        let (storage, _) = Self::with_lock(record.clone(), folder, lock, reader)?;
        Ok(storage)
    }

    /// Opens a research to continue it. Removes and returns a torn tail of the log, which a crash
    /// may leave, and removes files that a killed process was writing.
    ///
    /// # Errors
    /// The folder is not a research, another process runs it, or its log is damaged.
    pub fn open(folder: &Path) -> Result<(Self, Option<TornTail>), StorageError> {
        LockedResearch::take(folder)?.open()
    }

    fn with_lock(
        record: ResearchRecord,
        folder: PathBuf,
        mut lock: Lock,
        reader: LogReader,
    ) -> Result<(Self, Option<TornTail>), StorageError> {
        let path = folder.join(EVENTS);
        let (log, torn) = LogWriter::continue_from(reader, &path, FsyncPolicy::default())?;
        let guard = Guard::new(&folder, lock.take_log())?;
        guard.set_written(log.written());
        let experiments = folder.join(EXPERIMENTS);
        let text = TextLogs::open(&folder.join(RUN_LOG), &experiments)?;
        let storage = Self {
            record,
            folder,
            experiments,
            log,
            guard,
            text,
            lock,
        };
        Ok((storage, torn))
    }

    /// Sets when commits wait for the disk.
    #[must_use]
    pub fn with_fsync(mut self, policy: FsyncPolicy) -> Self {
        self.log.set_policy(policy);
        self
    }

    /// Sets the lowest level of messages in the text logs.
    #[must_use]
    pub fn with_loglevel(mut self, level: LogLevel) -> Self {
        self.text.set_level(level);
        self
    }

    /// Returns the record of the research.
    #[must_use]
    pub fn record(&self) -> &ResearchRecord {
        &self.record
    }

    /// Replaces the record of the research, for a run that continues it with different options.
    ///
    /// # Errors
    /// The record cannot be written; the old one stays in place.
    pub fn set_record(&mut self, record: ResearchRecord) -> Result<(), StorageError> {
        replace(&self.folder, RECORD, &record_json(&record, &self.folder)?)?;
        let description = description::describe(&record);
        replace(&self.folder, DESCRIPTION, description.as_bytes())?;
        self.record = record;
        Ok(())
    }

    /// Returns the number of events in the log whose kind only newer versions of the program know.
    #[must_use]
    pub fn unknown_events(&self) -> u64 {
        self.log.unknown_events()
    }

    /// Returns the folder of the research as an absolute path.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns a watch of the log, which continues after this storage was dropped.
    #[must_use]
    pub fn watch(&self) -> LogWatch {
        self.guard.watch(self.record.clone())
    }

    /// Returns the mark of the processes of this run. The lock file contains it until the run has
    /// ended, so that strays can be identified.
    #[must_use]
    pub fn mark(&self) -> String {
        self.lock.mark()
    }

    /// Returns the marks of earlier runs whose leaders were killed on this machine: their processes
    /// may still be running.
    #[must_use]
    pub fn left_behind(&self) -> &[String] {
        self.lock.left()
    }

    /// Records that no processes of earlier runs are left.
    ///
    /// # Errors
    /// The lock file cannot be written.
    pub fn nothing_left(&mut self) -> Result<(), StorageError> {
        let noted = self.lock.nothing_left();
        noted.map_err(StorageError::io("write the lock in", &self.folder))
    }
}

impl LocalStorage {
    fn try_to_commit(&mut self, durable: bool) -> Result<(), StorageError> {
        self.guard.set_written(self.log.written());
        let loss = match self.guard.look()? {
            // Without the folder, experiments may have failed for this reason alone: do not commit
            // their events, so that they run again.
            Some(loss) if loss.is_of_folder() => Some(loss),
            loss => {
                // Commit first, so that the saved copy of the log has these events, too.
                self.log.commit(durable)?;
                self.guard.set_written(self.log.written());
                match loss {
                    Some(loss) => Some(loss),
                    None => self.guard.look()?,
                }
            }
        };
        if let Some(loss) = loss {
            return Err(self.guard.save(&loss, &self.record));
        }
        self.text.write()
    }
}

impl Storage for LocalStorage {
    fn append(&mut self, events: &[Event]) -> Result<(), StorageError> {
        let appended = self.log.append(events);
        let appended = appended.and_then(|()| self.text.append(events));
        appended.inspect_err(|_| self.lock.stay())
    }

    fn commit(&mut self, durable: bool) -> Result<(), StorageError> {
        self.try_to_commit(durable)
            .inspect_err(|_| self.lock.stay())
    }

    fn experiments_folder(&self) -> Option<&Path> {
        Some(&self.experiments)
    }
}

/// Writes the files of a new research and locks it.
fn fill(folder: &Path, record: &ResearchRecord) -> Result<Lock, StorageError> {
    let lock = Lock::take(folder)?;
    // Files that only users read need no sync.
    write_new(
        &folder.join(DESCRIPTION),
        description::describe(record).as_bytes(),
    )?;
    write_new(&folder.join(RUN_LOG), b"")?;
    let path = folder.join(RECORD);
    write_new(&path, &record_json(record, folder)?)?
        .sync_all()
        .map_err(StorageError::io("write", &path))?;
    LogWriter::create(&folder.join(EVENTS), FsyncPolicy::Always)?.commit(true)?;
    sync_folder(folder)?;
    lock.with_log(folder)
}

/// Replaces a file atomically.
fn replace(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), StorageError> {
    let path = folder.join(name);
    let write = || {
        let mut new = Replacement::new(folder, name)?;
        new.file_mut().write_all(bytes)?;
        new.file_mut().sync_all()?;
        new.persist()
    };
    write().map_err(StorageError::io("write", &path))?;
    sync_folder(folder)
}
