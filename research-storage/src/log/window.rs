//! A part of a file in memory, that follows the reader through the file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::frame::{FRAME_HEADER, FrameHeader};

/// How much is read at once.
const CHUNK: usize = 1 << 20;

/// The file and what was read of it last.
#[derive(Debug)]
pub(super) struct Window {
    file: File,
    start: u64,
    data: Vec<u8>,
}

impl Window {
    pub(super) fn new(file: File) -> Self {
        Self {
            file,
            start: 0,
            data: Vec::new(),
        }
    }

    /// The length of the file.
    pub(super) fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Makes the next look read from the file again.
    pub(super) fn forget(&mut self) {
        self.data.clear();
    }

    /// The bytes at an offset; fewer than `len` only where the file ends.
    pub(super) fn bytes(&mut self, offset: u64, len: usize) -> io::Result<&[u8]> {
        let held = self.held_from(offset);
        if held.len() < len {
            self.fill(offset, len)?;
        }
        let held = self.held_from(offset);
        Ok(&held[..held.len().min(len)])
    }

    /// The payload of the frame at an offset; `None` if there is no whole one.
    pub(super) fn frame(&mut self, offset: u64) -> io::Result<Option<&[u8]>> {
        let header = self.bytes(offset, FRAME_HEADER)?.first_chunk();
        let Some(header) = header.and_then(|bytes| FrameHeader::parse(bytes, offset)) else {
            return Ok(None);
        };
        let frame = self.bytes(offset, FRAME_HEADER + header.len)?;
        let payload = &frame[FRAME_HEADER..];
        Ok(header.matches(payload).then_some(payload))
    }

    /// The offset of the first whole frame at or after `from`.
    pub(super) fn find_frame(&mut self, from: u64) -> io::Result<Option<u64>> {
        let mut offset = from;
        while self.bytes(offset, FRAME_HEADER)?.len() == FRAME_HEADER {
            if self.frame(offset)?.is_some() {
                return Ok(Some(offset));
            }
            offset += 1;
        }
        Ok(None)
    }

    fn held_from(&self, offset: u64) -> &[u8] {
        let skipped = offset.checked_sub(self.start);
        skipped
            .and_then(|skipped| usize::try_from(skipped).ok())
            .and_then(|skipped| self.data.get(skipped..))
            .unwrap_or_default()
    }

    /// Reads from an offset, `len` bytes or as many as there are. A length that a damaged file
    /// claims is no reason to ask for memory, so the file's own length bounds it.
    fn fill(&mut self, offset: u64, len: usize) -> io::Result<()> {
        let held = self.held_from(offset).len();
        self.data.drain(..self.data.len() - held);
        self.start = offset;
        let there = self.len()?.saturating_sub(offset);
        let wanted = len
            .max(CHUNK)
            .min(usize::try_from(there).unwrap_or(usize::MAX));
        self.data.resize(wanted.max(held), 0);
        let mut filled = held;
        while filled < self.data.len() {
            match self
                .file
                .read_at(&mut self.data[filled..], offset + filled as u64)
            {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.data.truncate(filled);
                    return Err(error);
                }
            }
        }
        self.data.truncate(filled);
        Ok(())
    }
}
