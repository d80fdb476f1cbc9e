//! Workers that were told to end, and how long each is waited for.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, at, never};
use research_core::WorkerNumber;

/// A worker that was told to end has so long to do it; nothing runs in it that is of use.
const LAST_MOMENTS: Duration = Duration::from_secs(2);

/// Workers that were told to end, those first that were told first.
#[derive(Default)]
pub(super) struct ShutdownDeadlines(VecDeque<(Instant, WorkerNumber)>);

impl ShutdownDeadlines {
    /// It was told now.
    pub(super) fn told(&mut self, worker: WorkerNumber) {
        self.0.push_back((Instant::now() + LAST_MOMENTS, worker));
    }

    /// The number stands for another process from now on: the one that was told has ended.
    pub(super) fn is_replaced(&mut self, worker: WorkerNumber) {
        self.0.retain(|(_, told)| *told != worker);
    }

    /// What tells when the time of the first one is over.
    pub(super) fn too_late(&self) -> Receiver<Instant> {
        self.0.front().map_or_else(never, |(end, _)| at(*end))
    }

    /// The next one whose time is over.
    pub(super) fn next_late(&mut self) -> Option<WorkerNumber> {
        let (_, worker) = self.0.pop_front_if(|(end, _)| *end <= Instant::now())?;
        Some(worker)
    }
}
