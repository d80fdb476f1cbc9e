//! The dispatch, which gives all threads of the leader access to the scheduler.
//!
//! The thread that receives a report feeds it to the scheduler and executes the most frequent
//! actions at once: it passes events to the writer, and sends the next task to the worker. Waking
//! the leader's own thread for that would take longer than a small task.

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use research_core::{Event, WorkerNumber};

use super::launch::RunningWorker;
use super::writer::Writer;
use crate::clock::{Clock, Moment};
use crate::scheduler::{Action, Input, Scheduler};
use crate::transport::messages::{Task, TaskNumber};

/// The scheduler, and the state that its most frequent actions need.
pub(super) struct Dispatch {
    pub(super) scheduler: Scheduler,
    pub(super) workers: HashMap<WorkerNumber, Arc<RunningWorker>>,
    pub(super) writer: Option<Writer>,
    clock: Clock,
    /// The actions of the last input; the buffer is reused.
    actions: Vec<Action>,
    /// Actions that the leader's own thread executes, and all later actions.
    for_leader: VecDeque<Action>,
    /// Tasks that the current thread must send once it has released the lock.
    pending_sends: Vec<PendingSend>,
    /// The time at which the leader's own thread wakes up by itself.
    wakes_at: Option<Moment>,
    /// The payload of a panic of the scheduler in another thread.
    panic: Option<Box<dyn Any + Send>>,
}

impl Dispatch {
    pub(super) fn new(scheduler: Scheduler, writer: Writer) -> Self {
        Self {
            scheduler,
            workers: HashMap::new(),
            writer: Some(writer),
            clock: Clock::start(),
            actions: Vec::new(),
            for_leader: VecDeque::new(),
            pending_sends: Vec::new(),
            wakes_at: None,
            panic: None,
        }
    }

    /// Starts the run.
    pub(super) fn start(&mut self) {
        self.scheduler.start(self.clock.now(), &mut self.actions);
        self.execute();
    }

    /// Feeds `input` to the scheduler and executes the resulting actions.
    pub(super) fn handle(&mut self, input: Input) {
        self.scheduler
            .handle(self.clock.now(), input, &mut self.actions);
        self.execute();
    }

    /// Takes the next action for the leader's own thread.
    pub(super) fn next_action(&mut self) -> Option<Action> {
        let action = self.for_leader.pop_front();
        self.execute();
        action
    }

    /// Returns the time until the scheduler needs a tick. The leader's own thread calls this before
    /// it waits; other threads wake it if the time becomes shorter.
    pub(super) fn time_left(&mut self) -> Option<Duration> {
        self.wakes_at = self.scheduler.next_deadline();
        Some(self.clock.time_until(self.wakes_at?))
    }

    /// Returns whether the leader's own thread must wake up.
    fn needs_leader(&self) -> bool {
        let deadline = self.scheduler.next_deadline();
        let is_earlier = |moment| self.wakes_at.is_none_or(|wakes_at| moment < wakes_at);
        !self.for_leader.is_empty() || self.panic.is_some() || deadline.is_some_and(is_earlier)
    }

    /// Passes events to the writer.
    pub(super) fn append(&self, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        if let Some(writer) = &self.writer {
            writer.append(events);
        }
    }

    /// Takes the tasks to send. The writer already has their events, and sending does not need the
    /// lock.
    pub(super) fn take_pending_sends(&mut self) -> Vec<PendingSend> {
        std::mem::take(&mut self.pending_sends)
    }

    /// Executes actions up to the first one that only the leader's own thread may execute. Passes
    /// the events of consecutive actions to the writer together.
    fn execute(&mut self) {
        self.for_leader.extend(self.actions.drain(..));
        let mut events = Vec::new();
        while let Some(action) = self.for_leader.pop_front() {
            match action {
                Action::Append(more) if events.is_empty() => events = more,
                Action::Append(more) => events.extend(more),
                Action::Send(worker, number, task)
                    if let Some(worker) = self.workers.get(&worker) =>
                {
                    self.pending_sends.push(PendingSend {
                        worker: Arc::clone(worker),
                        number,
                        task,
                    });
                }
                other => {
                    self.for_leader.push_front(other);
                    break;
                }
            }
        }
        self.append(events);
    }
}

/// A task to send to a worker.
pub(super) struct PendingSend {
    worker: Arc<RunningWorker>,
    number: TaskNumber,
    task: Task,
}

impl PendingSend {
    pub(super) fn send(self) {
        if self.worker.run(self.number, &self.task).is_err() {
            // Usually the worker has ended already. Otherwise it does not read, and has missed a
            // part of the message: end it. In both cases its listener reports the loss.
            self.worker.handle.end();
        }
    }
}

/// The leader's handle of the dispatch.
#[derive(Clone)]
pub(super) struct DispatchHandle {
    dispatch: Arc<Mutex<Dispatch>>,
    wake: Sender<()>,
    woken: Receiver<()>,
}

impl DispatchHandle {
    pub(super) fn new(dispatch: Dispatch) -> Self {
        let (wake, woken) = bounded(1);
        Self {
            dispatch: Arc::new(Mutex::new(dispatch)),
            wake,
            woken,
        }
    }

    /// Locks the dispatch, and resumes a panic of the scheduler in another thread. Such a panic
    /// comes from the domain, when the scheduler takes the next config.
    pub(super) fn lock(&self) -> MutexGuard<'_, Dispatch> {
        let mut dispatch = self.dispatch.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(panic) = dispatch.panic.take() {
            resume_unwind(panic);
        }
        dispatch
    }

    /// Returns the channel that receives a message when the leader's own thread must wake up.
    pub(super) fn woken(&self) -> &Receiver<()> {
        &self.woken
    }

    pub(super) fn sender(&self) -> DispatchSender {
        DispatchSender {
            dispatch: Arc::downgrade(&self.dispatch),
            wake: self.wake.clone(),
        }
    }
}

/// The handle with which the listener of a worker feeds inputs to the scheduler.
pub(super) struct DispatchSender {
    dispatch: Weak<Mutex<Dispatch>>,
    wake: Sender<()>,
}

impl DispatchSender {
    /// Feeds `input` to the scheduler and executes the resulting actions. Returns false if the
    /// leader has ended.
    pub(super) fn report(&self, input: Input) -> bool {
        let Some(dispatch) = self.dispatch.upgrade() else {
            return false;
        };
        let Ok(mut dispatch) = dispatch.lock() else {
            // The leader has panicked and ends.
            return false;
        };
        if dispatch.panic.is_some() {
            return false;
        }
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| dispatch.handle(input))) {
            dispatch.panic = Some(panic);
        }
        let needs_leader = dispatch.needs_leader();
        let pending_sends = dispatch.take_pending_sends();
        drop(dispatch);
        for order in pending_sends {
            order.send();
        }
        if needs_leader {
            // The channel is full only if the leader is about to wake up anyway.
            let _ = self.wake.try_send(());
        }
        true
    }
}
