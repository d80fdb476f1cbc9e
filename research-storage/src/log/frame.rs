//! Encodes and decodes the file header and the frame headers.

use super::{FormatVersion, crc};

/// The first bytes of a log. The first one is not ASCII, and programs that translate line ends
/// change the last ones, so a log that was sent as text is recognized as damaged.
pub(crate) const MAGIC: [u8; 8] = *b"\x89RLOG\r\n\x1a";

/// Magic, version and their checksum.
pub(crate) const FILE_HEADER: usize = 16;

/// Payload length, payload checksum and the header's own checksum.
pub(crate) const FRAME_HEADER: usize = 12;

/// The largest payload of a frame in bytes: the largest event that a decoder accepts, after smaller
/// ones that did not fill the frame.
pub(crate) const PAYLOAD_LIMIT: usize = research_core::codec::MESSAGE_LIMIT + (1 << 20);

/// Returns the file header of the current version.
pub(crate) fn file_header() -> [u8; FILE_HEADER] {
    header_of(FormatVersion::CURRENT)
}

/// Whether `bytes` are a prefix of the file header of a known version.
pub(crate) fn begins_file_header(bytes: &[u8]) -> bool {
    let mut versions = (1..=FormatVersion::CURRENT.0).map(FormatVersion);
    versions.any(|version| header_of(version).starts_with(bytes))
}

fn header_of(version: FormatVersion) -> [u8; FILE_HEADER] {
    let mut header = [0; FILE_HEADER];
    header[..8].copy_from_slice(&MAGIC);
    header[8..12].copy_from_slice(&version.0.to_le_bytes());
    let check = crc32fast::hash(&header[..12]);
    header[12..].copy_from_slice(&check.to_le_bytes());
    header
}

/// Returns the version in a file header; `None` if the header is invalid.
pub(crate) fn parse_file_header(header: &[u8; FILE_HEADER]) -> Option<FormatVersion> {
    let whole = header[..8] == MAGIC && crc32fast::hash(&header[..12]) == word(header, 12);
    whole.then(|| FormatVersion(word(header, 8)))
}

/// The length and the checksum in a frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) len: usize,
    payload_check: u32,
}

impl FrameHeader {
    /// Returns the header for `payload`.
    pub(crate) fn of(payload: &[u8]) -> Self {
        Self {
            len: payload.len(),
            payload_check: crc32fast::hash(payload),
        }
    }

    /// Encodes the header of a frame at `offset`. The checksum covers the offset, so a frame is
    /// valid only where it was written: bytes that look like a frame (a log that a unit saved as a
    /// value, a stale block of the disk) are never read as one.
    pub(crate) fn to_bytes(self, offset: u64) -> [u8; FRAME_HEADER] {
        let mut bytes = [0; FRAME_HEADER];
        // The writer keeps payloads below `PAYLOAD_LIMIT`, so the length fits.
        bytes[..4].copy_from_slice(&(self.len as u32).to_le_bytes());
        bytes[4..8].copy_from_slice(&self.payload_check.to_le_bytes());
        let check = header_check(&bytes, offset);
        bytes[8..].copy_from_slice(&check.to_le_bytes());
        bytes
    }

    /// Parses the header of a frame at `offset`; `None` if the bytes are not a valid header.
    pub(crate) fn parse(bytes: &[u8; FRAME_HEADER], offset: u64) -> Option<Self> {
        let header = Self {
            len: word(bytes, 0) as usize,
            payload_check: word(bytes, 4),
        };
        let fits = (1..=PAYLOAD_LIMIT).contains(&header.len);
        let whole = fits && header_check(bytes, offset) == word(bytes, 8);
        whole.then_some(header)
    }

    /// Parses a header whose frame may have been written at any offset. Returns the offsets from
    /// `first` to `last` for which the header is valid: one for each 4 GiB.
    pub(crate) fn parse_anywhere(
        bytes: &[u8; FRAME_HEADER],
        first: u64,
        last: u64,
    ) -> (Self, impl Iterator<Item = u64>) {
        let header = Self {
            len: word(bytes, 0) as usize,
            payload_check: word(bytes, 4),
        };
        let check = word(bytes, 8);
        let mut rest = [0; 12];
        rest[4..].copy_from_slice(&bytes[..8]);
        let offsets = (first >> 32..=last >> 32).map(move |high| {
            rest[..4].copy_from_slice(&(high as u32).to_le_bytes());
            let low = u32::from_le_bytes(crc::first_bytes(check, &rest));
            high << 32 | u64::from(low)
        });
        let offsets = offsets.filter(move |offset| (first..=last).contains(offset));
        (header, offsets)
    }

    /// Returns the checksum of the payload.
    pub(crate) fn payload_check(self) -> u32 {
        self.payload_check
    }

    /// Whether `payload` has the length and the checksum of this header.
    pub(crate) fn matches(self, payload: &[u8]) -> bool {
        self == Self::of(payload)
    }
}

fn header_check(bytes: &[u8; FRAME_HEADER], offset: u64) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&offset.to_le_bytes());
    hasher.update(&bytes[..8]);
    hasher.finalize()
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
