//! The scheduler within reach of all threads of the leader. Whoever hears of something tells it,
//! and does at once what mostly follows: events are handed to the writer, and a worker is given its
//! next task. To wake the leader's own thread for that would take longer than a small task does.

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

/// The scheduler, and what its actions need most often.
pub(super) struct Dispatch {
    pub(super) scheduler: Scheduler,
    pub(super) workers: HashMap<WorkerNumber, Arc<RunningWorker>>,
    pub(super) writer: Option<Writer>,
    clock: Clock,
    /// What the scheduler asked for last; the buffer is used again.
    asked: Vec<Action>,
    /// What is to be done by the leader's own thread, in order, and all that comes after it.
    left: VecDeque<Action>,
    /// The tasks that whoever has caused them is to send.
    pending_sends: Vec<PendingSend>,
    /// When the leader's own thread wakes without being told.
    wakes_at: Option<Moment>,
    /// What a thread said that panicked while it told the scheduler of something.
    panic: Option<Box<dyn Any + Send>>,
}

impl Dispatch {
    pub(super) fn new(scheduler: Scheduler, writer: Writer) -> Self {
        Self {
            scheduler,
            workers: HashMap::new(),
            writer: Some(writer),
            clock: Clock::start(),
            asked: Vec::new(),
            left: VecDeque::new(),
            pending_sends: Vec::new(),
            wakes_at: None,
            panic: None,
        }
    }

    /// Begins the run.
    pub(super) fn start(&mut self) {
        self.scheduler.start(self.clock.now(), &mut self.asked);
        self.execute();
    }

    /// Tells the scheduler of something, and does what follows from it.
    pub(super) fn handle(&mut self, input: Input) {
        self.scheduler
            .handle(self.clock.now(), input, &mut self.asked);
        self.execute();
    }

    /// What is to be done next by the leader's own thread.
    pub(super) fn next_action(&mut self) -> Option<Action> {
        let action = self.left.pop_front();
        self.execute();
        action
    }

    /// How long it is until there is something to do even if nothing happens. The leader's own thread
    /// asks before it waits, and is woken if it becomes less.
    pub(super) fn time_left(&mut self) -> Option<Duration> {
        self.wakes_at = self.scheduler.next_deadline();
        Some(self.clock.time_until(self.wakes_at?))
    }

    /// Whether there is something to do for the leader's own thread.
    fn needs_leader(&self) -> bool {
        let deadline = self.scheduler.next_deadline();
        let is_earlier = |moment| self.wakes_at.is_none_or(|wakes_at| moment < wakes_at);
        !self.left.is_empty() || self.panic.is_some() || deadline.is_some_and(is_earlier)
    }

    /// Hands events to the writer.
    pub(super) fn append(&self, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        if let Some(writer) = &self.writer {
            writer.append(events);
        }
    }

    /// The tasks to send now. Their events are with the writer; nobody else has to wait meanwhile.
    pub(super) fn take_pending_sends(&mut self) -> Vec<PendingSend> {
        std::mem::take(&mut self.pending_sends)
    }

    /// Does what any thread may do, up to the first action that is the leader's; events that follow
    /// each other go to the writer together.
    fn execute(&mut self) {
        self.left.extend(self.asked.drain(..));
        let mut events = Vec::new();
        while let Some(action) = self.left.pop_front() {
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
                    self.left.push_front(other);
                    break;
                }
            }
        }
        self.append(events);
    }
}

/// A task that is to be sent to a worker.
pub(super) struct PendingSend {
    worker: Arc<RunningWorker>,
    number: TaskNumber,
    task: Task,
}

impl PendingSend {
    pub(super) fn send(self) {
        if self.worker.run(self.number, &self.task).is_err() {
            // Mostly it is gone already. One that does not read has missed a part of the message;
            // either way its link says that it is lost.
            self.worker.kill();
        }
    }
}

/// The leader's own hold of the dispatch.
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

    /// Waits for its turn. A panic of another thread in the middle of its own goes on here: it is
    /// the domain's, which was asked for its next config.
    pub(super) fn lock(&self) -> MutexGuard<'_, Dispatch> {
        let mut dispatch = self.dispatch.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(panic) = dispatch.panic.take() {
            resume_unwind(panic);
        }
        dispatch
    }

    /// Has something in it when there is something to do for the leader's own thread.
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

/// The hold of a thread that listens to a worker.
pub(super) struct DispatchSender {
    dispatch: Weak<Mutex<Dispatch>>,
    wake: Sender<()>,
}

impl DispatchSender {
    /// Tells of something, and does what follows from it; false if there is no leader any more.
    pub(super) fn report(&self, input: Input) -> bool {
        let Some(dispatch) = self.dispatch.upgrade() else {
            return false;
        };
        let Ok(mut dispatch) = dispatch.lock() else {
            // The leader has panicked, and ends.
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
            // It is full only if the leader is to wake already.
            let _ = self.wake.try_send(());
        }
        true
    }
}
