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

/// A frame is closed when its payload reaches this many bytes: large enough that headers cost
/// nothing, small enough that a reader need not hold much.
const FRAME_TARGET: usize = 256 << 10;

/// Closed frames are written when they reach this many bytes, even before a commit.
const BUFFER_TARGET: usize = 1 << 20;

/// Appends events to a log. There is one at a time: [`LocalStorage`](crate::LocalStorage) holds a
/// lock.
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
    /// The events of the frame that is being filled, one after another.
    payload: Vec<u8>,
    /// Closed frames that are not written yet; they belong at `written`.
    frames: Vec<u8>,
    written: u64,
    /// Whether something was written since the last sync.
    unsynced: bool,
    /// How many events of unknown kinds the log had when it was opened.
    unknown: u64,
    /// A sync failed: what of the file outlives the machine is not known any more.
    lost_sync: bool,
}

impl LogWriter {
    /// Begins a new log; the file must not exist.
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

    /// Opens a log to append to it. A torn tail is cut off first and reported.
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
            // Before any frame of the newer version, which older programs would take for damage.
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
    /// Begins a log in an empty file; the path is for messages.
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

    /// Appends events. They are kept in memory until a commit or until there are many of them.
    ///
    /// # Errors
    /// An event cannot be encoded or is too large: those before it are appended. Or many were
    /// gathered and could not be written: then the file ends with the last whole frame that was
    /// written before, and a later commit retries.
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

    /// Writes all that was appended, and waits for the disk if the policy says so.
    ///
    /// # Errors
    /// The system refused. After a failed write the file ends with the last whole frame that was
    /// written before, and a later commit retries; after a failed wait for the disk none
    /// succeeds any more, because the system forgets what it could not write.
    pub fn commit(&mut self, durable: bool) -> Result<(), StorageError> {
        self.close_frame();
        self.write()?;
        match self.policy {
            FsyncPolicy::Always => self.sync(),
            FsyncPolicy::Experiment if durable => self.sync(),
            FsyncPolicy::Experiment | FsyncPolicy::Never => Ok(()),
        }
    }

    /// How many bytes of the file were written.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// How many events the log had, when it was opened, of kinds that only newer versions of the
    /// program know.
    #[must_use]
    pub fn unknown_events(&self) -> u64 {
        self.unknown
    }

    /// Changes when commits wait for the disk.
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
            // Where this fails too, what was written ends in a torn frame, which readers know.
            self.file.set_len(self.written).ok();
            return Err(StorageError::io("write", &self.path)(error));
        }
        self.written += self.frames.len() as u64;
        self.frames.clear();
        // Frees the memory of a large event.
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
