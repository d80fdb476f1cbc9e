//! What is whole in a damaged log.

use std::fs::File;
use std::path::Path;

use research_core::{Event, FsyncPolicy, StorageError};

use super::frame::{FILE_HEADER, FRAME_HEADER};
use super::reader::{LogReader, TornTail, decode};
use super::window::Window;
use super::writer::LogWriter;

/// A part of a log that holds no whole frame, with whole ones after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedSpan {
    /// Where it begins.
    pub offset: u64,
    /// How long it is.
    pub bytes: u64,
}

/// What a log was found to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkup {
    /// How many events are whole.
    pub events: u64,
    /// Where there is damage.
    pub damaged: Vec<DamagedSpan>,
    /// What comes after the last whole frame.
    pub torn: Option<TornTail>,
}

impl Checkup {
    /// Whether nothing is wrong. A torn tail may also be a write that is under way.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.damaged.is_empty() && self.torn.is_none()
    }
}

/// Reads a log to its end, past any damage, and says what is wrong with it.
///
/// # Errors
/// The file cannot be read or was written by a later version.
pub fn check_log(path: &Path) -> Result<Checkup, StorageError> {
    walk(path, |_, _| Ok(()))
}

/// Writes all that is whole in a log to a new one; the damaged one is left as it is.
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
/// As [`check_log`]; or the new file exists or cannot be written.
pub fn salvage_log(path: &Path, into: &Path) -> Result<Checkup, StorageError> {
    let mut writer = LogWriter::create(into, FsyncPolicy::Always)?;
    let checkup = walk(path, |_, events| writer.append(&events))?;
    writer.commit(true)?;
    Ok(checkup)
}

/// Visits the events of every whole frame, with whether there is damage right before it.
pub(crate) fn walk(
    path: &Path,
    mut visit: impl FnMut(bool, Vec<Event>) -> Result<(), StorageError>,
) -> Result<Checkup, StorageError> {
    let cannot_read = |error| StorageError::io("read", path)(error);
    let mut window = Window::new(File::open(path).map_err(StorageError::io("open", path))?);
    let mut checkup = Checkup::default();
    // Where the frames begin does not depend on what the file's header says.
    let mut next = match LogReader::open(path) {
        Ok(reader) => reader.offset(),
        Err(StorageError::Damaged { .. }) => 0,
        Err(error) => return Err(error),
    };
    loop {
        let from = next.max(FILE_HEADER as u64);
        let Some(found) = find_events(&mut window, from).map_err(cannot_read)? else {
            let bytes = window.len().map_err(cannot_read)?.saturating_sub(next);
            checkup.torn = (bytes > 0).then_some(TornTail {
                offset: next,
                bytes,
            });
            return Ok(checkup);
        };
        let after_damage = found.begin > next;
        if after_damage {
            checkup.damaged.push(DamagedSpan {
                offset: next,
                bytes: found.begin - next,
            });
        }
        checkup.events += found.events.len() as u64;
        visit(after_damage, found.events)?;
        next = found.end;
    }
}

/// A whole frame.
struct Found {
    begin: u64,
    end: u64,
    events: Vec<Event>,
}

/// The first whole frame with events in it, at or after an offset.
fn find_events(window: &mut Window, mut from: u64) -> std::io::Result<Option<Found>> {
    while let Some(begin) = window.find_frame(from)? {
        if let Some(payload) = window.frame(begin)? {
            let end = begin + (FRAME_HEADER + payload.len()) as u64;
            if let Ok(events) = decode(payload) {
                return Ok(Some(Found { begin, end, events }));
            }
        }
        from = begin + 1;
    }
    Ok(None)
}
