//! The distributor within reach of all threads of the leader. Whoever hears of something tells it,
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
use crate::distributor::{Action, Distributor, Input};
use crate::link::message::{Task, TaskNumber};

/// The distributor, and what its actions need most often.
pub(super) struct Dispatch {
    pub(super) distributor: Distributor,
    pub(super) workers: HashMap<WorkerNumber, Arc<RunningWorker>>,
    pub(super) writer: Option<Writer>,
    clock: Clock,
    /// What the distributor asked for last; the buffer is used again.
    asked: Vec<Action>,
    /// What is to be done by the leader's own thread, in order, and all that comes after it.
    left: VecDeque<Action>,
    /// The tasks that whoever has caused them is to send.
    orders: Vec<Order>,
    /// When the leader's own thread wakes without being told.
    wakes_at: Option<Moment>,
    /// What a thread said that panicked while it told the distributor of something.
    panic: Option<Box<dyn Any + Send>>,
}

impl Dispatch {
    pub(super) fn new(distributor: Distributor, writer: Writer) -> Self {
        Self {
            distributor,
            workers: HashMap::new(),
            writer: Some(writer),
            clock: Clock::start(),
            asked: Vec::new(),
            left: VecDeque::new(),
            orders: Vec::new(),
            wakes_at: None,
            panic: None,
        }
    }

    /// Begins the run.
    pub(super) fn start(&mut self) {
        self.distributor.start(self.clock.now(), &mut self.asked);
        self.act();
    }

    /// Tells the distributor of something, and does what follows from it.
    pub(super) fn hear(&mut self, input: Input) {
        self.distributor
            .handle(self.clock.now(), input, &mut self.asked);
        self.act();
    }

    /// What is to be done next by the leader's own thread.
    pub(super) fn next_action(&mut self) -> Option<Action> {
        let action = self.left.pop_front();
        self.act();
        action
    }

    /// How long it is until there is something to do even if nothing happens. The leader's own thread
    /// asks before it waits, and is woken if it becomes less.
    pub(super) fn time_left(&mut self) -> Option<Duration> {
        self.wakes_at = self.distributor.next_deadline();
        Some(self.clock.time_until(self.wakes_at?))
    }

    /// Whether there is something to do for the leader's own thread.
    fn needs_leader(&self) -> bool {
        let deadline = self.distributor.next_deadline();
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
    pub(super) fn take_orders(&mut self) -> Vec<Order> {
        std::mem::take(&mut self.orders)
    }

    /// Does what any thread may do, up to the first action that is the leader's; events that follow
    /// each other go to the writer together.
    fn act(&mut self) {
        self.left.extend(self.asked.drain(..));
        let mut events = Vec::new();
        while let Some(action) = self.left.pop_front() {
            match action {
                Action::Append(more) if events.is_empty() => events = more,
                Action::Append(more) => events.extend(more),
                Action::Send(worker, number, task)
                    if let Some(worker) = self.workers.get(&worker) =>
                {
                    self.orders.push(Order {
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
pub(super) struct Order {
    worker: Arc<RunningWorker>,
    number: TaskNumber,
    task: Task,
}

impl Order {
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
pub(super) struct Desk {
    dispatch: Arc<Mutex<Dispatch>>,
    wake: Sender<()>,
    woken: Receiver<()>,
}

impl Desk {
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

    pub(super) fn teller(&self) -> Teller {
        Teller {
            dispatch: Arc::downgrade(&self.dispatch),
            wake: self.wake.clone(),
        }
    }
}

/// The hold of a thread that listens to a worker.
pub(super) struct Teller {
    dispatch: Weak<Mutex<Dispatch>>,
    wake: Sender<()>,
}

impl Teller {
    /// Tells of something, and does what follows from it; false if there is no leader any more.
    pub(super) fn tell(&self, input: Input) -> bool {
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
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| dispatch.hear(input))) {
            dispatch.panic = Some(panic);
        }
        let needs_leader = dispatch.needs_leader();
        let orders = dispatch.take_orders();
        drop(dispatch);
        for order in orders {
            order.send();
        }
        if needs_leader {
            // It is full only if the leader is to wake already.
            let _ = self.wake.try_send(());
        }
        true
    }
}
