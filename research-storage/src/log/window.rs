//! A part of a file in memory, which moves through the file with the reader.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

use super::frame::{FRAME_HEADER, FrameHeader};

/// The number of bytes that one read requests.
const CHUNK: usize = 1 << 20;

/// A file and the bytes that were read from it last.
#[derive(Debug)]
pub(super) struct Window {
    file: File,
    start: u64,
    data: Vec<u8>,
    /// A range of the file without holes, as found by the last lookup.
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

    /// Returns the length of the file.
    pub(super) fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Discards the bytes in memory, so that the next call reads from the file.
    pub(super) fn forget(&mut self) {
        self.data.clear();
        self.data_stretch = 0..0;
    }

    /// Returns the bytes at `offset`; fewer than `len` only if the file ends before.
    pub(super) fn bytes(&mut self, offset: u64, len: usize) -> io::Result<&[u8]> {
        let held = self.held_from(offset);
        if held.len() < len {
            self.fill(offset, len)?;
        }
        let held = self.held_from(offset);
        Ok(&held[..held.len().min(len)])
    }

    /// Returns the header of the frame at `offset`, and reads nothing else.
    pub(super) fn header(&mut self, offset: u64) -> io::Result<Option<FrameHeader>> {
        let mut bytes = [0; FRAME_HEADER];
        let is_whole = read_at(&self.file, &mut bytes, offset)? == FRAME_HEADER;
        Ok(is_whole
            .then(|| FrameHeader::parse(&bytes, offset))
            .flatten())
    }

    /// Returns the payload of the frame at `offset`; `None` if no intact frame begins there.
    pub(super) fn frame(&mut self, offset: u64) -> io::Result<Option<&[u8]>> {
        self.frame_written_at(offset, offset)
    }

    /// Returns the payload of the frame that is now at `position` and was written at `offset`.
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

    /// Returns all bytes in memory from `offset` on, at least `len` unless the file ends before.
    pub(super) fn held(&mut self, offset: u64, len: usize) -> io::Result<&[u8]> {
        if self.held_from(offset).len() < len {
            self.fill(offset, len)?;
        }
        Ok(self.held_from(offset))
    }

    /// Returns the bytes at `offset` without moving the window; fewer than `len` only if the file
    /// ends before.
    pub(super) fn peek(&mut self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let there = self.len()?.saturating_sub(offset);
        let len = len.min(usize::try_from(there).unwrap_or(usize::MAX));
        let mut bytes = vec![0; len];
        let filled = read_at(&self.file, &mut bytes, offset)?;
        bytes.truncate(filled);
        Ok(bytes)
    }

    /// Returns the first position at or after `offset` that is not in a hole of the file, or the
    /// end of the file if only holes follow. On a file system without holes this is `offset`.
    pub(super) fn next_data(&mut self, offset: u64) -> io::Result<u64> {
        // The system is called only once for each range of data.
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

    /// Reads at least `len` bytes from `offset`, or up to the end of the file. The length of the
    /// file limits the memory, even if a damaged header claims a longer frame.
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

/// Fills `buffer` with the bytes from `offset` on, and returns how many the file had.
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

/// Returns the offset of the next data or the next hole of a file.
fn seek(file: &File, offset: u64, whence: i32) -> io::Result<u64> {
    let offset = libc::off_t::try_from(offset).map_err(io::Error::other)?;
    // SAFETY: the arguments are integers, and the descriptor is open because `file` is borrowed.
    // Moving the position affects no read, because all reads pass an offset.
    let found = unsafe { libc::lseek(file.as_raw_fd(), offset, whence) };
    u64::try_from(found).map_err(|_| io::Error::last_os_error())
}
