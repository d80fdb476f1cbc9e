//! The state of the distributor, and how it changes.

use std::collections::VecDeque;

use research_core::{Event, LogLevel, Outcome, Status, WorkerNumber};

use super::{Action, Input, Now, Settings, StatusCounts, killed_events};
use crate::executor::Ending;
use crate::link::message::{Task, TaskNumber};
use crate::task::TaskSource;

/// So many workers may be lost one after another without a task that ends between them.
const LOSSES_IN_A_ROW: u32 = 5;
/// So often may a task lose its worker before its experiments count as killed.
const LOSSES_OF_A_TASK: u32 = 3;

/// Distributes the tasks of a source among workers. Every experiment that it takes from the
/// source gets exactly one final status, unless the run is stopped before that.
pub(crate) struct Distributor {
    settings: Settings,
    source: Box<dyn TaskSource>,
    /// The source has said that there is nothing more.
    exhausted: bool,
    phase: Phase,
    workers: Vec<Worker>,
    idle: Vec<WorkerNumber>,
    busy: u32,
    /// Workers that are not gone.
    alive: u32,
    /// Tasks that are to be tried again.
    waiting: VecDeque<Waiting>,
    next_task: u64,
    losses_in_a_row: u32,
    counts: StatusCounts,
}

/// How far the run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Running,
    /// Nothing new is taken; what runs is finished.
    Stopping(Outcome),
    /// The workers are told to go.
    Dismissing(Outcome),
    Done,
}

#[derive(Debug)]
struct Waiting {
    task: Task,
    losses: u32,
}

#[derive(Debug)]
struct Worker {
    pid: u32,
    state: WorkerState,
}

#[derive(Debug)]
enum WorkerState {
    Gone,
    Starting,
    Idle,
    Busy {
        number: TaskNumber,
        task: Task,
        losses: u32,
    },
    Quitting,
}

impl Distributor {
    pub(crate) fn new(settings: Settings, source: Box<dyn TaskSource>) -> Self {
        Self {
            settings,
            source,
            exhausted: false,
            phase: Phase::Running,
            workers: Vec::new(),
            idle: Vec::new(),
            busy: 0,
            alive: 0,
            waiting: VecDeque::new(),
            next_task: 0,
            losses_in_a_row: 0,
            counts: StatusCounts::default(),
        }
    }

    /// How many experiments got which final status.
    pub(crate) fn counts(&self) -> &StatusCounts {
        &self.counts
    }

    /// How many experiments the source still has, if that is known.
    pub(crate) fn remaining(&self) -> Option<u64> {
        self.source.remaining()
    }

    /// Begins: asks for as many workers as there is work for.
    pub(crate) fn start(&mut self, actions: &mut Vec<Action>) {
        self.tell_moved(actions);
        let work = self.source.remaining().unwrap_or(u64::MAX);
        self.exhausted = work == 0;
        let tasks = work.div_ceil(self.settings.branches.max(1).into());
        let count = tasks.min(self.settings.workers.max(1).into());
        for number in (0..self.settings.workers.max(1)).map(WorkerNumber) {
            if u64::from(number.0) < count {
                self.workers.push(Worker {
                    pid: 0,
                    state: WorkerState::Starting,
                });
                self.alive += 1;
                actions.push(Action::Start(number));
            }
        }
        self.wind_up(actions);
    }

    /// Takes in what happened, and adds what is to be done.
    pub(crate) fn handle(&mut self, now: Now, input: Input, actions: &mut Vec<Action>) {
        match input {
            Input::WorkerUp { worker, pid } => self.worker_up(now, worker, pid, actions),
            Input::WorkerLost { worker, reason } => self.worker_lost(now, worker, reason, actions),
            Input::Events {
                worker,
                task,
                events,
            } => {
                if self.is_current(worker, task) {
                    actions.push(Action::Append(events));
                }
            }
            Input::Ended {
                worker,
                task,
                events,
                endings,
            } => {
                if self.is_current(worker, task) {
                    actions.push(Action::Append(events));
                    self.task_ended(worker, &endings);
                }
            }
            Input::Stop => self.stop(Outcome::Interrupted, actions),
            Input::Kill => self.kill(actions),
        }
        self.assign(now, actions);
        self.wind_up(actions);
    }

    fn is_current(&self, worker: WorkerNumber, task: TaskNumber) -> bool {
        matches!(self.state(worker), Some(WorkerState::Busy { number, .. }) if *number == task)
    }

    fn state(&self, worker: WorkerNumber) -> Option<&WorkerState> {
        self.workers
            .get(worker.0 as usize)
            .map(|worker| &worker.state)
    }

    /// Changes a worker's state, gives the old one, and keeps the counts.
    fn set_state(&mut self, worker: WorkerNumber, state: WorkerState) -> WorkerState {
        let Some(slot) = self.workers.get_mut(worker.0 as usize) else {
            return WorkerState::Gone;
        };
        let old = std::mem::replace(&mut slot.state, state);
        match old {
            WorkerState::Idle => self.idle.retain(|idle| *idle != worker),
            WorkerState::Busy { .. } => self.busy -= 1,
            WorkerState::Gone => self.alive += 1,
            WorkerState::Starting | WorkerState::Quitting => {}
        }
        match self.workers[worker.0 as usize].state {
            WorkerState::Idle => self.idle.push(worker),
            WorkerState::Busy { .. } => self.busy += 1,
            WorkerState::Gone => self.alive -= 1,
            WorkerState::Starting | WorkerState::Quitting => {}
        }
        old
    }

    fn worker_up(&mut self, now: Now, worker: WorkerNumber, pid: u32, actions: &mut Vec<Action>) {
        if matches!(self.state(worker), Some(WorkerState::Starting)) {
            self.set_state(worker, WorkerState::Idle);
            self.workers[worker.0 as usize].pid = pid;
            actions.push(Action::Append(vec![Event::WorkerStarted {
                at: now,
                worker,
                pid,
            }]));
        }
    }

    /// Gives tasks to workers that have nothing to do, as long as there are both.
    fn assign(&mut self, now: Now, actions: &mut Vec<Action>) {
        while self.phase == Phase::Running {
            let Some(worker) = self.idle.last().copied() else {
                return;
            };
            let Some(Waiting { task, losses }) = self.next_work(now, actions) else {
                return;
            };
            let number = TaskNumber(self.next_task);
            self.next_task += 1;
            let pid = self.workers[worker.0 as usize].pid;
            let started = task
                .iter()
                .map(|one| one.started(now, worker, pid))
                .collect();
            actions.push(Action::Append(started));
            actions.push(Action::Send(worker, number, task.clone()));
            self.set_state(
                worker,
                WorkerState::Busy {
                    number,
                    task,
                    losses,
                },
            );
        }
    }

    fn next_work(&mut self, now: Now, actions: &mut Vec<Action>) -> Option<Waiting> {
        if let Some(waiting) = self.waiting.pop_front() {
            return Some(waiting);
        }
        if self.exhausted {
            return None;
        }
        let next = self.source.next_task();
        self.tell_moved(actions);
        match next {
            Ok(Some(task)) => return Some(Waiting { task, losses: 0 }),
            Ok(None) => {}
            Err(error) => self.give_up(now, error.to_string(), actions),
        }
        self.exhausted = true;
        None
    }

    fn tell_moved(&mut self, actions: &mut Vec<Action>) {
        let moved = self.source.take_moved();
        if !moved.is_empty() {
            let event = |(experiment, place)| Event::Moved { experiment, place };
            actions.push(Action::Append(moved.into_iter().map(event).collect()));
        }
    }

    /// A worker did its task; what did not succeed is tried again if it may.
    fn task_ended(&mut self, worker: WorkerNumber, endings: &[Ending]) {
        self.losses_in_a_row = 0;
        let WorkerState::Busy { mut task, .. } = self.set_state(worker, WorkerState::Idle) else {
            return;
        };
        let retries = self.settings.retries;
        task.retain_mut(|experiment| {
            let ending = endings
                .iter()
                .find(|ending| ending.number == experiment.number);
            let status = ending.map_or(Status::Killed, |ending| ending.status);
            let again = !status.is_success() && experiment.attempt <= retries;
            if !again {
                self.counts.add(status);
            }
            experiment.attempt += 1;
            again
        });
        if !task.is_empty() {
            self.waiting.push_back(Waiting { task, losses: 0 });
        }
    }

    fn worker_lost(
        &mut self,
        now: Now,
        worker: WorkerNumber,
        reason: String,
        actions: &mut Vec<Action>,
    ) {
        let state = self.set_state(worker, WorkerState::Gone);
        if matches!(state, WorkerState::Gone | WorkerState::Quitting) {
            return;
        }
        self.losses_in_a_row += 1;
        let event = Event::WorkerLost {
            at: now,
            worker,
            reason: reason.clone(),
        };
        actions.push(Action::Append(vec![event]));
        if self.phase != Phase::Running {
            // What it ran stays unfinished; a resumed run does it.
            return;
        }
        if let WorkerState::Busy { task, losses, .. } = state {
            self.take_back(now, task, losses + 1, &reason, actions);
        }
        if self.losses_in_a_row > LOSSES_IN_A_ROW.max(2 * self.settings.workers) {
            self.give_up(now, format!("workers keep ending: {reason}"), actions);
        } else if !self.waiting.is_empty() || !self.exhausted {
            self.set_state(worker, WorkerState::Starting);
            actions.push(Action::Start(worker));
        }
    }

    /// A task whose worker was lost is tried again, as long as that is no endless story.
    fn take_back(
        &mut self,
        now: Now,
        mut task: Task,
        losses: u32,
        reason: &str,
        actions: &mut Vec<Action>,
    ) {
        let Settings {
            retries,
            shared_process,
            ..
        } = self.settings;
        let mut killed = Vec::new();
        task.retain_mut(|experiment| {
            let again = if shared_process {
                experiment.attempt <= retries
            } else {
                losses < LOSSES_OF_A_TASK
            };
            if !again {
                self.counts.add(Status::Killed);
                let message = format!("its worker was lost: {reason}");
                killed.extend(killed_events(now, experiment, &message));
            }
            experiment.attempt += 1;
            again
        });
        if !killed.is_empty() {
            actions.push(Action::Append(killed));
        }
        if !task.is_empty() {
            self.waiting.push_front(Waiting { task, losses });
        }
    }

    /// Finishes what runs, and takes nothing new.
    fn stop(&mut self, outcome: Outcome, actions: &mut Vec<Action>) {
        if self.phase != Phase::Running {
            return;
        }
        self.phase = Phase::Stopping(outcome);
        for number in self.numbers() {
            if matches!(self.state(number), Some(WorkerState::Starting)) {
                self.set_state(number, WorkerState::Quitting);
                actions.push(Action::Kill(number));
            }
        }
    }

    fn kill(&mut self, actions: &mut Vec<Action>) {
        self.phase = match self.phase {
            Phase::Running => Phase::Stopping(Outcome::Interrupted),
            Phase::Stopping(outcome) | Phase::Dismissing(outcome) => Phase::Stopping(outcome),
            Phase::Done => return,
        };
        for number in self.numbers() {
            if !matches!(self.state(number), None | Some(WorkerState::Gone)) {
                self.set_state(number, WorkerState::Quitting);
                actions.push(Action::Kill(number));
            }
        }
    }

    /// Ends the run, for a reason that people should see.
    fn give_up(&mut self, now: Now, reason: String, actions: &mut Vec<Action>) {
        let text = format!("the run ends here: {reason}");
        let event = Event::Message {
            at: now,
            experiment: None,
            level: LogLevel::Error,
            text,
        };
        actions.push(Action::Append(vec![event]));
        actions.push(Action::GiveUp(reason));
        self.stop(Outcome::Aborted, actions);
    }

    /// Lets the workers go when there is nothing left, and ends the run when they are gone.
    fn wind_up(&mut self, actions: &mut Vec<Action>) {
        let outcome = match self.phase {
            Phase::Running if self.exhausted && self.waiting.is_empty() => Some(Outcome::Complete),
            Phase::Stopping(outcome) => Some(outcome),
            Phase::Running | Phase::Dismissing(_) | Phase::Done => None,
        };
        if let (Some(outcome), 0) = (outcome, self.busy) {
            self.dismiss(actions);
            self.phase = Phase::Dismissing(outcome);
        }
        if let (Phase::Dismissing(outcome), 0) = (self.phase, self.alive) {
            self.phase = Phase::Done;
            actions.push(Action::Done(outcome));
        }
    }

    fn dismiss(&mut self, actions: &mut Vec<Action>) {
        for number in self.numbers() {
            match self.state(number) {
                Some(WorkerState::Idle) => actions.push(Action::Quit(number)),
                Some(WorkerState::Starting) => actions.push(Action::Kill(number)),
                _ => continue,
            }
            self.set_state(number, WorkerState::Quitting);
        }
    }

    fn numbers(&self) -> impl Iterator<Item = WorkerNumber> + use<> {
        (0..u32::try_from(self.workers.len()).unwrap_or(u32::MAX)).map(WorkerNumber)
    }
}
