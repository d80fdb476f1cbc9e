//! A research in a folder.
//!
//! | file | what is in it |
//! |---|---|
//! | `research.json` | the record of the research |
//! | `research.txt` | the same as text |
//! | `events.log` | all events: the only source of results |
//! | `research.log` | runs, messages and exceptions, a line each |
//! | `experiments/<id>/experiment.log` | the same of one experiment, if it has any |
//! | `results.parquet`, `experiments.parquet` | tables as of the end of the last run |
//! | `lock` | the process that runs the research, during the run |

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
pub use gc::Leftovers;
pub use lock::Runner;
pub use locked::LockedResearch;
pub use lost_end::LostEnd;
pub use remove::remove;
pub use stored::{StoredResearch, list};
#[cfg(feature = "parquet")]
pub use table_rows::table_rows;
pub use text::time;
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
    /// Last, so that it is given back when all else is closed.
    lock: Lock,
}

impl LocalStorage {
    /// Makes the folder of a new research in the folder `base`, named as the research is.
    ///
    /// It is made under a hidden name and renamed when it is whole, so it is there with all that
    /// belongs to it, or not at all.
    ///
    /// # Errors
    /// The name cannot be that of a folder, there is one already, `base` is missing, or something
    /// cannot be written.
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
            // Another process has created it meanwhile.
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

    /// Opens a research to continue it. A torn end of the log, which a crash may leave, is cut off
    /// and reported; files that were being written then are removed.
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

    /// Changes when commits wait for the disk.
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

    /// What the research is.
    #[must_use]
    pub fn record(&self) -> &ResearchRecord {
        &self.record
    }

    /// Replaces the record of the research, for a run that continues it with other settings.
    ///
    /// # Errors
    /// It cannot be written; then the record is the old one.
    pub fn set_record(&mut self, record: ResearchRecord) -> Result<(), StorageError> {
        replace(&self.folder, RECORD, &record_json(&record, &self.folder)?)?;
        let description = description::describe(&record);
        replace(&self.folder, DESCRIPTION, description.as_bytes())?;
        self.record = record;
        Ok(())
    }

    /// How many events of the log are of kinds that only newer versions of the program know.
    #[must_use]
    pub fn unknown_events(&self) -> u64 {
        self.log.unknown_events()
    }

    /// The folder of the research; an absolute path.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Watches the log until the results are reported, beyond the life of this storage.
    #[must_use]
    pub fn watch(&self) -> LogWatch {
        self.guard.watch(self.record.clone())
    }

    /// What marks the processes of the run that keeps its events here. The lock says it until the
    /// run has ended, so that those that outlive it can be known.
    #[must_use]
    pub fn mark(&self) -> String {
        self.lock.mark()
    }

    /// The marks of earlier runs whose leaders were killed on this machine: processes of theirs
    /// may still be there.
    #[must_use]
    pub fn left_behind(&self) -> &[String] {
        self.lock.left()
    }

    /// Notes that no processes of earlier runs are there any more.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn nothing_left(&mut self) -> Result<(), StorageError> {
        let noted = self.lock.nothing_left();
        noted.map_err(StorageError::io("write the lock in", &self.folder))
    }
}

impl LocalStorage {
    fn try_to_commit(&mut self, durable: bool) -> Result<(), StorageError> {
        self.guard.set_written(self.log.written());
        let loss = match self.guard.look()? {
            // Experiments may have failed because the folder is gone: they are run again.
            Some(loss) if loss.is_of_folder() => Some(loss),
            loss => {
                // What can be saved of the log has these events, too.
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

/// Writes what a new research consists of.
fn fill(folder: &Path, record: &ResearchRecord) -> Result<Lock, StorageError> {
    let lock = Lock::take(folder)?;
    // Files for users need no sync.
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

/// Replaces a file by a new one that is whole.
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
