//! The end of a log, without reading what comes before.

use std::io;
use std::path::Path;

use research_core::{StorageError, open_regular};

use super::frame::{FILE_HEADER, FRAME_HEADER};
use super::reader::TornTail;
use super::window::Window;

/// What stands behind the last whole frame of a log, if anything does. Only the headers of the
/// frames before it are read: what is damaged in the middle is found by those who read it.
///
/// # Errors
/// The log cannot be read.
pub(crate) fn torn_tail(path: &Path) -> Result<Option<TornTail>, StorageError> {
    let file = open_regular(path).map_err(StorageError::io("open", path))?;
    look(&mut Window::new(file)).map_err(StorageError::io("read", path))
}

fn look(window: &mut Window) -> io::Result<Option<TornTail>> {
    let end = window.len()?;
    let mut offset = FILE_HEADER as u64;
    let mut last = None;
    while let Some(header) = window.header(offset)? {
        let next = offset + (FRAME_HEADER + header.len) as u64;
        if next > end {
            break;
        }
        last = Some(offset);
        offset = next;
    }
    if let Some(last) = last.filter(|_| offset == end)
        && window.frame(last)?.is_none()
    {
        offset = last;
    }
    let bytes = end.saturating_sub(offset);
    Ok((bytes > 0).then_some(TornTail { offset, bytes }))
}
