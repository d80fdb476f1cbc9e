//! Workers that remove the folder of their run before they reach it.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use research_core::{Delivery, Event, StorageError, Subscriber};
use research_exec::{RunControl, RunError};
use research_storage::LogPlace;

use crate::error::ResearchError;

/// Checks the log of a run whenever a worker has reached the run. An executed worker repeats the
/// code of its program before `run`, which may remove the folder.
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

    /// Explains the end of a run or its error: if the log is lost before any experiment has begun,
    /// a worker has removed it.
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
        // Experiments may have created their folders again. Without a log these would block the
        // next run, so empty ones are removed.
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
