//! Reading the log.

use std::path::{Path, PathBuf};

use research_core::codec::{PayloadError, decode_payload};
use research_core::files::open_regular;
use research_core::{Event, EventLog, StorageError};

use super::FormatVersion;
use super::frame::{self, FILE_HEADER, FRAME_HEADER};
use super::scan::{Place, Scan};
use super::window::Window;

/// The bytes at the end of a log that are not an intact frame: a write that was interrupted or is
/// in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TornTail {
    /// The offset of its first byte: the length of the log without it.
    pub offset: u64,
    /// Its length in bytes.
    pub bytes: u64,
}

impl TornTail {
    /// Returns the warning that these bytes were removed from the log.
    #[must_use]
    pub fn cut_off(&self) -> String {
        format!(
            "the last {} bytes of the event log, from byte {}, were not a complete frame and were \
             cut off: an earlier run was killed while it wrote them, or the file was damaged",
            self.bytes, self.offset
        )
    }
}

/// Reads a log frame by frame; also while another process appends to it.
///
/// At the end of the log the iterator yields `None`; a later call yields the events that were
/// appended since then. After an error the iterator always yields `None`.
#[derive(Debug)]
pub struct LogReader {
    path: PathBuf,
    window: Window,
    /// The offset of the next frame; 0 before the file header was read.
    offset: u64,
    torn: Option<TornTail>,
    /// The version in the file header.
    version: FormatVersion,
    unknown: u64,
    failed: bool,
}

/// The content of the file at an offset.
enum Found {
    /// The events of an intact frame, and the offset of the next frame.
    Frame(Vec<Event>, u64),
    /// No intact frame. The number is that of the bytes from the offset to the end of the file.
    Nothing(u64),
}

impl LogReader {
    /// Opens a log and reads its header.
    ///
    /// # Errors
    /// The file cannot be read, is not a log, or was written by a later version.
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        let file = open_regular(path).map_err(StorageError::io("open", path))?;
        let mut reader = Self {
            path: path.to_owned(),
            window: Window::new(file),
            offset: 0,
            torn: None,
            version: FormatVersion::CURRENT,
            unknown: 0,
            failed: false,
        };
        reader.read_file_header()?;
        Ok(reader)
    }

    /// Returns the bytes after the last intact frame, if the reader has reached the end and there
    /// are any.
    #[must_use]
    pub fn torn(&self) -> Option<TornTail> {
        self.torn
    }

    /// Returns the number of events read so far whose kind only newer versions of the program know:
    /// each is an [`Event::Unknown`].
    #[must_use]
    pub fn unknown_events(&self) -> u64 {
        self.unknown
    }

    /// Whether the version in the file header is older than the current one.
    pub(super) fn is_older(&self) -> bool {
        self.version < FormatVersion::CURRENT
    }

    /// Reads the file header; returns false if the file is shorter than the header.
    fn read_file_header(&mut self) -> Result<bool, StorageError> {
        let bytes = self
            .window
            .bytes(0, FILE_HEADER)
            .map_err(StorageError::io("read", &self.path))?;
        let Some(header) = bytes.first_chunk() else {
            if !frame::begins_file_header(bytes) {
                return Err(self.damaged(0, "it is not an event log"));
            }
            let bytes = bytes.len() as u64;
            self.torn = (bytes > 0).then_some(TornTail { offset: 0, bytes });
            self.window.forget();
            return Ok(false);
        };
        match frame::parse_file_header(header) {
            None => Err(self.damaged(0, "it does not begin like an event log")),
            Some(found) if found > FormatVersion::CURRENT => Err(too_new(&self.path, found.0)),
            Some(found) => {
                self.version = found;
                self.offset = FILE_HEADER as u64;
                self.torn = None;
                Ok(true)
            }
        }
    }

    fn look_at(&mut self, offset: u64) -> Result<Found, StorageError> {
        let cannot_read = StorageError::io("read", &self.path);
        let events = match self.window.frame(offset) {
            Err(error) => return Err(cannot_read(error)),
            Ok(None) => {
                let rest = self.window.len().map_err(cannot_read)?;
                return Ok(Found::Nothing(rest.saturating_sub(offset)));
            }
            Ok(Some(payload)) => {
                let end = offset + (FRAME_HEADER + payload.len()) as u64;
                decode_payload(payload).map(|events| Found::Frame(events, end))
            }
        };
        events.map_err(|error| match error {
            PayloadError::Newer(format) => too_new(&self.path, format.into()),
            _ => self.damaged(offset, &format!("a frame cannot be decoded: {error}")),
        })
    }

    /// Whether an intact frame follows, at its own offset or displaced by inserted or removed
    /// bytes.
    fn is_followed_by_a_frame(&mut self) -> Result<bool, StorageError> {
        let damage = Place {
            position: self.offset,
            shift: 0,
        };
        Scan::is_followed(&mut self.window, damage).map_err(StorageError::io("read", &self.path))
    }

    fn damaged(&self, offset: u64, what: &str) -> StorageError {
        StorageError::Damaged {
            path: self.path.clone(),
            offset,
            reason: what.to_owned(),
        }
    }
}

impl EventLog for LogReader {
    fn offset(&self) -> u64 {
        self.offset
    }

    fn seek(&mut self, offset: u64) {
        self.offset = offset;
    }

    fn next_batch(&mut self) -> Result<Option<Vec<Event>>, StorageError> {
        if self.offset == 0 && !self.read_file_header()? {
            return Ok(None);
        }
        let mut found = self.look_at(self.offset)?;
        if matches!(found, Found::Nothing(_)) && self.is_followed_by_a_frame()? {
            // Frames are written in order: if this frame was being written when it was read, it is
            // complete now, because a later frame is.
            self.window.forget();
            found = self.look_at(self.offset)?;
            if matches!(found, Found::Nothing(_)) {
                return Err(self.damaged(
                    self.offset,
                    "a frame is damaged, and intact frames follow it",
                ));
            }
        }
        match found {
            Found::Frame(events, end) => {
                self.offset = end;
                self.torn = None;
                self.unknown += count_unknown(&events);
                Ok(Some(events))
            }
            Found::Nothing(bytes) => {
                // The writer may have changed these bytes by the next call, so do not keep them.
                self.window.forget();
                self.torn = (bytes > 0).then_some(TornTail {
                    offset: self.offset,
                    bytes,
                });
                Ok(None)
            }
        }
    }
}

/// Returns the error for a log whose format is newer than this program.
pub(super) fn too_new(path: &Path, found: u32) -> StorageError {
    StorageError::TooNew {
        path: path.to_owned(),
        found,
        known: FormatVersion::CURRENT.0,
    }
}

/// Returns the number of events of unknown kinds.
pub(super) fn count_unknown(events: &[Event]) -> u64 {
    let is_unknown = |event: &&Event| matches!(event, Event::Unknown(_));
    events.iter().filter(is_unknown).count() as u64
}

impl Iterator for LogReader {
    type Item = Result<Vec<Event>, StorageError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.next_batch().transpose();
        self.failed = matches!(next, Some(Err(_)));
        next
    }
}
