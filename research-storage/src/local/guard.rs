//! Whether the log that is being written is still the one in the research's folder. Others may
//! delete, replace, cut or move it at any moment; a run that continues to write then would
//! silently lose its results.

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

/// How the name ends of a folder with what was saved of a research whose folder was removed.
const RECOVERED: &str = "recovered";

/// The log that is being written, as it was when it was opened. Its clones guard the same log.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    place: LogPlace,
    /// The log, to look at it and to read it whatever has become of its name. It is locked.
    log: Arc<File>,
    folder: FileId,
    /// How many bytes of it were written.
    written: Arc<AtomicU64>,
}

/// The path of the log of a run, and the file that was there when the run began.
#[derive(Clone, Debug)]
pub struct LogPlace {
    path: PathBuf,
    id: FileId,
}

impl LogPlace {
    /// The path of the log.
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

/// Watches the log of a run until its results are reported, which is after its
/// [`LocalStorage`](super::LocalStorage) was dropped. The log stays locked meanwhile.
#[derive(Debug)]
pub struct LogWatch {
    guard: Guard,
    record: ResearchRecord,
}

impl LogWatch {
    /// The path of the log, and the file that was there.
    #[must_use]
    pub fn place(&self) -> &LogPlace {
        &self.guard.place
    }

    /// Checks that the log is where readers look for it, with all that was written, and closes it.
    /// Call it last before the results are reported.
    ///
    /// # Errors
    /// The log was deleted, replaced, cut or moved. What could be saved of it was saved.
    pub fn finish(self) -> Result<(), StorageError> {
        if let Some(loss) = self.guard.look()? {
            return Err(self.guard.save(&loss, &self.record));
        }
        let Guard {
            place,
            log,
            written,
            ..
        } = self.guard;
        drop(log);
        // Once it is closed nothing can be saved. With this order, every change of the log while it
        // was open here is noticed.
        let length = fs::metadata(&place.path).map(|found| found.len());
        let is_whole = length.is_ok_and(|length| length >= written.load(Ordering::Relaxed));
        if place.is_intact() && is_whole {
            return Ok(());
        }
        Err(StorageError::LogLost {
            path: place.path,
            what: "was deleted, replaced or changed".to_owned(),
            saved: "it could not be saved, because that happened when the run had ended".to_owned(),
            is_empty: false,
        })
    }
}

/// What has become of a log.
pub(super) enum Loss {
    /// Its folder has another path now.
    FolderMoved(PathBuf),
    FolderRemoved,
    Deleted,
    Replaced,
    /// It has so many bytes instead of others.
    Cut {
        expected: u64,
        found: u64,
    },
    Overwritten,
}

impl Guard {
    /// Guards the log of a folder, which may be open already because it is locked.
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

    /// Watches the log beyond the life of its storage.
    pub(super) fn watch(&self, record: ResearchRecord) -> LogWatch {
        LogWatch {
            guard: self.clone(),
            record,
        }
    }

    /// Notes how many bytes of the log were written.
    pub(super) fn set_written(&self, bytes: u64) {
        self.written.store(bytes, Ordering::Relaxed);
    }

    /// What has become of the log, if it is not where it was with as many bytes as were written.
    ///
    /// # Errors
    /// It cannot be looked at.
    pub(super) fn look(&self) -> Result<Option<Loss>, StorageError> {
        let loss = self.loss(self.written.load(Ordering::Relaxed));
        loss.map_err(StorageError::io("look at", &self.place.path))
    }

    /// Saves what can be saved; the error says what was lost and where the rest is.
    pub(super) fn save(&self, loss: &Loss, record: &ResearchRecord) -> StorageError {
        StorageError::LogLost {
            path: self.place.path.clone(),
            what: loss.to_string(),
            saved: self.try_to_save(loss, record),
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

    /// Why the log is not at its path any more.
    fn what_became_of_it(&self, links: u64) -> Loss {
        let folder = self.place.path.parent().unwrap_or(Path::new("/"));
        let is_folder_there = FileId::at_end_of_links(folder) == Some(self.folder);
        match (is_folder_there, links) {
            (false, 0) => Loss::FolderRemoved,
            (false, _) => {
                // The system says where an open file is.
                let descriptor = format!("/proc/self/fd/{}", self.log.as_raw_fd());
                let now = fs::read_link(descriptor).unwrap_or_default();
                Loss::FolderMoved(now.parent().map(Path::to_owned).unwrap_or_default())
            }
            (true, _) if self.place.path.symlink_metadata().is_ok() => Loss::Replaced,
            (true, _) => Loss::Deleted,
        }
    }

    /// Saves what can be saved, and says what that is.
    fn try_to_save(&self, loss: &Loss, record: &ResearchRecord) -> String {
        let folder = self.place.path.parent().unwrap_or(Path::new("/"));
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

    /// Whether the log has anything that is worth a folder.
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

    /// Makes a folder beside the one that was removed, under an unused name.
    fn recover_folder(&self, folder: &Path, record: &ResearchRecord) -> io::Result<PathBuf> {
        let base = folder.parent().unwrap_or(Path::new("/"));
        let hidden = hidden_folder(base).map_err(io::Error::other)?;
        self.copy_to(&hidden.path().join(EVENTS))?;
        let json = record_json(record, folder).map_err(io::Error::other)?;
        write_new(&hidden.path().join(RECORD), &json).map_err(io::Error::other)?;
        let text = description::describe(record);
        write_new(&hidden.path().join(DESCRIPTION), text.as_bytes()).map_err(io::Error::other)?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let recovered = unused(|number| base.join(format!("{name}-{RECOVERED}{number}")));
        fs::rename(hidden.path(), &recovered)?;
        // The temporary name does not exist any more.
        let _ = hidden.keep();
        Ok(recovered)
    }
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

/// A path at which there is nothing, of those with a number at their end.
fn unused(path: impl Fn(&str) -> PathBuf) -> PathBuf {
    let numbers = std::iter::once(String::new()).chain((2_u64..).map(|n| format!("-{n}")));
    let mut paths = numbers.map(|number| path(&number));
    paths
        .find(|path| path.symlink_metadata().is_err())
        .unwrap_or_else(|| path(""))
}
