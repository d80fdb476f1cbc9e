//! Finds out whether a log has lost its end, and avoids reading all of it where possible.

use std::path::Path;

use research_core::{Event, EventLog, StorageError};

use super::files::EVENTS;
use super::verify::{LostRows, Runs};
use super::{StoredResearch, lock};
use crate::log::{Tail, TornTail, find_tail};

/// The reason that the end of a log counts as lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostEnd {
    /// The last bytes are not an intact frame: a run was killed while it wrote them, or they are
    /// damaged.
    Torn(TornTail),
    /// The last run has no end, and no lock file, which a killed run leaves.
    NoRunEnd {
        /// The length of the log.
        offset: u64,
    },
    /// The table of experiments has more experiments than the log.
    LostRows(LostRows),
}

impl StoredResearch {
    /// Returns the reason that the end of the log counts as lost; `None` if it does not, or if a
    /// process runs the research. Lost events are in no result. The conditions are those of
    /// [`FolderCheckup::is_log_whole`](crate::FolderCheckup::is_log_whole).
    ///
    /// Reads all of the log only if its last frame does not end a run, or if the log has changed
    /// since the table of experiments was written.
    ///
    /// # Errors
    /// The log or the lock cannot be read.
    pub fn lost_end(&self) -> Result<Option<LostEnd>, StorageError> {
        let folder = self.folder();
        // Before the log is read: a run that ends in between leaves a complete log.
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
        // A run may have begun after the first check and appended the events that were read.
        if self.runner()?.is_some() {
            return Ok(None);
        }
        if runs.is_open && !was_killed && !lock::is_there(folder) {
            let offset = events.offset();
            return Ok(Some(LostEnd::NoRunEnd { offset }));
        }
        Ok(runs.lost_rows(folder).map(LostEnd::LostRows))
    }

    /// Whether the last frame of the log has the end of the last run.
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

/// Whether the log may have changed since the table of experiments was written from all of it.
/// Compares change times, because every change sets them, even replacing the log by an older file.
/// Equal times count as newer: changes within one tick of the file system's clock have the same
/// time.
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

/// Without the feature `parquet` there is no table to compare the log with.
#[cfg(not(feature = "parquet"))]
fn is_newer_than_table(_: &Path) -> bool {
    false
}
