//! Writing the log.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use research_core::codec::{EncodeError, encode_event};
use research_core::files::open_regular_with;
use research_core::{Event, EventLog, FsyncPolicy, StorageError};

use super::file::LogFile;
use super::frame::{FILE_HEADER, FrameHeader, file_header};
use super::reader::{LogReader, TornTail};

/// The size in bytes at which a frame is closed: large enough that headers cost little, small
/// enough that a reader needs little memory.
const FRAME_TARGET: usize = 256 << 10;

/// The size in bytes at which closed frames are written even before a commit.
const BUFFER_TARGET: usize = 1 << 20;

/// Appends events to a log. A log must have only one writer at a time, which the lock of
/// [`LocalStorage`](crate::LocalStorage) ensures.
///
/// ```
/// use research_core::{Event, Outcome, Timestamp};
/// use research_storage::{FsyncPolicy, LogReader, LogWriter};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("events.log");
/// let event = Event::RunEnded { at: Timestamp::now(), outcome: Outcome::Complete };
///
/// let mut writer = LogWriter::create(&path, FsyncPolicy::Never)?;
/// writer.append(std::slice::from_ref(&event))?;
/// writer.commit(true)?;
///
/// let events = LogReader::open(&path)?.collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(events, [[event]]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LogWriter<F = File> {
    file: F,
    path: PathBuf,
    policy: FsyncPolicy,
    /// The encoded events of the open frame.
    payload: Vec<u8>,
    /// Closed frames that are not written yet; the first one will be at offset `written`.
    frames: Vec<u8>,
    written: u64,
    /// Whether bytes were written since the last sync.
    unsynced: bool,
    /// The number of events of unknown kinds that the log had when it was opened.
    unknown: u64,
    /// Whether a sync has failed: it is then unknown which bytes survive a crash of the machine.
    lost_sync: bool,
}

impl LogWriter {
    /// Creates a log; the file must not exist.
    ///
    /// # Errors
    /// The file exists or cannot be written.
    pub fn create(path: &Path, policy: FsyncPolicy) -> Result<Self, StorageError> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)
            .map_err(StorageError::io("create", path))?;
        LogWriter::begin(file, path, policy)
    }

    /// Opens a log to append to it. A torn tail is removed first and returned.
    ///
    /// # Errors
    /// The file cannot be read or written, is damaged, or was written by a later version.
    pub fn open(
        path: &Path,
        policy: FsyncPolicy,
    ) -> Result<(Self, Option<TornTail>), StorageError> {
        Self::continue_from(LogReader::open(path)?, path, policy)
    }

    /// Opens the log of a reader as [`open`](Self::open) does, without reading again what the
    /// reader has read.
    pub(crate) fn continue_from(
        mut reader: LogReader,
        path: &Path,
        policy: FsyncPolicy,
    ) -> Result<(Self, Option<TornTail>), StorageError> {
        while reader.next_batch()?.is_some() {}
        let (written, torn) = (reader.offset(), reader.torn());
        let mut file = open_regular_with(path, OpenOptions::new().write(true))
            .map_err(StorageError::io("open", path))?;
        if torn.is_some() {
            file.set_len(written)
                .and_then(|()| file.sync_all())
                .map_err(StorageError::io("cut the torn end of", path))?;
        }
        if written == 0 {
            return Ok((Self::begin(file, path, policy)?, torn));
        }
        if reader.is_older() {
            // The header is updated before any frame of the newer version is written: older
            // programs would report such a frame as damage.
            file.write_all_at(&file_header(), 0)
                .and_then(|()| file.sync_all())
                .map_err(StorageError::io("write", path))?;
        }
        let mut writer = Self::at(file, path, policy, written);
        writer.unknown = reader.unknown_events();
        Ok((writer, torn))
    }
}

impl<F: LogFile> LogWriter<F> {
    /// Begins a log in an empty file. Error messages show `path`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn begin(
        mut file: F,
        path: impl Into<PathBuf>,
        policy: FsyncPolicy,
    ) -> Result<Self, StorageError> {
        let path = path.into();
        file.write_all_at(&file_header(), 0)
            .map_err(StorageError::io("write", &path))?;
        let mut writer = Self::at(file, &path, policy, FILE_HEADER as u64);
        writer.unsynced = true;
        Ok(writer)
    }

    fn at(file: F, path: &Path, policy: FsyncPolicy, written: u64) -> Self {
        Self {
            file,
            path: path.to_owned(),
            policy,
            payload: Vec::new(),
            frames: Vec::new(),
            written,
            unsynced: false,
            unknown: 0,
            lost_sync: false,
        }
    }

    /// Appends events. They stay in memory until a commit, or until 1 MiB of them has gathered.
    ///
    /// # Errors
    /// An event cannot be encoded or is too large; the events before it are appended. Or the
    /// gathered events could not be written; the file then ends with the last frame of the previous
    /// write, and a later commit retries.
    pub fn append(&mut self, events: &[Event]) -> Result<(), StorageError> {
        for event in events {
            let start = self.payload.len();
            if let Err(error) = encode_event(event, &mut self.payload) {
                self.payload.truncate(start);
                return Err(match error {
                    EncodeError::TooLarge { bytes } => StorageError::TooLarge { len: bytes },
                    EncodeError::Refused(_) => error.into(),
                });
            }
            if self.payload.len() >= FRAME_TARGET {
                self.close_frame();
            }
        }
        if self.frames.len() >= BUFFER_TARGET {
            self.write()?;
        }
        Ok(())
    }

    /// Writes all appended events, and waits for the disk if the policy requires it.
    ///
    /// # Errors
    /// The system reports an error. After a failed write the file ends with the last frame of the
    /// previous write, and a later commit retries. After a failed sync all later commits fail,
    /// because the system discards the pages that it could not write.
    pub fn commit(&mut self, durable: bool) -> Result<(), StorageError> {
        self.close_frame();
        self.write()?;
        match self.policy {
            FsyncPolicy::Always => self.sync(),
            FsyncPolicy::Experiment if durable => self.sync(),
            FsyncPolicy::Experiment | FsyncPolicy::Never => Ok(()),
        }
    }

    /// Returns the number of bytes that were written to the file.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Returns the number of events in the log, when it was opened, whose kind only newer versions
    /// of the program know.
    #[must_use]
    pub fn unknown_events(&self) -> u64 {
        self.unknown
    }

    /// Sets when commits wait for the disk.
    pub fn set_policy(&mut self, policy: FsyncPolicy) {
        self.policy = policy;
    }

    fn close_frame(&mut self) {
        if self.payload.is_empty() {
            return;
        }
        let offset = self.written + self.frames.len() as u64;
        let header = FrameHeader::of(&self.payload).to_bytes(offset);
        self.frames.extend_from_slice(&header);
        self.frames.append(&mut self.payload);
    }

    /// Writes the closed frames.
    fn write(&mut self) -> Result<(), StorageError> {
        if self.frames.is_empty() {
            return Ok(());
        }
        self.unsynced = true;
        if let Err(error) = self.file.write_all_at(&self.frames, self.written) {
            // If truncating fails too, the file ends in a torn frame, which readers recognize.
            self.file.set_len(self.written).ok();
            return Err(StorageError::io("write", &self.path)(error));
        }
        self.written += self.frames.len() as u64;
        self.frames.clear();
        // Free the memory that a large event used.
        self.frames.shrink_to(2 * BUFFER_TARGET);
        self.payload.shrink_to(2 * FRAME_TARGET);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        let synced = if self.lost_sync {
            Err(io::Error::other("an earlier attempt failed"))
        } else if self.unsynced {
            self.file.sync()
        } else {
            return Ok(());
        };
        self.lost_sync = synced.is_err();
        self.unsynced = self.lost_sync;
        synced.map_err(StorageError::io("bring to the disk", &self.path))
    }
}
