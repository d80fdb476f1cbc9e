//! Workers that remove the folder of their run before they come to it.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use research_core::{Delivery, Event, StorageError, Subscriber};
use research_exec::{RunControl, RunError};
use research_storage::LogPlace;

use crate::error::ResearchError;

/// Checks the log of a run whenever a worker has come to the run. A worker that is executed anew
/// does what stands before `run` in its program, and that may remove the folder.
#[derive(Clone)]
pub(crate) struct WorkerArrivals {
    log: LogPlace,
    control: RunControl,
    /// Whether the log was missing when a worker had started.
    missing: Arc<AtomicBool>,
}

impl WorkerArrivals {
    pub(crate) fn new(log: LogPlace, control: RunControl) -> Self {
        Self {
            log,
            control,
            missing: Arc::default(),
        }
    }

    /// Explains the end of a run, or its error: a log that is lost before any experiment has begun
    /// was removed by a worker.
    ///
    /// # Errors
    /// A worker has removed the log.
    pub(crate) fn explain(&self, error: Option<&RunError>) -> Result<(), ResearchError> {
        let is_early = matches!(
            error,
            Some(RunError::Storage(StorageError::LogLost {
                is_empty: true,
                ..
            }))
        );
        let path = self.log.path();
        let by_worker = self.missing.load(Ordering::Relaxed) || is_early && !path.exists();
        if !by_worker {
            return Ok(());
        }
        // Experiments may have made their folders again. Without a log these would be in the way of
        // the next run; folders that are not empty stay.
        if let Some(folder) = path.parent().filter(|_| !path.exists()) {
            let _ = fs::remove_dir(folder.join("experiments"));
            let _ = fs::remove_dir(folder);
        }
        Err(ResearchError::LogRemoved {
            path: path.to_owned(),
        })
    }
}

impl Subscriber for WorkerArrivals {
    fn delivery(&self) -> Delivery {
        Delivery::Synchronous
    }

    fn on_events(&mut self, events: &[Event]) {
        let starts = |event: &Event| matches!(event, Event::WorkerStarted { .. });
        if events.iter().any(starts) && !self.log.is_intact() {
            self.missing.store(true, Ordering::Relaxed);
            self.control.kill();
        }
    }
}
