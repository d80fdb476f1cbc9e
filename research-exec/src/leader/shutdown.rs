//! The deadlines of workers that were told to end.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, at, never};
use research_core::WorkerNumber;

/// The time within which a worker must end. It is short because everything that the worker still
/// runs is discarded.
const SHUTDOWN_TIME: Duration = Duration::from_secs(2);

/// The workers that were told to end, in order of their deadlines.
#[derive(Default)]
pub(super) struct ShutdownDeadlines(VecDeque<(Instant, WorkerNumber)>);

impl ShutdownDeadlines {
    /// Starts the deadline of a worker.
    pub(super) fn start(&mut self, worker: WorkerNumber) {
        self.0.push_back((Instant::now() + SHUTDOWN_TIME, worker));
    }

    /// Removes the deadline of a worker number, because a new process has this number now.
    pub(super) fn cancel(&mut self, worker: WorkerNumber) {
        self.0.retain(|(_, waiting)| *waiting != worker);
    }

    /// Returns a channel that receives a message at the first deadline.
    pub(super) fn expiry(&self) -> Receiver<Instant> {
        self.0.front().map_or_else(never, |(end, _)| at(*end))
    }

    /// Takes the next worker whose deadline has expired.
    pub(super) fn next_expired(&mut self) -> Option<WorkerNumber> {
        let (_, worker) = self.0.pop_front_if(|(end, _)| *end <= Instant::now())?;
        Some(worker)
    }
}
