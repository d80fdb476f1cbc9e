//! Searches for intact frames after damage, at their own offsets and at others: inserted or removed
//! bytes displace all that follows.
//!
//! The checksum of a frame header covers the offset of the frame, and a CRC can be inverted. So a
//! header tells the offset at which its frame was written, even if it is at another position now.

use std::collections::HashMap;
use std::io;

use research_core::codec::begins_with_event;

use super::frame::{FILE_HEADER, FRAME_HEADER, FrameHeader, PAYLOAD_LIMIT};
use super::prefix::Prefixes;
use super::window::Window;

/// The largest number of removed bytes that the search considers.
const MOST_REMOVED: u64 = 1 << 28;

/// The largest displacement in bytes at which a single frame is accepted. A larger one may be
/// computed from a damaged header, so the next frame must be displaced as much.
const LIKELY: u64 = 1 << 20;

/// The number of inserted bytes that the search considers even at the beginning of a log.
const ALWAYS_INSERTED: u64 = 32;

/// A position in the file, and the displacement of the frames there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The position in the file.
    pub(super) position: u64,
    /// The distance in bytes from the offset at which a frame was written to its position now.
    pub(super) shift: i64,
}

impl Place {
    /// Returns the offset at which a frame at this place was written.
    pub(super) fn offset(self) -> u64 {
        self.position
            .saturating_add_signed(self.shift.wrapping_neg())
    }
}

/// An intact frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) place: Place,
    pub(super) header: FrameHeader,
}

impl Frame {
    /// Returns the place of the next frame.
    pub(super) fn end(&self) -> Place {
        let len = (FRAME_HEADER + self.header.len) as u64;
        Place {
            position: self.place.position + len,
            shift: self.place.shift,
        }
    }
}

/// The frames found after the first damage of a log, in one pass.
#[derive(Debug)]
pub(super) struct Scan {
    /// The end of the file when the scan began.
    end: u64,
    /// The position of the last intact frame for each displacement.
    last_of_shift: HashMap<i64, u64>,
    prefixes: Option<Prefixes>,
}

impl Scan {
    /// Searches the rest of the file after `damage`.
    pub(super) fn behind(window: &mut Window, damage: Place) -> io::Result<Self> {
        let mut scan = Self::new(window)?;
        // Bytes may have been inserted at many places, so the total displacement has no limit.
        let mut rule = Rule {
            most_inserted: u64::MAX,
            ..Rule::behind(window, damage)?
        };
        let mut from = damage.position;
        while let Some(frame) = scan.next(window, from, &mut rule)? {
            let Place { position, shift } = frame.place;
            scan.last_of_shift.insert(shift, position);
            from = position + 1;
        }
        Ok(scan)
    }

    /// Whether an intact frame follows `damage`.
    pub(super) fn is_followed(window: &mut Window, damage: Place) -> io::Result<bool> {
        let mut scan = Self::new(window)?;
        let mut rule = Rule::behind(window, damage)?;
        // The caller knows that no intact frame with the current displacement begins here.
        let found = scan.next(window, damage.position, &mut rule)?;
        Ok(found.is_some())
    }

    fn new(window: &Window) -> io::Result<Self> {
        Ok(Self {
            end: window.len()?,
            last_of_shift: HashMap::new(),
            prefixes: None,
        })
    }

    /// Returns the frame at which reading continues after `damage`: the next one with the same
    /// displacement as before, or else the next one with any displacement.
    pub(super) fn resume(
        &mut self,
        window: &mut Window,
        damage: Place,
    ) -> io::Result<Option<Frame>> {
        let last_of = |shift| self.last_of_shift.get(shift).copied();
        let mut rule = if last_of(&damage.shift) >= Some(damage.position) {
            Rule::same(damage)
        } else if self.last_of_shift.values().max() >= Some(&damage.position) {
            Rule::behind(window, damage)?
        } else {
            return Ok(None);
        };
        self.next(window, damage.position, &mut rule)
    }

    /// Returns the first intact frame at or after `from` that `rule` allows.
    fn next(
        &mut self,
        window: &mut Window,
        from: u64,
        rule: &mut Rule,
    ) -> io::Result<Option<Frame>> {
        let mut position = from;
        while position + (FRAME_HEADER as u64) < self.end {
            let data = window.next_data(position)?;
            // A header that ends in data may begin with zeros in the hole before it.
            position = position.max(data.saturating_sub(FRAME_HEADER as u64));
            let held = window.held(position, FRAME_HEADER + 1)?;
            let skipped = candidate(held, position, self.end);
            position += skipped.offset as u64;
            if let Some(bytes) = skipped.header
                && let Some(frame) = self.whole(window, position, bytes, rule)?
            {
                return Ok(Some(frame));
            }
            if skipped.offset == 0 && skipped.header.is_none() {
                // The file was truncated in the meantime.
                return Ok(None);
            }
            position += u64::from(skipped.header.is_some());
        }
        Ok(None)
    }

    /// Returns the frame whose header these bytes may be, if it is intact.
    fn whole(
        &mut self,
        window: &mut Window,
        position: u64,
        bytes: [u8; FRAME_HEADER],
        rule: &Rule,
    ) -> io::Result<Option<Frame>> {
        let Some(frame) = rule.allowed(position, bytes) else {
            return Ok(None);
        };
        if self.prefixes.is_none() {
            self.prefixes = Some(Prefixes::read(window, position, self.end)?);
        }
        let (begin, end) = (position + FRAME_HEADER as u64, frame.end().position);
        let crc = match &self.prefixes {
            Some(prefixes) => prefixes.crc(window, begin, end)?,
            None => None,
        };
        if crc != Some(frame.header.payload_check()) {
            return Ok(None);
        }
        let bytes = window.peek(begin, frame.header.len)?;
        let is_whole = frame.header.matches(&bytes) && begins_with_event(&bytes);
        Ok((is_whole && rule.is_likely(window, &frame)?).then_some(frame))
    }
}

/// The position of a possible frame header, judged by its length field alone.
struct Candidate {
    offset: usize,
    header: Option<[u8; FRAME_HEADER]>,
}

fn candidate(bytes: &[u8], position: u64, end: u64) -> Candidate {
    let count = (bytes.len() + 1).saturating_sub(FRAME_HEADER);
    let room = end - position;
    let mut offset = 0;
    while offset < count {
        let header: Option<[u8; FRAME_HEADER]> = bytes[offset..].first_chunk().copied();
        let len = header.map_or(0, |header| {
            u32::from_le_bytes([header[0], header[1], header[2], header[3]]) as usize
        });
        let fits = len <= PAYLOAD_LIMIT && (offset + FRAME_HEADER + len) as u64 <= room;
        // The writer never writes an empty frame; without this check zeros would look like one.
        if len > 0 && fits {
            return Candidate { offset, header };
        }
        offset += 1;
    }
    Candidate {
        offset: count,
        header: None,
    }
}

/// The conditions on the frames that may follow damage.
struct Rule {
    damage: Place,
    /// The smallest offset at which the next frame can have been written; `None` if only frames
    /// with the same displacement as before are allowed.
    next_offset: Option<u64>,
    /// The largest number of bytes that may have been inserted.
    most_inserted: u64,
}

impl Rule {
    fn same(damage: Place) -> Self {
        Self {
            damage,
            next_offset: None,
            most_inserted: 0,
        }
    }

    fn behind(window: &mut Window, damage: Place) -> io::Result<Self> {
        let offset = damage.offset();
        let header = window.bytes(damage.position, FRAME_HEADER)?.first_chunk();
        let header = header.and_then(|bytes| FrameHeader::parse(bytes, offset));
        // Skip the payload of a frame with a valid header: a log that was saved as a value in it is
        // not part of this log.
        let damaged = header.map_or(0, |header| (FRAME_HEADER + header.len) as u64);
        Ok(Self {
            damage,
            next_offset: Some((offset + damaged).max(FILE_HEADER as u64)),
            // It is unlikely that as many bytes were inserted as the log had before; a frame
            // displaced so far belongs to another log, which was saved as a value.
            most_inserted: offset.max(ALWAYS_INSERTED) - 1,
        })
    }

    /// Returns the frame whose header these bytes are, if the rule allows it at `position`.
    fn allowed(&self, position: u64, bytes: [u8; FRAME_HEADER]) -> Option<Frame> {
        let same = Place {
            position,
            shift: self.damage.shift,
        };
        if let Some(header) = FrameHeader::parse(&bytes, same.offset()) {
            return Some(Frame {
                place: same,
                header,
            });
        }
        let first = self.next_offset?;
        let last = same.offset() + MOST_REMOVED;
        let earliest = first.max(same.offset().saturating_sub(self.most_inserted));
        let (header, offsets) = FrameHeader::parse_anywhere(&bytes, earliest, last);
        let nearest = offsets.min_by_key(|offset| offset.abs_diff(same.offset()))?;
        Some(Frame {
            place: Place {
                position,
                shift: position.wrapping_sub(nearest).cast_signed(),
            },
            header,
        })
    }

    /// Whether a frame is displaced only a little, or is followed by a frame with the same
    /// displacement.
    fn is_likely(&self, window: &mut Window, frame: &Frame) -> io::Result<bool> {
        if frame.place.shift.abs_diff(self.damage.shift) <= LIKELY {
            return Ok(true);
        }
        let next = frame.end();
        let header = window.peek(next.position, FRAME_HEADER)?;
        let header = header.first_chunk();
        Ok(header.is_some_and(|bytes| FrameHeader::parse(bytes, next.offset()).is_some()))
    }
}
