//! Frames: length, kind, task, checksum and payload. A relay finds frames without decoding their
//! payloads, and detects foreign bytes in the stream or in a frame.

use research_core::codec::{self, EncodeError, MESSAGE_LIMIT};
use serde::Serialize;

/// The kind of a frame, which determines the type of its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum FrameKind {
    /// Leader to worker: the first message.
    Init = 1,
    /// Leader to worker: run a task.
    Run = 2,
    /// Leader to worker: there are no more tasks.
    Quit = 3,
    /// Worker to leader: the first message.
    Hello = 4,
    /// Events of a task.
    Events = 5,
    /// The last events of a task, and the endings of its experiments.
    Ended = 6,
    /// The same as `Ended`, from a worker that can run no more tasks.
    Last = 7,
    /// The values of a task could not be stored; the payload is the reason. Its experiments that
    /// had not ended before have no ending.
    StorageFailed = 8,
    /// An executor has ended; the payload is how its unfinished experiments ended.
    ExecutorDied = 9,
}

impl FrameKind {
    fn from_byte(byte: u8) -> Option<Self> {
        [
            Self::Init,
            Self::Run,
            Self::Quit,
            Self::Hello,
            Self::Events,
            Self::Ended,
            Self::Last,
            Self::StorageFailed,
            Self::ExecutorDied,
        ]
        .into_iter()
        .find(|kind| *kind as u8 == byte)
    }
}

/// A fuzzer cannot compute checksums, and must reach the code after them.
const CHECKSUM: usize = if cfg!(fuzzing) { 0 } else { 4 };

/// The size of a header: the CRC-32 of all bytes after it (4), the length of the payload (4), the
/// kind (1), and the task (8).
const HEADER: usize = CHECKSUM + 13;

/// A complete frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) kind: FrameKind,
    pub(crate) task: u64,
    pub(crate) payload: &'a [u8],
    /// The frame with its header.
    pub(crate) bytes: &'a [u8],
}

/// The stream contains bytes that are not a frame.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("a frame of {0} bytes exceeds the limit of {MESSAGE_LIMIT}")]
    TooLong(usize),
    #[error("unknown frame kind {0}")]
    Kind(u8),
    #[error("the checksum of a frame is wrong")]
    Checksum,
}

/// Appends a frame with this message to a buffer.
pub(crate) fn push_frame<T: Serialize + ?Sized>(
    buffer: &mut Vec<u8>,
    kind: FrameKind,
    task: u64,
    message: &T,
) -> Result<(), PushError> {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; CHECKSUM + 4]);
    buffer.push(kind as u8);
    buffer.extend_from_slice(&task.to_le_bytes());
    let result = codec::encode_into(message, buffer)
        .map_err(PushError::from)
        .and_then(|()| {
            let length = buffer.len() - start - HEADER;
            match u32::try_from(length) {
                Ok(short) if length <= MESSAGE_LIMIT => Ok(short),
                _ => Err(PushError::Frame(FrameError::TooLong(length))),
            }
        });
    match result {
        Ok(length) => {
            let (checksum, checked) = buffer[start..].split_at_mut(CHECKSUM);
            checked[..4].copy_from_slice(&length.to_le_bytes());
            checksum.copy_from_slice(&checksum_of(checked));
            Ok(())
        }
        Err(error) => {
            buffer.truncate(start);
            Err(error)
        }
    }
}

/// A message cannot be encoded, or does not fit into a frame.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PushError {
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error(transparent)]
    Frame(#[from] FrameError),
}

/// Finds the frames in a stream of bytes, which arrive in chunks of any size.
#[derive(Debug, Default)]
pub(crate) struct FrameDecoder {
    buffer: Vec<u8>,
    start: usize,
}

impl FrameDecoder {
    /// Discards the buffered bytes.
    pub(crate) fn clear(&mut self) {
        self.buffer.clear();
        self.start = 0;
    }

    /// Appends bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        if self.start == self.buffer.len() {
            self.buffer.clear();
            self.start = 0;
        } else if self.start > 1 << 20 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Returns the next complete frame.
    pub(crate) fn next_frame(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        let Some((length, kind)) = self.header()? else {
            return Ok(None);
        };
        let start = self.start;
        let end = start + HEADER + length;
        if self.buffer.len() < end {
            return Ok(None);
        }
        self.start = end;
        let bytes = &self.buffer[start..end];
        let (checksum, checked) = bytes.split_at(CHECKSUM);
        if *checksum != checksum_of(checked) {
            return Err(FrameError::Checksum);
        }
        let mut task = [0; 8];
        task.copy_from_slice(&checked[5..13]);
        let payload = &bytes[HEADER..];
        Ok(Some(Frame {
            kind,
            task: u64::from_le_bytes(task),
            payload,
            bytes,
        }))
    }

    fn header(&self) -> Result<Option<(usize, FrameKind)>, FrameError> {
        let Some(header) = self.buffer.get(self.start..self.start + HEADER) else {
            return Ok(None);
        };
        let header = &header[CHECKSUM..];
        let length = u32::from_le_bytes([header[0], header[1], header[2], header[3]]) as usize;
        if length > MESSAGE_LIMIT {
            return Err(FrameError::TooLong(length));
        }
        let kind = FrameKind::from_byte(header[4]).ok_or(FrameError::Kind(header[4]))?;
        Ok(Some((length, kind)))
    }
}

/// The checksum of these bytes.
fn checksum_of(bytes: &[u8]) -> [u8; CHECKSUM] {
    let mut checksum = [0; CHECKSUM];
    checksum.copy_from_slice(&crc32fast::hash(bytes).to_le_bytes()[..CHECKSUM]);
    checksum
}

#[cfg(test)]
#[path = "../../tests/unit/frame.rs"]
mod tests;
