//! The tasks that wait for a worker.

use std::collections::{BTreeMap, VecDeque};

use research_core::{Event, UpdateRecord};

use crate::clock::Moment;
use crate::task::{NewDomain, SourceError, SourceProgress, TaskSource};
use crate::transport::messages::Task;

/// The tasks that wait, those that are tried again among them, and the source of new ones. It
/// takes from the source no more than workers can run at once, so that what is left of a domain
/// can still be replaced.
pub(super) struct Queue {
    source: Box<dyn TaskSource>,
    /// The source has failed: there is nothing more to take from it.
    has_failed: bool,
    waiting: VecDeque<Queued>,
    /// Those that may be tried again at some moment.
    later: BTreeMap<(Moment, u64), Queued>,
    /// Keeps tasks of the same moment apart, and in order.
    next_later: u64,
}

/// A task that waits or runs.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) task: Task,
    /// How many workers were lost while they ran it.
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

    /// How many tasks wait for a worker.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether no task waits, for a worker or for its moment.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.later.is_empty()
    }

    /// Whether there is nothing more to take from the source.
    pub(super) fn is_exhausted(&self) -> bool {
        self.has_failed || self.source.remaining() == Some(0)
    }

    /// How many experiments have not been given out, if that is known.
    pub(super) fn remaining(&self) -> Option<u64> {
        Some(self.source.remaining()? + self.experiments_waiting())
    }

    fn experiments_waiting(&self) -> u64 {
        let waiting = self.waiting.iter().chain(self.later.values());
        waiting.map(|queued| queued.task.len() as u64).sum()
    }

    /// How many experiments were taken from the domain.
    pub(super) fn progress(&self) -> SourceProgress {
        self.source.progress()
    }

    /// Replaces what is left of the domain.
    pub(super) fn update(&mut self, new: &NewDomain) -> Result<UpdateRecord, SourceError> {
        let mut update = self.source.update(new)?;
        let waiting = self.experiments_waiting();
        update.remaining = update.remaining.map(|remaining| remaining + waiting);
        Ok(update)
    }

    /// Takes one more task from the source; false if there is none.
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

    /// What the source has to tell of experiments that it has passed.
    pub(super) fn take_moved(&mut self) -> Vec<Event> {
        let moved = self.source.take_moved().into_iter();
        moved
            .map(|(experiment, place)| Event::Moved { experiment, place })
            .collect()
    }

    /// How many experiments the task has whose turn it is, if one waits.
    pub(super) fn next_experiments(&self) -> Option<usize> {
        self.waiting.front().map(|queued| queued.task.len())
    }

    /// The task whose turn it is.
    pub(super) fn pop(&mut self) -> Option<Queued> {
        self.waiting.pop_front()
    }

    /// Puts back a task that is to be tried again at once.
    pub(super) fn push_first(&mut self, queued: Queued) {
        self.waiting.push_front(queued);
    }

    /// Puts back a task that is to be tried again when its turn comes.
    pub(super) fn push_last(&mut self, queued: Queued) {
        self.waiting.push_back(queued);
    }

    /// Puts back a task that may be tried again at this moment.
    pub(super) fn push_later(&mut self, moment: Moment, queued: Queued) {
        self.later.insert((moment, self.next_later), queued);
        self.next_later += 1;
    }

    /// The next moment at which a task may be tried again.
    pub(super) fn next_deadline(&self) -> Option<Moment> {
        self.later.keys().next().map(|(moment, _)| *moment)
    }

    /// Lets those tasks wait for a worker whose moment has come.
    pub(super) fn put_back_due(&mut self, now: Moment) {
        while let Some(first) = self.later.first_entry()
            && first.key().0 <= now
        {
            self.waiting.push_back(first.remove());
        }
    }
}
