//! Finds the end of a log without reading the payloads before it.

use std::collections::VecDeque;
use std::io;
use std::path::Path;

use research_core::StorageError;
use research_core::files::open_regular;

use super::frame::{FILE_HEADER, FRAME_HEADER};
use super::reader::TornTail;
use super::window::Window;

/// The end of a log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tail {
    /// The offset of the last intact frame, if there is one.
    pub(crate) last: Option<u64>,
    /// The bytes after it, if there are any.
    pub(crate) torn: Option<TornTail>,
}

/// The number of frames at the end that are verified: damage at the end may begin in any of them.
const CHECKED: usize = 64;

/// Finds the end of a log. Reads only the headers of the frames before the end; damage in the
/// middle is found by [`LogReader`](super::LogReader).
///
/// # Errors
/// The log cannot be read.
pub(crate) fn find_tail(path: &Path) -> Result<Tail, StorageError> {
    let file = open_regular(path).map_err(StorageError::io("open", path))?;
    look(&mut Window::new(file)).map_err(StorageError::io("read", path))
}

fn look(window: &mut Window) -> io::Result<Tail> {
    let len = window.len()?;
    let mut end = FILE_HEADER as u64;
    let mut frames = VecDeque::new();
    while let Some(header) = window.header(end)? {
        let next = end + (FRAME_HEADER + header.len) as u64;
        if next > len {
            break;
        }
        if frames.len() == CHECKED {
            frames.pop_front();
        }
        frames.push_back(end);
        end = next;
    }
    let mut last = None;
    while let Some(offset) = frames.pop_back() {
        if window.frame(offset)?.is_some() {
            last = Some(offset);
            break;
        }
        end = offset;
    }
    let bytes = len.saturating_sub(end);
    let torn = (bytes > 0).then_some(TornTail { offset: end, bytes });
    Ok(Tail { last, torn })
}
