//! The workers, as the scheduler sees them.

use std::collections::BTreeSet;

use research_core::{Event, WorkerNumber};

use super::queue::Queued;
use super::unfinished::EndedSet;
use crate::clock::Moment;
use crate::transport::messages::TaskNumber;

/// The workers of a run, each with what it does. Changing one takes the same time however many
/// there are.
#[derive(Debug, Default)]
pub(super) struct Workers {
    workers: Vec<Worker>,
    /// Those that have nothing to do; the last one gets the next task.
    idle: Vec<WorkerNumber>,
    /// Those that are gone and may be started again.
    gone: Vec<WorkerNumber>,
    starting: u32,
    busy: u32,
    /// When the tasks of those that are busy must have ended, where that is limited.
    limits: BTreeSet<(Moment, WorkerNumber)>,
}

#[derive(Debug)]
struct Worker {
    pid: u32,
    /// Its place among those that are idle or gone, while it is one of these.
    place: usize,
    state: WorkerState,
}

/// What a worker does.
#[derive(Debug)]
pub(super) enum WorkerState {
    Gone,
    Starting,
    Idle,
    Busy {
        number: TaskNumber,
        task: Queued,
        /// Those of its experiments that have ended.
        known: EndedSet,
        /// When it must have ended.
        limit: Option<Moment>,
    },
    /// Told to end, because it can run nothing more.
    Retiring,
    Quitting,
}

impl Workers {
    pub(super) fn state(&self, worker: WorkerNumber) -> Option<&WorkerState> {
        self.workers
            .get(worker.0 as usize)
            .map(|worker| &worker.state)
    }

    /// Whether a worker does this task: it may have been given up meanwhile.
    pub(super) fn does(&self, worker: WorkerNumber, task: TaskNumber) -> bool {
        matches!(self.state(worker), Some(WorkerState::Busy { number, .. }) if *number == task)
    }

    pub(super) fn pid(&self, worker: WorkerNumber) -> u32 {
        self.workers
            .get(worker.0 as usize)
            .map_or(0, |worker| worker.pid)
    }

    /// Changes a worker's state, and gives the old one.
    pub(super) fn set(&mut self, number: WorkerNumber, state: WorkerState) -> WorkerState {
        if self.state(number).is_none() {
            return WorkerState::Gone;
        }
        self.leave(number);
        let place = match &state {
            WorkerState::Idle => push(&mut self.idle, number),
            WorkerState::Gone => push(&mut self.gone, number),
            WorkerState::Starting => count(&mut self.starting),
            WorkerState::Busy { limit, .. } => {
                self.limits.extend(limit.map(|limit| (limit, number)));
                count(&mut self.busy)
            }
            WorkerState::Retiring | WorkerState::Quitting => 0,
        };
        let worker = &mut self.workers[number.0 as usize];
        worker.place = place;
        std::mem::replace(&mut worker.state, state)
    }

    /// Takes a worker out of the list or the count of those that are in its state.
    fn leave(&mut self, number: WorkerNumber) {
        let Some(worker) = self.workers.get(number.0 as usize) else {
            return;
        };
        let list = match &worker.state {
            WorkerState::Idle => &mut self.idle,
            WorkerState::Gone => &mut self.gone,
            WorkerState::Starting => return self.starting -= 1,
            WorkerState::Busy { limit, .. } => {
                if let Some(limit) = limit {
                    self.limits.remove(&(*limit, number));
                }
                return self.busy -= 1;
            }
            WorkerState::Retiring | WorkerState::Quitting => return,
        };
        let place = worker.place;
        list.swap_remove(place);
        if let Some(moved) = list.get(place) {
            self.workers[moved.0 as usize].place = place;
        }
    }

    /// The worker whose task must have ended first of all that are limited, and when.
    pub(super) fn first_limit(&self) -> Option<(Moment, WorkerNumber)> {
        self.limits.first().copied()
    }

    /// Gives the task of a worker more time.
    pub(super) fn put_off(&mut self, number: WorkerNumber, until: Moment) {
        let worker = self.workers.get_mut(number.0 as usize);
        if let Some(WorkerState::Busy {
            limit: Some(limit), ..
        }) = worker.map(|worker| &mut worker.state)
        {
            self.limits.remove(&(*limit, number));
            self.limits.insert((until, number));
            *limit = until;
        }
    }

    /// Notes which experiments have ended of what a worker runs.
    pub(super) fn note_ends(&mut self, number: WorkerNumber, events: &[Event]) {
        let worker = self.workers.get_mut(number.0 as usize);
        if let Some(WorkerState::Busy { known, .. }) = worker.map(|worker| &mut worker.state) {
            known.note(events);
        }
    }

    /// A worker has come up, if it was being started.
    pub(super) fn up(&mut self, number: WorkerNumber, pid: u32) -> bool {
        let is_awaited = matches!(self.state(number), Some(WorkerState::Starting));
        if is_awaited {
            self.set(number, WorkerState::Idle);
            self.workers[number.0 as usize].pid = pid;
        }
        is_awaited
    }

    /// One more worker that is being started, if there may be so many.
    pub(super) fn start_one(&mut self, most: u32) -> Option<WorkerNumber> {
        let number = match self.gone.last() {
            Some(number) => *number,
            None => {
                let number = u32::try_from(self.workers.len()).ok()?;
                if number >= most {
                    return None;
                }
                let number = WorkerNumber(number);
                let place = push(&mut self.gone, number);
                self.workers.push(Worker {
                    pid: 0,
                    place,
                    state: WorkerState::Gone,
                });
                number
            }
        };
        self.set(number, WorkerState::Starting);
        Some(number)
    }

    /// Those that have nothing to do; the last one was busy last.
    pub(super) fn idle(&self) -> &[WorkerNumber] {
        &self.idle
    }

    /// How many run a task.
    pub(super) fn busy(&self) -> usize {
        self.busy as usize
    }

    /// How many will take a task as soon as there is one.
    pub(super) fn available(&self) -> usize {
        self.idle.len() + self.starting as usize
    }

    /// Whether all are gone.
    pub(super) fn all_gone(&self) -> bool {
        self.gone.len() == self.workers.len()
    }

    /// All numbers.
    pub(super) fn numbers(&self) -> impl Iterator<Item = WorkerNumber> + use<> {
        (0..u32::try_from(self.workers.len()).unwrap_or(u32::MAX)).map(WorkerNumber)
    }
}

/// Adds a worker to a list, and gives its place in it.
fn push(list: &mut Vec<WorkerNumber>, number: WorkerNumber) -> usize {
    list.push(number);
    list.len() - 1
}

/// Counts one more; those that are counted have no place in a list.
fn count(counter: &mut u32) -> usize {
    *counter += 1;
    0
}
