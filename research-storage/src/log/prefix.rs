//! CRCs of the prefixes of a range of a file. The CRC of any payload in the range follows from them
//! without reading the whole payload again: a damaged file may seem to have a header, and so a
//! payload, at every byte.

use std::io;

use super::crc;
use super::window::Window;

/// The largest distance in bytes between two positions whose CRCs are kept.
const STRIDE: u64 = 2048;

/// The CRC of the bytes from the start of the range to `position`.
#[derive(Clone, Copy, Debug)]
struct Known {
    position: u64,
    crc: u32,
    /// Whether a hole of the file follows, up to the next known position.
    is_hole: bool,
}

/// The CRCs of the prefixes of a range of a file.
#[derive(Debug)]
pub(super) struct Prefixes {
    known: Vec<Known>,
}

impl Prefixes {
    /// Reads the range of the file from `begin` to `end`.
    pub(super) fn read(window: &mut Window, begin: u64, end: u64) -> io::Result<Self> {
        let mut known = Vec::new();
        let (mut position, mut crc) = (begin, 0);
        while position < end {
            let data = window.next_data(position)?.min(end);
            if data > position {
                known.push(Known {
                    position,
                    crc,
                    is_hole: true,
                });
                crc = crc::after_zeros(crc, data - position);
                position = data;
                continue;
            }
            known.push(Known {
                position,
                crc,
                is_hole: false,
            });
            let wanted = STRIDE.min(end - position) as usize;
            let bytes = window.bytes(position, wanted)?;
            if bytes.is_empty() {
                // The file was truncated in the meantime.
                break;
            }
            crc = update(crc, bytes);
            position += bytes.len() as u64;
        }
        known.push(Known {
            position,
            crc,
            is_hole: false,
        });
        Ok(Self { known })
    }

    /// Returns the CRC of the bytes from `begin` to `end`; `None` if they are outside the range.
    pub(super) fn crc(&self, window: &mut Window, begin: u64, end: u64) -> io::Result<Option<u32>> {
        let before = self.up_to(window, begin)?;
        let whole = self.up_to(window, end)?;
        Ok(before
            .zip(whole)
            .map(|(before, whole)| crc::of_rest(whole, before, end - begin)))
    }

    /// Returns the CRC of the bytes from the start of the range to `position`.
    fn up_to(&self, window: &mut Window, position: u64) -> io::Result<Option<u32>> {
        let after = self.known.partition_point(|one| one.position <= position);
        let Some(nearest) = after.checked_sub(1).map(|index| self.known[index]) else {
            return Ok(None);
        };
        let rest = position - nearest.position;
        if nearest.is_hole {
            return Ok(Some(crc::after_zeros(nearest.crc, rest)));
        }
        if rest > STRIDE {
            return Ok(None);
        }
        let bytes = window.peek(nearest.position, rest as usize)?;
        Ok((bytes.len() as u64 == rest).then(|| update(nearest.crc, &bytes)))
    }
}

fn update(crc: u32, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(crc);
    hasher.update(bytes);
    hasher.finalize()
}
