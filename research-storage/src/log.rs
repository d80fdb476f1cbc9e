//! The event log: an append-only file of frames.
//!
//! `FORMAT.md`, beside this crate's manifest, describes the bytes. [`LogWriter`] gathers events and
//! writes whole frames; [`LogReader`] reads them, and distinguishes a torn tail, which a crash
//! leaves, from damage in the middle, which is an error.

mod crc;
mod file;
mod frame;
mod prefix;
mod reader;
mod scan;
mod tail;
mod walk_damaged;
mod window;
mod writer;

use research_core::codec::PAYLOAD_FORMAT;

pub use file::LogFile;
pub(crate) use frame::{MAGIC, file_header};
pub use reader::{LogReader, TornTail};
pub(crate) use tail::{Tail, find_tail};
pub(crate) use walk_damaged::walk;
pub use walk_damaged::{Checkup, DamagedSpan, check_log, salvage_log};
pub use writer::LogWriter;

/// The format version in the file header of a log: that of its newest frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FormatVersion(pub u32);

impl FormatVersion {
    /// The version that this program writes, and the newest that it reads.
    pub const CURRENT: Self = Self(PAYLOAD_FORMAT as u32);
}
