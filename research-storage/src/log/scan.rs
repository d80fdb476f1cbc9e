//! Looking for whole frames behind damage, at their own offsets and at others: where bytes were
//! inserted or removed, all that follows is displaced.
//!
//! The check in a frame's header covers the frame's offset, and a CRC can be undone: so a header
//! says at which offset its frame was written, wherever it stands now.

use std::collections::HashMap;
use std::io;

use research_core::codec::begins_with_event;

use super::frame::{FILE_HEADER, FRAME_HEADER, FrameHeader, PAYLOAD_LIMIT};
use super::prefix::Prefixes;
use super::window::Window;

/// No more removed bytes than this are looked for.
const MOST_REMOVED: u64 = 1 << 28;

/// A single frame that is displaced by more than this may as well be one whose header is damaged:
/// another one has to follow it that is displaced as much.
const LIKELY: u64 = 1 << 20;

/// So many inserted bytes are looked for even at the very beginning of a log.
const ALWAYS_INSERTED: u64 = 32;

/// Where reading stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The position in the file.
    pub(super) position: u64,
    /// By how much frames stand behind the offsets at which they were written.
    pub(super) shift: i64,
}

impl Place {
    /// Where a frame was written that stands here.
    pub(super) fn offset(self) -> u64 {
        self.position
            .saturating_add_signed(self.shift.wrapping_neg())
    }
}

/// A whole frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) place: Place,
    pub(super) header: FrameHeader,
}

impl Frame {
    /// Where the next one is.
    pub(super) fn end(&self) -> Place {
        let len = (FRAME_HEADER + self.header.len) as u64;
        Place {
            position: self.place.position + len,
            shift: self.place.shift,
        }
    }
}

/// What was found behind the first damage of a log, in one pass.
#[derive(Debug)]
pub(super) struct Scan {
    /// The end of the file when the scan began.
    end: u64,
    /// Where the last whole frame stands of those that are displaced by so much.
    last_of_shift: HashMap<i64, u64>,
    prefixes: Option<Prefixes>,
}

impl Scan {
    /// Looks through all that follows damage.
    pub(super) fn behind(window: &mut Window, damage: Place) -> io::Result<Self> {
        let mut scan = Self::new(window)?;
        // Bytes may have been inserted at many places, more and more of them in all.
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

    /// Whether a whole frame follows damage.
    pub(super) fn is_followed(window: &mut Window, damage: Place) -> io::Result<bool> {
        let mut scan = Self::new(window)?;
        let mut rule = Rule::behind(window, damage)?;
        // What begins here is known not to be whole where it was written.
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

    /// The frame at which reading continues after damage: the next one that is displaced as those
    /// before it were, else the next one of all.
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

    /// The first whole frame at or behind a position that the rule allows.
    fn next(
        &mut self,
        window: &mut Window,
        from: u64,
        rule: &mut Rule,
    ) -> io::Result<Option<Frame>> {
        let mut position = from;
        while position + (FRAME_HEADER as u64) < self.end {
            let data = window.next_data(position)?;
            // A header may begin with zeros that are none of the disk's.
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
                // The file was cut meanwhile.
                return Ok(None);
            }
            position += u64::from(skipped.header.is_some());
        }
        Ok(None)
    }

    /// The frame whose header may be these bytes, if it is whole.
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

/// Where in some bytes a frame's header may begin, by its length alone.
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
        // A frame without events is never written; zeros would be one.
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

/// Which frames may follow damage.
struct Rule {
    damage: Place,
    /// The first offset at which the next frame can have been written, where others than those
    /// that are displaced as before are allowed.
    next_offset: Option<u64>,
    /// How many bytes may have been inserted.
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
        // A log inside a frame is not part of this one.
        let damaged = header.map_or(0, |header| (FRAME_HEADER + header.len) as u64);
        Ok(Self {
            damage,
            next_offset: Some((offset + damaged).max(FILE_HEADER as u64)),
            // As many bytes can hardly have been inserted as there were before: they are another
            // log, which was saved as a value.
            most_inserted: offset.max(ALWAYS_INSERTED) - 1,
        })
    }

    /// The frame whose header these bytes are, if it may be where it is.
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

    /// Whether a frame is displaced by little, or another one follows that is displaced as much.
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
