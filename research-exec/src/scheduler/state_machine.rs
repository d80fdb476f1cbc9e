//! The state of the scheduler and its transitions.

use research_core::{Event, LogLevel, Outcome};

use super::ended_set::EndedSet;
use super::queue::Queue;
use super::updates::Updates;
use super::workers::{WorkerState, Workers};
use super::{Action, Input, Settings, StatusCounts};
use crate::clock::{Moment, Now};
use crate::devices::MemoryAdmission;
use crate::task::TaskSource;
use crate::transport::messages::TaskNumber;

/// Assigns the tasks of a source to workers. Every experiment that it takes from the source gets
/// exactly one final status, unless the run is stopped first.
pub(crate) struct Scheduler {
    pub(super) settings: Settings,
    pub(super) queue: Queue,
    pub(super) updates: Updates,
    pub(super) workers: Workers,
    pub(super) phase: Phase,
    /// Checks the memory of devices; `None` if it is not checked.
    pub(super) admission: Option<MemoryAdmission>,
    next_task: u64,
    pub(super) consecutive_losses: u32,
    /// Whether unfinished experiments are left to a resumed run.
    pub(super) leaves_some: bool,
    pub(super) counts: StatusCounts,
}

/// The phase of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Running,
    /// Running tasks finish, and no others start.
    Stopping(Outcome),
    /// The workers were asked to end.
    Dismissing(Outcome),
    Done,
}

impl Scheduler {
    pub(crate) fn new(settings: Settings, source: Box<dyn TaskSource>) -> Self {
        Self {
            updates: Updates::new(settings.updates.clone()),
            settings,
            queue: Queue::new(source),
            workers: Workers::default(),
            phase: Phase::Running,
            admission: None,
            next_task: 0,
            consecutive_losses: 0,
            leaves_some: false,
            counts: StatusCounts::default(),
        }
    }

    /// The number of experiments with each final status.
    pub(crate) fn counts(&self) -> &StatusCounts {
        &self.counts
    }

    /// The number of experiments that were not assigned yet, if it is known.
    pub(crate) fn remaining(&self) -> Option<u64> {
        self.queue.remaining()
    }

    /// Returns the moment at which the scheduler needs the next [`Input::Tick`].
    pub(crate) fn next_deadline(&self) -> Option<Moment> {
        let check = self
            .admission
            .as_ref()
            .and_then(MemoryAdmission::next_check);
        let begun = self.queue.next_deadline().into_iter().chain(check);
        let begun = begun.filter(|_| self.phase == Phase::Running);
        begun.chain(self.next_task_deadline()).min()
    }

    /// Starts the run. Starts one worker per task, up to the limit.
    pub(crate) fn start(&mut self, now: Now, actions: &mut Vec<Action>) {
        self.ask_for_missed_update(actions);
        self.proceed(now, actions);
    }

    /// Handles an input and appends the resulting actions.
    pub(crate) fn handle(&mut self, now: Now, input: Input, actions: &mut Vec<Action>) {
        match input {
            Input::WorkerUp { worker, pid, host } => {
                if self.workers.up(worker, pid) {
                    actions.push(Action::Append(vec![Event::WorkerStarted {
                        at: now.at,
                        worker,
                        pid,
                        host,
                        engine: None,
                    }]));
                }
            }
            Input::WorkerLost { worker, reason } => self.worker_lost(now, worker, reason, actions),
            Input::Events {
                worker,
                task,
                events,
            } => {
                if self.workers.runs(worker, task) {
                    self.workers.note_ends(worker, &events);
                    actions.push(Action::Append(events));
                }
            }
            Input::Ended {
                worker,
                task,
                events,
                endings,
                retiring,
            } => {
                if self.workers.runs(worker, task) {
                    self.workers.note_ends(worker, &events);
                    actions.push(Action::Append(events));
                    self.task_ended(now, worker, &endings, retiring, actions);
                }
            }
            Input::ExecutorDied {
                worker,
                task,
                termination,
            } => {
                if self.workers.runs(worker, task) {
                    self.executor_died(now, worker, &termination, actions);
                }
            }
            Input::StorageFailed {
                worker,
                task,
                reason,
            } => {
                if self.workers.runs(worker, task) {
                    self.storage_failed(now, worker, reason, actions);
                }
            }
            Input::Sampled { round, samples } => {
                if let Some(admission) = &mut self.admission {
                    admission.take_samples(round, samples);
                }
            }
            Input::Tick => self.kill_overdue(now, actions),
            Input::Updated(answer) => self.updated(now, answer, actions),
            Input::Cancel {
                experiment,
                status,
                reason,
            } => self.cancel(now, experiment, status, reason, actions),
            Input::Stop => self.stop(Outcome::Interrupted, actions),
            Input::Kill => self.kill(actions),
        }
        self.proceed(now, actions);
    }

    /// Assigns the tasks that can run now; called after every input.
    fn proceed(&mut self, now: Now, actions: &mut Vec<Action>) {
        self.abort_after_failures(now, actions);
        self.queue.requeue_due(now.moment);
        self.refresh_devices(now);
        self.fill(now, actions);
        self.assign(now, actions);
        self.wait_for_devices(now, actions);
        self.start_workers(actions);
        self.finish_if_done(actions);
    }

    /// Takes tasks from the source: one for each worker, then one for each task that has ended,
    /// after the update rules were asked.
    fn fill(&mut self, now: Now, actions: &mut Vec<Action>) {
        let most = self.settings.workers.max(1) as usize;
        while self.phase == Phase::Running && !self.updates.is_asked() {
            let taken = self.workers.busy() + self.queue.len() + self.updates.ended();
            let filled = if taken < most {
                self.queue.fill_one()
            } else {
                Ok(false)
            };
            let moved = self.queue.take_moved();
            if !moved.is_empty() {
                actions.push(Action::Append(moved));
            }
            match filled {
                Ok(true) => {}
                Ok(false) if self.ask_rules(actions) => {}
                Ok(false) => return,
                Err(error) => self.give_up(now, error.to_string(), actions),
            }
        }
    }

    /// Assigns waiting tasks to idle workers.
    fn assign(&mut self, now: Now, actions: &mut Vec<Action>) {
        while self.phase == Phase::Running
            && let Some(worker) = self.next_worker(now)
            && let Some(task) = self.queue.pop()
        {
            let number = TaskNumber(self.next_task);
            self.next_task += 1;
            let pid = self.workers.pid(worker);
            let experiments = task.task.iter();
            let started = experiments.map(|one| {
                let added = self.settings.added(worker, one.branch);
                one.started(now.at, worker, pid, added)
            });
            actions.push(Action::Append(started.collect()));
            actions.push(Action::Send(worker, number, task.task.clone()));
            if let Some(admission) = &mut self.admission {
                admission.begin(worker, number, task.task.len());
            }
            let deadline = self.task_deadline(now);
            let state = WorkerState::Busy {
                number,
                task,
                known: EndedSet::default(),
                deadline,
            };
            self.workers.set(worker, state);
        }
    }

    /// Starts workers for waiting tasks that no idle worker can take.
    fn start_workers(&mut self, actions: &mut Vec<Action>) {
        let most = self.settings.workers.max(1);
        let waiting = self.admission.as_ref().map_or(0, MemoryAdmission::waiting);
        while self.phase == Phase::Running
            && self.workers.available() < self.queue.len() + waiting
            && let Some(worker) = self.workers.start_one(most)
        {
            actions.push(Action::Start(worker));
        }
    }

    /// Lets running tasks finish, and starts no others.
    pub(super) fn stop(&mut self, outcome: Outcome, actions: &mut Vec<Action>) {
        if self.phase != Phase::Running {
            return;
        }
        self.phase = Phase::Stopping(outcome);
        for number in self.workers.numbers() {
            if matches!(self.workers.state(number), Some(WorkerState::Starting)) {
                self.workers.set(number, WorkerState::Quitting);
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
        self.updates.forget();
        for number in self.workers.numbers() {
            if !matches!(self.workers.state(number), None | Some(WorkerState::Gone)) {
                let before = self.workers.set(number, WorkerState::Quitting);
                self.leave_unfinished(before);
                actions.push(Action::Kill(number));
            }
        }
    }

    /// Aborts the run, and logs the reason.
    pub(super) fn give_up(&mut self, now: Now, reason: String, actions: &mut Vec<Action>) {
        let text = format!("the run was aborted: {reason}");
        let event = Event::Message {
            at: now.at,
            experiment: None,
            level: LogLevel::Error,
            text,
        };
        actions.push(Action::Append(vec![event]));
        actions.push(Action::GiveUp(reason));
        self.stop(Outcome::Aborted, actions);
    }

    /// Dismisses the workers when no task is left, and ends the run when they have ended.
    fn finish_if_done(&mut self, actions: &mut Vec<Action>) {
        let outcome = match self.phase {
            Phase::Running if self.queue.is_exhausted() && self.queue.is_empty() => {
                Some(Outcome::Complete)
            }
            Phase::Stopping(Outcome::Interrupted) if self.is_all_done() => Some(Outcome::Complete),
            Phase::Stopping(outcome) => Some(outcome),
            Phase::Running | Phase::Dismissing(_) | Phase::Done => None,
        };
        if let (Some(outcome), 0) = (outcome, self.workers.busy())
            && !self.updates.is_asked()
        {
            self.dismiss(actions);
            self.phase = Phase::Dismissing(outcome);
        }
        if let Phase::Dismissing(outcome) = self.phase
            && self.workers.all_gone()
        {
            self.phase = Phase::Done;
            actions.push(Action::Done(outcome));
        }
    }

    /// Whether a stopping run is complete, because the running tasks were the last ones. A run with
    /// update rules is not: they could have returned another domain.
    fn is_all_done(&self) -> bool {
        let is_taken = self.queue.is_exhausted() && self.queue.is_empty();
        is_taken && !self.leaves_some && !self.updates.has_rules()
    }

    fn dismiss(&mut self, actions: &mut Vec<Action>) {
        for number in self.workers.numbers() {
            match self.workers.state(number) {
                Some(WorkerState::Idle) => actions.push(Action::Quit(number)),
                Some(WorkerState::Starting) => actions.push(Action::Kill(number)),
                _ => continue,
            }
            self.workers.set(number, WorkerState::Quitting);
        }
    }
}
