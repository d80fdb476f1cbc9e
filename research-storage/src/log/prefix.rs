//! Checks of the beginnings of a part of a file, from which that of any payload in it follows
//! without reading all of the payload: damage may claim payloads at every byte.

use std::io;

use super::crc;
use super::window::Window;

/// The distance between two positions whose checks are kept.
const STRIDE: u64 = 2048;

/// The CRC of what lies between the begin of the part and a position.
#[derive(Clone, Copy, Debug)]
struct Known {
    position: u64,
    crc: u32,
    /// Whether zeros follow that take no room on the disk, up to the next known position.
    is_hole: bool,
}

/// The checks of a part of a file.
#[derive(Debug)]
pub(super) struct Prefixes {
    known: Vec<Known>,
}

impl Prefixes {
    /// Reads the part of the file between two positions.
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
                // The file was cut meanwhile.
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

    /// The CRC of the bytes between two positions of the part, the first of which comes first.
    pub(super) fn crc(&self, window: &mut Window, begin: u64, end: u64) -> io::Result<Option<u32>> {
        let before = self.up_to(window, begin)?;
        let whole = self.up_to(window, end)?;
        Ok(before
            .zip(whole)
            .map(|(before, whole)| crc::of_rest(whole, before, end - begin)))
    }

    /// The CRC of what lies before a position.
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
