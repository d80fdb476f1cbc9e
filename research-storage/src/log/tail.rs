//! Finding the end of a log without reading what comes before.

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
    /// Where the last whole frame begins, if there is one.
    pub(crate) last: Option<u64>,
    /// What follows it.
    pub(crate) torn: Option<TornTail>,
}

/// How many of the last frames are verified: damage at the end may begin in any of them.
const CHECKED: usize = 64;

/// Finds the end of a log. Only the headers of the frames before it are read; readers find damage
/// in the middle.
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
