//! Reads and copies the intact frames of a damaged log.

use std::path::Path;

use research_core::codec::{PayloadError, decode_payload};
use research_core::files::open_regular;
use research_core::{Event, EventLog, FsyncPolicy, StorageError};

use super::frame::{FILE_HEADER, FRAME_HEADER};
use super::reader::{LogReader, TornTail, count_unknown, too_new};
use super::scan::{Place, Scan};
use super::window::Window;
use super::writer::LogWriter;

/// A part of a log without an intact frame, followed by intact frames; or an invalid file header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedSpan {
    /// The offset of its first byte.
    pub offset: u64,
    /// Its length in bytes; 0 if complete frames were removed.
    pub bytes: u64,
    /// The displacement of the following frames in bytes: positive if bytes were inserted, negative
    /// if bytes were removed.
    pub displaced: i64,
}

/// The result of reading a log to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkup {
    /// The number of intact events.
    pub events: u64,
    /// The number of these events whose kind only newer versions of the program know.
    pub unknown_events: u64,
    /// The damaged parts, in order.
    pub damaged: Vec<DamagedSpan>,
    /// The offset of the end of the last intact frame, or of the file header if there is no such
    /// frame; 0 if the header is missing too.
    pub end: u64,
    /// The bytes after `end`, if there are any.
    pub torn: Option<TornTail>,
}

impl Checkup {
    /// Whether the log is undamaged. A torn tail may also be a write in progress.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.damaged.is_empty() && self.torn.is_none()
    }
}

/// Reads a log to its end, past any damage, and reports the damage.
///
/// # Errors
/// The file cannot be read or was written by a later version.
pub fn check_log(path: &Path) -> Result<Checkup, StorageError> {
    walk(path, |_, _| Ok(()))
}

/// Copies the intact frames of a log to a new log; the damaged log is left unchanged.
///
/// ```
/// use research_core::{Event, Outcome, Timestamp};
/// use research_storage::{FsyncPolicy, LogReader, LogWriter, salvage_log};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("events.log");
/// let mut writer = LogWriter::create(&path, FsyncPolicy::Never)?;
/// for _ in 0..3 {
///     writer.append(&[Event::RunEnded { at: Timestamp::now(), outcome: Outcome::Complete }])?;
///     writer.commit(false)?;
/// }
/// let mut bytes = std::fs::read(&path)?;
/// bytes[20] ^= 1;
/// std::fs::write(&path, bytes)?;
///
/// let salvaged = folder.path().join("salvaged.log");
/// let checkup = salvage_log(&path, &salvaged)?;
/// assert_eq!((checkup.events, checkup.damaged[0].offset), (2, 16));
/// assert_eq!(LogReader::open(&salvaged)?.count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The errors of [`check_log`]; or the new file exists or cannot be written.
pub fn salvage_log(path: &Path, into: &Path) -> Result<Checkup, StorageError> {
    let mut writer = LogWriter::create(into, FsyncPolicy::Always)?;
    let checkup = walk(path, |_, events| writer.append(&events))?;
    writer.commit(true)?;
    Ok(checkup)
}

/// Calls `visit` with the events of each intact frame, and with whether damage directly precedes
/// it.
pub(crate) fn walk(
    path: &Path,
    visit: impl FnMut(bool, Vec<Event>) -> Result<(), StorageError>,
) -> Result<Checkup, StorageError> {
    let file = open_regular(path).map_err(StorageError::io("open", path))?;
    // The frames begin at the same offset whatever the file header says, so a damaged header does
    // not stop the walk.
    let (begin, is_header_damaged) = match LogReader::open(path) {
        Ok(reader) => (reader.offset(), false),
        Err(StorageError::Damaged { .. }) => (0, true),
        Err(error) => return Err(error),
    };
    Walk {
        path,
        window: Window::new(file),
        scan: None,
        next: Place {
            position: begin,
            shift: 0,
        },
        is_header_damaged,
        checkup: Checkup {
            end: begin,
            ..Checkup::default()
        },
        visit,
    }
    .run()
}

/// The state of a walk through a log, past all damage.
struct Walk<'p, V> {
    path: &'p Path,
    window: Window,
    /// The scan of the part after the first damage.
    scan: Option<Scan>,
    next: Place,
    is_header_damaged: bool,
    checkup: Checkup,
    visit: V,
}

impl<V: FnMut(bool, Vec<Event>) -> Result<(), StorageError>> Walk<'_, V> {
    fn run(mut self) -> Result<Checkup, StorageError> {
        loop {
            if self.next.position >= FILE_HEADER as u64
                && let Some((end, events)) = self.frame_at(self.next)?
            {
                self.take(false, end, events)?;
                continue;
            }
            let Some((begin, end, events)) = self.past_damage()? else {
                return self.end();
            };
            self.checkup.damaged.push(DamagedSpan {
                offset: self.next.position,
                bytes: begin.position - self.next.position,
                displaced: begin.shift - self.next.shift,
            });
            self.take(true, end, events)?;
        }
    }

    fn take(
        &mut self,
        after_damage: bool,
        end: Place,
        events: Vec<Event>,
    ) -> Result<(), StorageError> {
        self.checkup.events += events.len() as u64;
        self.checkup.unknown_events += count_unknown(&events);
        self.next = end;
        self.checkup.end = end.position;
        (self.visit)(after_damage, events)
    }

    /// Returns the events of the frame at `place` and the place of the next frame; `None` if the
    /// frame is not intact.
    fn frame_at(&mut self, place: Place) -> Result<Option<(Place, Vec<Event>)>, StorageError> {
        let cannot_read = StorageError::io("read", self.path);
        let frame = self.window.frame_written_at(place.position, place.offset());
        let Some(payload) = frame.map_err(cannot_read)? else {
            return Ok(None);
        };
        let end = Place {
            position: place.position + (FRAME_HEADER + payload.len()) as u64,
            ..place
        };
        match decode_payload(payload) {
            Ok(events) => Ok(Some((end, events))),
            Err(PayloadError::Newer(format)) => Err(too_new(self.path, format.into())),
            Err(_) => Ok(None),
        }
    }

    /// Returns the first intact frame after the damage at `self.next`: its place, the place of the
    /// next frame, and its events.
    fn past_damage(&mut self) -> Result<Option<(Place, Place, Vec<Event>)>, StorageError> {
        let mut damage = self.next;
        loop {
            let found = self.scan_from(damage);
            let Some(place) = found.map_err(StorageError::io("read", self.path))? else {
                return Ok(None);
            };
            if let Some((end, events)) = self.frame_at(place)? {
                return Ok(Some((place, end, events)));
            }
            // The checksums match, but later events of the frame cannot be decoded: search on from
            // the next byte.
            damage = Place {
                position: place.position + 1,
                ..damage
            };
        }
    }

    fn scan_from(&mut self, damage: Place) -> std::io::Result<Option<Place>> {
        let mut scan = match self.scan.take() {
            Some(scan) => scan,
            None => Scan::behind(&mut self.window, damage)?,
        };
        let frame = scan.resume(&mut self.window, damage)?;
        self.scan = Some(scan);
        Ok(frame.map(|frame| frame.place))
    }

    /// Completes the checkup when no intact frame follows.
    fn end(mut self) -> Result<Checkup, StorageError> {
        let len = self
            .window
            .len()
            .map_err(StorageError::io("read", self.path))?;
        let offset = self.next.position;
        let bytes = len.saturating_sub(offset);
        if offset < FILE_HEADER as u64 && self.is_header_damaged {
            self.checkup.damaged.push(DamagedSpan {
                offset,
                bytes,
                displaced: 0,
            });
        } else if bytes > 0 {
            self.checkup.torn = Some(TornTail { offset, bytes });
        }
        Ok(self.checkup)
    }
}
