//! Whether the log of a run is still where readers look for it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use research_core::{Delivery, Event, StorageError, Subscriber};
use research_exec::{RunControl, RunError};

use crate::error::ResearchError;
use crate::finished::Kept;

/// The event log in a research's folder, and its folder of experiments.
const LOG: &str = "events.log";
const EXPERIMENTS: &str = "experiments";

/// Watches the log of a run. Workers that are started anew do what stands before `run` in their
/// program, so the folder is looked for when one has come to its run, and at the end.
#[derive(Clone)]
pub(crate) struct LogWatch {
    folder: PathBuf,
    key: (u64, u64),
    control: RunControl,
    /// Whether it was missing when a worker had started.
    missing: Arc<AtomicBool>,
}

impl LogWatch {
    /// Watches the log of a run that begins; nothing is watched of what is kept in memory.
    pub(crate) fn new(kept: &Kept, control: RunControl) -> Option<Self> {
        let folder = kept.folder()?;
        Some(Self {
            key: key(folder)?,
            folder: folder.to_owned(),
            control,
            missing: Arc::default(),
        })
    }

    /// Checks, when the run has ended, that its results can be read.
    ///
    /// # Errors
    /// The log was removed or replaced.
    pub(crate) fn finish(&self) -> Result<(), ResearchError> {
        let by_worker = self.missing.load(Ordering::Relaxed);
        if !by_worker && self.is_there() {
            return Ok(());
        }
        // Experiments may have made their folders again. Without a log these would be in the way of
        // the next run; folders that are not empty stay.
        if !self.folder.join(LOG).exists() {
            let _ = fs::remove_dir(self.folder.join(EXPERIMENTS));
            let _ = fs::remove_dir(&self.folder);
        }
        Err(ResearchError::LogRemoved {
            path: self.folder.join(LOG),
            by_worker,
        })
    }

    /// Explains the error of a run whose log was lost before any experiment had begun: a worker that
    /// comes to the run removes the folder.
    ///
    /// # Errors
    /// That is so.
    pub(crate) fn explain(&self, error: &RunError) -> Result<(), ResearchError> {
        let is_early = matches!(
            error,
            RunError::Storage(StorageError::LogLost { is_empty: true, .. })
        );
        if is_early && !self.folder.join(LOG).exists() {
            self.missing.store(true, Ordering::Relaxed);
            return self.finish();
        }
        Ok(())
    }

    fn is_there(&self) -> bool {
        key(&self.folder) == Some(self.key)
    }
}

/// What tells the log in a folder from others.
fn key(folder: &Path) -> Option<(u64, u64)> {
    let metadata = fs::metadata(folder.join(LOG)).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

impl Subscriber for LogWatch {
    fn delivery(&self) -> Delivery {
        Delivery::Synchronous
    }

    fn on_events(&mut self, events: &[Event]) {
        let starts = |event: &Event| matches!(event, Event::WorkerStarted { .. });
        if events.iter().any(starts) && !self.is_there() {
            self.missing.store(true, Ordering::Relaxed);
            self.control.kill();
        }
    }
}
