//! A part of a file in memory, that follows the reader through the file.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd;
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
    /// Offsets of the file between which the file has no hole.
    data_stretch: Range<u64>,
}

impl Window {
    pub(super) fn new(file: File) -> Self {
        Self {
            file,
            start: 0,
            data: Vec::new(),
            data_stretch: 0..0,
        }
    }

    /// The length of the file.
    pub(super) fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Makes the next look read from the file again.
    pub(super) fn forget(&mut self) {
        self.data.clear();
        self.data_stretch = 0..0;
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

    /// The header of the frame at an offset, without reading more than that.
    pub(super) fn header(&mut self, offset: u64) -> io::Result<Option<FrameHeader>> {
        let mut bytes = [0; FRAME_HEADER];
        let is_whole = read_at(&self.file, &mut bytes, offset)? == FRAME_HEADER;
        Ok(is_whole
            .then(|| FrameHeader::parse(&bytes, offset))
            .flatten())
    }

    /// The payload of the frame at an offset; `None` if there is no whole one.
    pub(super) fn frame(&mut self, offset: u64) -> io::Result<Option<&[u8]>> {
        self.frame_written_at(offset, offset)
    }

    /// The payload of the frame at a position that was written at an offset, perhaps another one.
    pub(super) fn frame_written_at(
        &mut self,
        position: u64,
        offset: u64,
    ) -> io::Result<Option<&[u8]>> {
        let header = self.bytes(position, FRAME_HEADER)?.first_chunk();
        let Some(header) = header.and_then(|bytes| FrameHeader::parse(bytes, offset)) else {
            return Ok(None);
        };
        let frame = self.bytes(position, FRAME_HEADER + header.len)?;
        let payload = &frame[FRAME_HEADER..];
        Ok(header.matches(payload).then_some(payload))
    }

    /// All bytes that are held from an offset on, at least `len` unless the file ends before.
    pub(super) fn held(&mut self, offset: u64, len: usize) -> io::Result<&[u8]> {
        if self.held_from(offset).len() < len {
            self.fill(offset, len)?;
        }
        Ok(self.held_from(offset))
    }

    /// The bytes at an offset, without moving to it; fewer than `len` only where the file ends.
    pub(super) fn peek(&mut self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let there = self.len()?.saturating_sub(offset);
        let len = len.min(usize::try_from(there).unwrap_or(usize::MAX));
        let mut bytes = vec![0; len];
        let filled = read_at(&self.file, &mut bytes, offset)?;
        bytes.truncate(filled);
        Ok(bytes)
    }

    /// The first offset from another one on that is not in a hole of the file; its end where
    /// there are only holes. File systems without holes have none.
    pub(super) fn next_data(&mut self, offset: u64) -> io::Result<u64> {
        // Looked up once for each stretch of data.
        if self.data_stretch.contains(&offset) {
            return Ok(offset);
        }
        let begin = seek(&self.file, offset, libc::SEEK_DATA);
        self.data_stretch = match begin {
            Ok(begin) => begin..seek(&self.file, begin, libc::SEEK_HOLE)?,
            Err(error) if error.raw_os_error() == Some(libc::ENXIO) => {
                let end = self.len()?;
                return Ok(end.max(offset));
            }
            Err(_) => offset..u64::MAX,
        };
        Ok(self.data_stretch.start)
    }

    fn held_from(&self, offset: u64) -> &[u8] {
        let skipped = offset.checked_sub(self.start);
        skipped
            .and_then(|skipped| usize::try_from(skipped).ok())
            .and_then(|skipped| self.data.get(skipped..))
            .unwrap_or_default()
    }

    /// Reads from an offset, `len` bytes or as many as there are. The length of the
    /// file bounds the memory, whatever a damaged file claims.
    fn fill(&mut self, offset: u64, len: usize) -> io::Result<()> {
        let held = self.held_from(offset).len();
        self.data.drain(..self.data.len() - held);
        self.start = offset;
        let there = self.len()?.saturating_sub(offset);
        let wanted = len
            .max(CHUNK)
            .min(usize::try_from(there).unwrap_or(usize::MAX));
        self.data.resize(wanted.max(held), 0);
        let read = read_at(&self.file, &mut self.data[held..], offset + held as u64);
        self.data
            .truncate(held + read.as_ref().map_or(0, |read| *read));
        read.map(drop)
    }
}

/// Fills a buffer from an offset on, as far as the file goes; how many bytes that were.
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Where the next data or the next hole of a file begins.
fn seek(file: &File, offset: u64, whence: i32) -> io::Result<u64> {
    let offset = libc::off_t::try_from(offset).map_err(io::Error::other)?;
    // SAFETY: plain numbers, and a descriptor that is open as long as the file. No read uses the
    // position.
    let found = unsafe { libc::lseek(file.as_raw_fd(), offset, whence) };
    u64::try_from(found).map_err(|_| io::Error::last_os_error())
}
