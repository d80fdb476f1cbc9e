//! The states of the workers.

use std::collections::BTreeSet;

use research_core::{Event, ExperimentNumber, WorkerNumber};

use super::ended_set::EndedSet;
use super::queue::Queued;
use crate::clock::Moment;
use crate::transport::messages::TaskNumber;

/// The workers of a run and their states. Every change takes constant time.
#[derive(Debug, Default)]
pub(super) struct Workers {
    workers: Vec<Worker>,
    /// The idle workers; the last one gets the next task.
    idle: Vec<WorkerNumber>,
    /// The workers that have ended; their numbers are reused.
    gone: Vec<WorkerNumber>,
    starting: u32,
    busy: u32,
    /// The deadlines of running tasks.
    deadlines: BTreeSet<(Moment, WorkerNumber)>,
}

#[derive(Debug)]
struct Worker {
    pid: u32,
    /// The index in `idle` or `gone`, while it is in one of them.
    index: usize,
    state: WorkerState,
}

/// The state of a worker.
#[derive(Debug)]
pub(super) enum WorkerState {
    Gone,
    Starting,
    Idle,
    Busy {
        number: TaskNumber,
        task: Queued,
        /// The experiments of the task that have ended.
        known: EndedSet,
        /// The moment at which the worker is killed if the task has not ended.
        deadline: Option<Moment>,
    },
    /// The worker was asked to end, because it can run no more tasks.
    Retiring,
    Quitting,
}

impl Workers {
    pub(super) fn state(&self, worker: WorkerNumber) -> Option<&WorkerState> {
        self.workers
            .get(worker.0 as usize)
            .map(|worker| &worker.state)
    }

    /// Whether a worker still runs this task. Reports of a task may arrive after the scheduler has
    /// taken it from the worker.
    pub(super) fn runs(&self, worker: WorkerNumber, task: TaskNumber) -> bool {
        matches!(self.state(worker), Some(WorkerState::Busy { number, .. }) if *number == task)
    }

    pub(super) fn pid(&self, worker: WorkerNumber) -> u32 {
        self.workers
            .get(worker.0 as usize)
            .map_or(0, |worker| worker.pid)
    }

    /// Returns the worker that runs an experiment and has not reported its end.
    pub(super) fn running(&self, experiment: ExperimentNumber) -> Option<WorkerNumber> {
        self.numbers().find(|number| match self.state(*number) {
            Some(WorkerState::Busy { task, known, .. }) => {
                let mut task = task.task.iter();
                let one = task.find(|one| one.number == experiment);
                one.is_some_and(|one| known.status(one).is_none())
            }
            _ => false,
        })
    }

    /// Sets the state of a worker and returns the old one.
    pub(super) fn set(&mut self, number: WorkerNumber, state: WorkerState) -> WorkerState {
        if self.state(number).is_none() {
            return WorkerState::Gone;
        }
        self.leave(number);
        let index = match &state {
            WorkerState::Idle => push(&mut self.idle, number),
            WorkerState::Gone => push(&mut self.gone, number),
            WorkerState::Starting => count(&mut self.starting),
            WorkerState::Busy { deadline, .. } => {
                self.deadlines
                    .extend(deadline.map(|deadline| (deadline, number)));
                count(&mut self.busy)
            }
            WorkerState::Retiring | WorkerState::Quitting => 0,
        };
        let worker = &mut self.workers[number.0 as usize];
        worker.index = index;
        std::mem::replace(&mut worker.state, state)
    }

    /// Removes a worker from the list or the count of its state.
    fn leave(&mut self, number: WorkerNumber) {
        let Some(worker) = self.workers.get(number.0 as usize) else {
            return;
        };
        let list = match &worker.state {
            WorkerState::Idle => &mut self.idle,
            WorkerState::Gone => &mut self.gone,
            WorkerState::Starting => return self.starting -= 1,
            WorkerState::Busy { deadline, .. } => {
                if let Some(deadline) = deadline {
                    self.deadlines.remove(&(*deadline, number));
                }
                return self.busy -= 1;
            }
            WorkerState::Retiring | WorkerState::Quitting => return,
        };
        let index = worker.index;
        list.swap_remove(index);
        if let Some(moved) = list.get(index) {
            self.workers[moved.0 as usize].index = index;
        }
    }

    /// The earliest deadline, and its worker.
    pub(super) fn first_deadline(&self) -> Option<(Moment, WorkerNumber)> {
        self.deadlines.first().copied()
    }

    /// Extends the deadline of the task of a worker.
    pub(super) fn extend_deadline(&mut self, number: WorkerNumber, until: Moment) {
        let worker = self.workers.get_mut(number.0 as usize);
        if let Some(WorkerState::Busy {
            deadline: Some(deadline),
            ..
        }) = worker.map(|worker| &mut worker.state)
        {
            self.deadlines.remove(&(*deadline, number));
            self.deadlines.insert((until, number));
            *deadline = until;
        }
    }

    /// Records the ends of experiments that a worker has reported.
    pub(super) fn note_ends(&mut self, number: WorkerNumber, events: &[Event]) {
        let worker = self.workers.get_mut(number.0 as usize);
        if let Some(WorkerState::Busy { known, .. }) = worker.map(|worker| &mut worker.state) {
            known.note(events);
        }
    }

    /// Records that a worker is ready; returns false if it was not being started.
    pub(super) fn up(&mut self, number: WorkerNumber, pid: u32) -> bool {
        let is_awaited = matches!(self.state(number), Some(WorkerState::Starting));
        if is_awaited {
            self.set(number, WorkerState::Idle);
            self.workers[number.0 as usize].pid = pid;
        }
        is_awaited
    }

    /// Adds a worker that is being started, unless there are already `most` workers.
    pub(super) fn start_one(&mut self, most: u32) -> Option<WorkerNumber> {
        let number = match self.gone.last() {
            Some(number) => *number,
            None => {
                let number = u32::try_from(self.workers.len()).ok()?;
                if number >= most {
                    return None;
                }
                let number = WorkerNumber(number);
                let index = push(&mut self.gone, number);
                self.workers.push(Worker {
                    pid: 0,
                    index,
                    state: WorkerState::Gone,
                });
                number
            }
        };
        self.set(number, WorkerState::Starting);
        Some(number)
    }

    /// Returns the idle workers; the last one gets the next task.
    pub(super) fn idle(&self) -> &[WorkerNumber] {
        &self.idle
    }

    /// The number of workers that run a task.
    pub(super) fn busy(&self) -> usize {
        self.busy as usize
    }

    /// The number of workers that can take a task, or will soon.
    pub(super) fn available(&self) -> usize {
        self.idle.len() + self.starting as usize
    }

    /// Whether all workers have ended.
    pub(super) fn all_gone(&self) -> bool {
        self.gone.len() == self.workers.len()
    }

    /// The numbers of all workers.
    pub(super) fn numbers(&self) -> impl Iterator<Item = WorkerNumber> + use<> {
        (0..u32::try_from(self.workers.len()).unwrap_or(u32::MAX)).map(WorkerNumber)
    }
}

/// Appends a worker to a list and returns its index.
fn push(list: &mut Vec<WorkerNumber>, number: WorkerNumber) -> usize {
    list.push(number);
    list.len() - 1
}

/// Increments a count. Workers that are counted have no index.
fn count(counter: &mut u32) -> usize {
    *counter += 1;
    0
}
