//! The queue of tasks that wait for a worker.

use std::collections::{BTreeMap, VecDeque};

use research_core::Event;
use research_core::events::UpdateRecord;

use crate::clock::Moment;
use crate::task::{NewDomain, SourceError, SourceProgress, TaskSource};
use crate::transport::messages::Task;

/// The waiting tasks, including retries, and the source of new ones. It takes no more tasks from
/// the source than the workers can run at once, so that an update can still replace the rest of the
/// domain.
pub(super) struct Queue {
    source: Box<dyn TaskSource>,
    /// Whether the source has failed and returns no more tasks.
    has_failed: bool,
    waiting: VecDeque<Queued>,
    /// Tasks that are retried at the given moment.
    later: BTreeMap<(Moment, u64), Queued>,
    /// Distinguishes tasks of the same moment and keeps their order.
    next_later: u64,
}

/// A waiting or running task.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) task: Task,
    /// The number of workers that were lost while they ran it.
    pub(super) losses: u32,
}

impl Queue {
    pub(super) fn new(source: Box<dyn TaskSource>) -> Self {
        Self {
            source,
            has_failed: false,
            waiting: VecDeque::new(),
            later: BTreeMap::new(),
            next_later: 0,
        }
    }

    /// The number of tasks that wait for a worker.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether no task waits, for a worker or for its retry.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.later.is_empty()
    }

    /// Whether the source has no more tasks.
    pub(super) fn is_exhausted(&self) -> bool {
        self.has_failed || self.source.remaining() == Some(0)
    }

    /// The number of experiments that were not assigned yet, if it is known.
    pub(super) fn remaining(&self) -> Option<u64> {
        Some(self.source.remaining()? + self.experiments_waiting())
    }

    fn experiments_waiting(&self) -> u64 {
        let waiting = self.waiting.iter().chain(self.later.values());
        waiting.map(|queued| queued.task.len() as u64).sum()
    }

    /// The progress of the source.
    pub(super) fn progress(&self) -> SourceProgress {
        self.source.progress()
    }

    /// Replaces the rest of the domain.
    pub(super) fn update(&mut self, new: &NewDomain) -> Result<UpdateRecord, SourceError> {
        let mut update = self.source.update(new)?;
        let waiting = self.experiments_waiting();
        update.remaining = update.remaining.map(|remaining| remaining + waiting);
        Ok(update)
    }

    /// Takes a task from the source; returns false if there is none.
    pub(super) fn fill_one(&mut self) -> Result<bool, SourceError> {
        if self.is_exhausted() {
            return Ok(false);
        }
        match self.source.next_task() {
            Ok(Some(task)) => {
                self.waiting.push_back(Queued { task, losses: 0 });
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(error) => {
                self.has_failed = true;
                Err(error)
            }
        }
    }

    /// Takes the events about experiments that have a new index in the domain.
    pub(super) fn take_moved(&mut self) -> Vec<Event> {
        let moved = self.source.take_moved().into_iter();
        moved
            .map(|(experiment, place)| Event::Moved { experiment, place })
            .collect()
    }

    /// Returns the number of experiments in the next task, if there is one.
    pub(super) fn next_experiments(&self) -> Option<usize> {
        self.waiting.front().map(|queued| queued.task.len())
    }

    /// Takes the next task.
    pub(super) fn pop(&mut self) -> Option<Queued> {
        self.waiting.pop_front()
    }

    /// Puts a task at the front of the queue.
    pub(super) fn push_first(&mut self, queued: Queued) {
        self.waiting.push_front(queued);
    }

    /// Puts a task at the end of the queue.
    pub(super) fn push_last(&mut self, queued: Queued) {
        self.waiting.push_back(queued);
    }

    /// Queues a task for a retry at this moment.
    pub(super) fn push_later(&mut self, moment: Moment, queued: Queued) {
        self.later.insert((moment, self.next_later), queued);
        self.next_later += 1;
    }

    /// The moment of the next retry.
    pub(super) fn next_deadline(&self) -> Option<Moment> {
        self.later.keys().next().map(|(moment, _)| *moment)
    }

    /// Queues the tasks whose retry is due.
    pub(super) fn requeue_due(&mut self, now: Moment) {
        while let Some(first) = self.later.first_entry()
            && first.key().0 <= now
        {
            self.waiting.push_back(first.remove());
        }
    }
}
