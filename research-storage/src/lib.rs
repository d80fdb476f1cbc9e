//! The storage of a research: its folder, with the event log.
//!
//! [`LocalStorage`] keeps a research in a folder, [`MemoryStorage`] in memory; both store the
//! events that the leader appends. [`StoredResearch`] reads a folder, also while another process
//! writes to it, and [`Follower`] its log while it grows. [`check_folder`] verifies a folder,
//! [`salvage_folder`] repairs its log, and [`StoredResearch::collect`] removes files that killed
//! processes left. `FORMAT.md`, beside the manifest of this crate, describes the files.

mod follower;
mod local;
mod log;
mod log_entries;
mod memory;
mod names;

pub use follower::Follower;
#[cfg(feature = "parquet")]
pub use local::table_rows;
pub use local::{
    FolderCheckup, Leftovers, LocalStorage, LockedResearch, LogPlace, LogWatch, LostEnd, LostRows,
    MissingEnd, Replacement, Runner, StoredResearch, check_folder, describe, list, remove,
    salvage_folder,
};
pub use log::{
    Checkup, DamagedSpan, FormatVersion, LogFile, LogReader, LogWriter, TornTail, check_log,
    salvage_log,
};
pub use log_entries::{Boundaries, LogEntries, LogEntry, LogEntryKind};
pub use memory::{MemoryEvents, MemoryLog, MemoryStorage};
pub use names::check_name;
pub use research_core::FsyncPolicy;
