//! Where a research is kept: the event log, and what is folded from it.
//!
//! [`LocalStorage`] keeps a research in a folder, [`MemoryStorage`] in memory; both take events
//! from the leader. [`StoredResearch`] reads a folder, also while another process writes it.
//! `FORMAT.md`, beside this crate's manifest, describes the files.

mod local;
mod log;
mod memory;
mod names;

pub use local::{LocalStorage, Runner, StoredResearch, list, remove};
pub use log::{FormatVersion, FsyncPolicy, LogFile, LogReader, LogWriter, TornTail};
pub use memory::{MemoryEvents, MemoryStorage};
pub use names::check_name;
