//! Finding the end of a log without reading what comes before.

use std::io;
use std::path::Path;

use research_core::{StorageError, open_regular};

use super::frame::{FILE_HEADER, FRAME_HEADER};
use super::reader::TornTail;
use super::window::Window;

/// The end of a log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tail {
    /// Where the last whole frame begins, if there is one.
    pub(crate) last: Option<u64>,
    /// What follows it.
    pub(crate) torn: Option<TornTail>,
}

/// Finds the end of a log. Only the headers of the frames before it are read: what is damaged in the
/// middle is found by those who read it.
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
    let (mut last, mut before) = (None, None);
    while let Some(header) = window.header(end)? {
        let next = end + (FRAME_HEADER + header.len) as u64;
        if next > len {
            break;
        }
        (before, last) = (last, Some(end));
        end = next;
    }
    if let Some(offset) = last.filter(|_| end == len)
        && window.frame(offset)?.is_none()
    {
        (last, end) = (before, offset);
    }
    let bytes = len.saturating_sub(end);
    let torn = (bytes > 0).then_some(TornTail { offset: end, bytes });
    Ok(Tail { last, torn })
}
