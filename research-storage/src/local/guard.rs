//! Checks that the log that is being written is still the one in the folder of the research. Other
//! processes may delete, replace, truncate or move it at any moment; a run that continued to write
//! would silently lose its results.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use research_core::files::open_regular;
use research_core::{Event, ResearchRecord, StorageError};

use super::description;
use super::files::{DESCRIPTION, EVENTS, RECORD, hidden_folder, record_json, write_new};
use super::lock_holder::FileId;
use crate::log::{LogReader, file_header};

/// The suffix of the name of a folder that was recovered from a research whose folder was removed.
const RECOVERED: &str = "recovered";

/// The log that is being written, as it was when it was opened. Clones guard the same log.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    place: LogPlace,
    /// The open and locked log, which can be read even if its path was changed.
    log: Arc<File>,
    folder: FileId,
    /// The number of bytes that were written to the log.
    written: Arc<AtomicU64>,
}

/// The path of the log of a run, and the identity of the file that was there when the run began.
#[derive(Clone, Debug)]
pub struct LogPlace {
    path: PathBuf,
    id: FileId,
}

impl LogPlace {
    /// Returns the path of the log.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the path still leads to the log of the run.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        FileId::at_end_of_links(&self.path) == Some(self.id)
    }
}

/// Watches the log of a run until its results are reported, which happens after its
/// [`LocalStorage`](super::LocalStorage) was dropped. The log stays locked until then.
#[derive(Debug)]
pub struct LogWatch {
    guard: Guard,
    record: ResearchRecord,
}

impl LogWatch {
    /// Returns the path of the log and the identity of its file.
    #[must_use]
    pub fn place(&self) -> &LogPlace {
        &self.guard.place
    }

    /// Checks that the log is at its path with all written bytes. Writes a deleted record again,
    /// without which the log cannot be read. Call this before the tables are written.
    ///
    /// # Errors
    /// The log was deleted, replaced, truncated or moved; the error says what was saved. Or a
    /// deleted record cannot be written.
    pub fn check(&self) -> Result<(), StorageError> {
        match self.guard.look()? {
            Some(loss) => Err(self.guard.save(&loss, &self.record)),
            None => put_back_record(self.guard.folder_path(), &self.record),
        }
    }

    /// Does the same as [`check`](Self::check), and closes the log. Call this as the last step
    /// before the results are reported.
    ///
    /// # Errors
    /// As for [`check`](Self::check).
    pub fn finish(self) -> Result<(), StorageError> {
        self.check()?;
        let Guard {
            place,
            log,
            written,
            ..
        } = self.guard;
        drop(log);
        // Once the log is closed it cannot be saved. Checking after closing detects every change
        // that was made while it was open.
        let length = fs::metadata(&place.path).map(|found| found.len());
        let is_whole = length.is_ok_and(|length| length >= written.load(Ordering::Relaxed));
        if place.is_intact() && is_whole {
            return Ok(());
        }
        Err(StorageError::LogLost {
            path: place.path,
            what: "was deleted, replaced or changed".to_owned(),
            saved: "it could not be saved, because it happened after the run had ended".to_owned(),
            is_empty: false,
        })
    }
}

/// The way in which a log was lost.
pub(super) enum Loss {
    /// The folder of the log was moved to this path.
    FolderMoved(PathBuf),
    FolderRemoved,
    Deleted,
    Replaced,
    /// The length of the log was changed.
    Cut {
        expected: u64,
        found: u64,
    },
    Overwritten,
}

impl Guard {
    /// Guards the log of a folder. `locked` is the open log if this process has locked it.
    pub(super) fn new(folder: &Path, locked: Option<File>) -> Result<Self, StorageError> {
        let path = folder.join(EVENTS);
        let cannot_open = |error| StorageError::io("open", &path)(error);
        let log = match locked {
            Some(log) => log,
            None => open_regular(&path).map_err(cannot_open)?,
        };
        let id = FileId::of(&log.metadata().map_err(cannot_open)?);
        let folder = FileId::of(&fs::metadata(folder).map_err(cannot_open)?);
        Ok(Self {
            place: LogPlace { path, id },
            log: Arc::new(log),
            folder,
            written: Arc::default(),
        })
    }

    /// Returns a watch of the log, which continues after its storage was dropped.
    pub(super) fn watch(&self, record: ResearchRecord) -> LogWatch {
        LogWatch {
            guard: self.clone(),
            record,
        }
    }

    /// Records the number of bytes that were written to the log.
    pub(super) fn set_written(&self, bytes: u64) {
        self.written.store(bytes, Ordering::Relaxed);
    }

    /// Returns how the log was lost, if it is not at its path with the written number of bytes.
    ///
    /// # Errors
    /// The log cannot be checked.
    pub(super) fn look(&self) -> Result<Option<Loss>, StorageError> {
        let loss = self.loss(self.written.load(Ordering::Relaxed));
        loss.map_err(StorageError::io("look at", &self.place.path))
    }

    /// Saves what can be saved of a lost log, and returns the error, which says what was lost and
    /// where the rest is.
    pub(super) fn save(&self, loss: &Loss, record: &ResearchRecord) -> StorageError {
        let mut saved = self.try_to_save(loss, record);
        if !loss.is_of_folder()
            && let Err(error) = put_back_record(self.folder_path(), record)
        {
            saved.push_str(&format!("; the record is lost: {error}"));
        }
        StorageError::LogLost {
            path: self.place.path.clone(),
            what: loss.to_string(),
            saved,
            is_empty: !self.has_experiments(),
        }
    }

    fn loss(&self, written: u64) -> io::Result<Option<Loss>> {
        let held = self.log.metadata()?;
        if !self.place.is_intact() {
            return Ok(Some(self.what_became_of_it(held.nlink())));
        }
        let found = held.len();
        if found != written {
            return Ok(Some(Loss::Cut {
                expected: written,
                found,
            }));
        }
        let expected = file_header();
        let mut begin = expected;
        self.log.read_exact_at(&mut begin, 0)?;
        Ok((begin != expected).then_some(Loss::Overwritten))
    }

    fn folder_path(&self) -> &Path {
        self.place.path.parent().unwrap_or(Path::new("/"))
    }

    /// Returns the reason that the log is not at its path any more.
    fn what_became_of_it(&self, links: u64) -> Loss {
        let is_folder_there = FileId::at_end_of_links(self.folder_path()) == Some(self.folder);
        match (is_folder_there, links) {
            (false, 0) => Loss::FolderRemoved,
            (false, _) => {
                // `/proc` shows the current path of an open file.
                let descriptor = format!("/proc/self/fd/{}", self.log.as_raw_fd());
                let now = fs::read_link(descriptor).unwrap_or_default();
                Loss::FolderMoved(now.parent().map(Path::to_owned).unwrap_or_default())
            }
            (true, _) if self.place.path.symlink_metadata().is_ok() => Loss::Replaced,
            (true, _) => Loss::Deleted,
        }
    }

    /// Saves what can be saved, and returns the description of it for the error message.
    fn try_to_save(&self, loss: &Loss, record: &ResearchRecord) -> String {
        let folder = self.folder_path();
        let saved = match loss {
            Loss::FolderMoved(now) => {
                return format!(
                    "all that was written is in {}, where it can be resumed",
                    now.display()
                );
            }
            Loss::Cut { .. } | Loss::Overwritten => {
                return "the log is lost from there on; the rest can be repaired".to_owned();
            }
            Loss::Deleted => self.copy_to(&self.place.path).map(|()| {
                "all that was written was put back in its place, and can be resumed".to_owned()
            }),
            Loss::Replaced => {
                let copy = unused(|number| folder.join(format!("events.{RECOVERED}{number}.log")));
                self.copy_to(&copy)
                    .map(|()| format!("all that was written is in {}", copy.display()))
            }
            Loss::FolderRemoved if !self.has_experiments() => {
                return "no experiment had begun".to_owned();
            }
            Loss::FolderRemoved => self.recover_folder(folder, record).map(|recovered| {
                format!(
                    "all that was written was saved in {}, where it can be resumed; \
                     files of large values and of experiments are gone",
                    recovered.display()
                )
            }),
        };
        saved.unwrap_or_else(|error| format!("it could not be saved: {error}"))
    }

    /// Whether an experiment has started: a log without one is not worth recovering.
    fn has_experiments(&self) -> bool {
        let descriptor = format!("/proc/self/fd/{}", self.log.as_raw_fd());
        let is_start = |event: &Event| matches!(event, Event::ExperimentStarted { .. });
        LogReader::open(Path::new(&descriptor)).is_ok_and(|mut events| {
            events.any(|events| events.is_ok_and(|events| events.iter().any(is_start)))
        })
    }

    /// Writes a copy of the log to a file that must not exist.
    fn copy_to(&self, path: &Path) -> io::Result<()> {
        let copy = OpenOptions::new().write(true).create_new(true).open(path)?;
        let mut log = &*self.log;
        log.seek(SeekFrom::Start(0))?;
        let mut copy = BufWriter::new(copy);
        io::copy(&mut log, &mut copy)?;
        copy.flush()?;
        copy.get_ref().sync_all()
    }

    /// Creates a folder with the log beside the folder that was removed, under an unused name.
    fn recover_folder(&self, folder: &Path, record: &ResearchRecord) -> io::Result<PathBuf> {
        let base = folder.parent().unwrap_or(Path::new("/"));
        let hidden = hidden_folder(base).map_err(io::Error::other)?;
        self.copy_to(&hidden.path().join(EVENTS))?;
        put_back_record(hidden.path(), record).map_err(io::Error::other)?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let recovered = unused(|number| base.join(format!("{name}-{RECOVERED}{number}")));
        fs::rename(hidden.path(), &recovered)?;
        // The temporary name does not exist any more.
        let _ = hidden.keep();
        Ok(recovered)
    }
}

/// Writes the record and the description of a research if they are missing, because a research
/// without its record can be neither read nor resumed.
fn put_back_record(folder: &Path, record: &ResearchRecord) -> Result<(), StorageError> {
    let is_missing = |name| folder.join(name).symlink_metadata().is_err();
    if is_missing(RECORD) {
        write_new(&folder.join(RECORD), &record_json(record, folder)?)?;
    }
    if is_missing(DESCRIPTION) {
        let text = description::describe(record);
        write_new(&folder.join(DESCRIPTION), text.as_bytes())?;
    }
    Ok(())
}

impl Loss {
    /// Whether the whole folder is gone.
    pub(super) fn is_of_folder(&self) -> bool {
        matches!(self, Self::FolderMoved(_) | Self::FolderRemoved)
    }
}

impl std::fmt::Display for Loss {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::FolderMoved(now) => {
                write!(formatter, "was moved with its folder to {}", now.display())
            }
            Self::FolderRemoved => formatter.write_str("was removed with its folder"),
            Self::Deleted => formatter.write_str("was deleted"),
            Self::Replaced => formatter.write_str("was replaced by another file"),
            Self::Cut { expected, found } => {
                write!(formatter, "was changed from {expected} to {found} bytes")
            }
            Self::Overwritten => formatter.write_str("was overwritten"),
        }
    }
}

/// Returns the first unused path of those that `path` makes for the suffixes "", "-2", "-3" and so
/// on.
fn unused(path: impl Fn(&str) -> PathBuf) -> PathBuf {
    let numbers = std::iter::once(String::new()).chain((2_u64..).map(|n| format!("-{n}")));
    let mut paths = numbers.map(|number| path(&number));
    paths
        .find(|path| path.symlink_metadata().is_err())
        .unwrap_or_else(|| path(""))
}
