//! Whether a log has lost its end, without reading all of it where that can be told otherwise.

use std::path::Path;

use research_core::{Event, EventLog, StorageError};

use super::files::EVENTS;
use super::verify::{LostRows, Runs};
use super::{StoredResearch, lock};
use crate::log::{Tail, TornTail, find_tail};

/// Why the end of a log counts as lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostEnd {
    /// The last bytes are not a whole frame: a run was killed while it wrote them, or they are
    /// damaged.
    Torn(TornTail),
    /// The last run has no end, and has left no lock as a run that is killed does.
    NoRunEnd {
        /// The length of the log.
        offset: u64,
    },
    /// The table of experiments has more experiments than the log.
    LostRows(LostRows),
}

impl StoredResearch {
    /// Finds out whether the end of the log is lost although no process runs the research. What the
    /// log has lost is in no result. The condition is that of
    /// [`FolderCheckup::is_log_whole`](crate::FolderCheckup::is_log_whole).
    ///
    /// Reads all of the log only where its last frame does not end a run, or the log has changed
    /// since the table of experiments was written.
    ///
    /// # Errors
    /// The log cannot be read, or it cannot be found out whether a process runs the research.
    pub fn lost_end(&self) -> Result<Option<LostEnd>, StorageError> {
        let folder = self.folder();
        // Asked first: a run that ends in between has a whole log by then.
        if self.runner()?.is_some() {
            return Ok(None);
        }
        let was_killed = lock::is_there(folder);
        let tail = find_tail(&folder.join(EVENTS))?;
        if let Some(torn) = tail.torn {
            return Ok(Some(LostEnd::Torn(torn)));
        }
        let ends_run = was_killed || self.is_end_of_run(tail)?;
        if ends_run && !is_newer_than_table(folder) {
            return Ok(None);
        }
        let mut runs = Runs::default();
        let mut events = self.events()?;
        events.replay(&mut [&mut runs])?;
        // A run that began after the first look has appended what was read.
        if self.runner()?.is_some() {
            return Ok(None);
        }
        if runs.is_open && !was_killed && !lock::is_there(folder) {
            let offset = events.offset();
            return Ok(Some(LostEnd::NoRunEnd { offset }));
        }
        Ok(runs.lost_rows(folder).map(LostEnd::LostRows))
    }

    /// Whether the last frame of the log says that the last run has ended.
    fn is_end_of_run(&self, tail: Tail) -> Result<bool, StorageError> {
        let Some(last) = tail.last else {
            return Ok(true);
        };
        let mut log = self.events()?;
        log.seek(last);
        let events = log.next_batch()?.unwrap_or_default();
        let last = events.iter().rev().find_map(|event| match event {
            Event::RunStarted { .. } => Some(false),
            Event::RunEnded { .. } => Some(true),
            _ => None,
        });
        Ok(last == Some(true))
    }
}

/// Whether the log may have changed since the table of experiments was written from all of it. Any
/// change sets the change time, also a replacement by an older file. Changes in the same tick of
/// the file system's clock have the same time.
#[cfg(feature = "parquet")]
fn is_newer_than_table(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let changed = |path: &Path| {
        let found = path.symlink_metadata().ok()?;
        Some((found.ctime(), found.ctime_nsec()))
    };
    let table = changed(&folder.join(super::table_rows::EXPERIMENTS));
    table.is_some_and(|table| changed(&folder.join(EVENTS)) >= Some(table))
}

/// Without tables there is nothing that a log can be compared with.
#[cfg(not(feature = "parquet"))]
fn is_newer_than_table(_: &Path) -> bool {
    false
}
