//! The writer, the only thread that appends to the log. It then passes the events to subscribers.

use std::io;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};
use research_core::{Event, LogLevel, Storage, StorageError, Timestamp};

use super::subscribers::Subscribers;

/// The capacity of the writer's queue; when it is full, the leader waits.
const QUEUE: usize = 256;
/// The time for which the writer gathers events.
const GATHER: Duration = Duration::from_millis(1);
/// The time after which appended events are committed at the latest.
const COMMIT_INTERVAL: Duration = Duration::from_millis(50);
/// The same if they include ends of experiments.
const ENDINGS_INTERVAL: Duration = Duration::from_millis(20);

/// A command to the writer.
enum WriterCommand {
    Events(Vec<Event>),
    /// A function to call once all earlier events are committed and delivered to subscribers.
    Then(Box<dyn FnOnce() + Send>),
}

/// A running writer.
pub(super) struct Writer {
    queue: Option<Sender<WriterCommand>>,
    /// Closed when the thread ends, for any reason.
    ended: Receiver<()>,
    thread: JoinHandle<Result<(), StorageError>>,
}

impl Writer {
    pub(super) fn start(storage: Box<dyn Storage>, subscribers: Subscribers) -> io::Result<Self> {
        let (sender, queue) = bounded(QUEUE);
        let (alive, ended) = bounded(0);
        let thread = std::thread::Builder::new().name("writer".to_owned());
        let thread = thread.spawn(move || {
            let _alive: Sender<()> = alive;
            Writing {
                storage,
                subscribers,
                committed: Instant::now(),
                pending: Pending::Nothing,
            }
            .run(&queue)
        })?;
        Ok(Self {
            queue: Some(sender),
            ended,
            thread,
        })
    }

    /// Appends events.
    pub(super) fn append(&self, events: Vec<Event>) {
        self.send(WriterCommand::Events(events));
    }

    /// Calls `act` once all earlier events are committed, so that other processes can read them,
    /// and delivered to subscribers.
    pub(super) fn then(&self, act: impl FnOnce() + Send + 'static) {
        self.send(WriterCommand::Then(Box::new(act)));
    }

    fn send(&self, command: WriterCommand) {
        if let Some(queue) = &self.queue {
            // If the writer has ended, the leader notices when it next waits.
            let _ = queue.send(command);
        }
    }

    /// Returns a channel that is closed when the writer has ended.
    pub(super) fn ended(&self) -> &Receiver<()> {
        &self.ended
    }

    /// Lets the writer finish, and waits for its end.
    pub(super) fn finish(mut self) -> Result<(), WriterError> {
        self.queue.take();
        match self.thread.join() {
            Ok(result) => result.map_err(WriterError::Storage),
            Err(_) => Err(WriterError::Panicked),
        }
    }
}

/// The reason for which the log is incomplete.
pub(super) enum WriterError {
    Storage(StorageError),
    Panicked,
}

struct Writing {
    storage: Box<dyn Storage>,
    subscribers: Subscribers,
    committed: Instant,
    pending: Pending,
}

/// Appended events that are not committed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Pending {
    Nothing,
    Events,
    /// Events that include ends of experiments.
    Endings,
}

impl Writing {
    fn run(mut self, queue: &Receiver<WriterCommand>) -> Result<(), StorageError> {
        let written = self.write(queue);
        self.subscribers.finish();
        written?;
        match self.problems() {
            None => Ok(()),
            // Subscribers have ended, so only readers of the log see these.
            Some(problems) => {
                self.storage.append(&problems)?;
                self.storage.commit(true)
            }
        }
    }

    /// Takes the problems of subscribers, as events.
    fn problems(&mut self) -> Option<Vec<Event>> {
        let problems = self.subscribers.take_problems();
        let messages = problems.into_iter().map(|text| Event::Message {
            at: Timestamp::now(),
            experiment: None,
            level: LogLevel::Error,
            text,
        });
        let messages: Vec<_> = messages.collect();
        (!messages.is_empty()).then_some(messages)
    }

    fn write(&mut self, queue: &Receiver<WriterCommand>) -> Result<(), StorageError> {
        while let Ok(command) = queue.recv() {
            self.open(command)?;
            while self.pending != Pending::Nothing {
                // Gather events: a wake-up for each event would cost more than writing it.
                std::thread::sleep(GATHER);
                let has_ended = self.append_all(queue)?;
                if has_ended || self.time_left().is_zero() {
                    self.storage.commit(self.pending == Pending::Endings)?;
                    self.pending = Pending::Nothing;
                    self.committed = Instant::now();
                }
            }
        }
        self.storage.commit(true)
    }

    /// Appends waiting events, at most as many commands as the queue holds, so that commits are not
    /// delayed. Returns whether the queue is closed.
    fn append_all(&mut self, queue: &Receiver<WriterCommand>) -> Result<bool, StorageError> {
        for _ in 0..QUEUE {
            match queue.try_recv() {
                Ok(command) => self.open(command)?,
                Err(TryRecvError::Empty) => return Ok(false),
                Err(TryRecvError::Disconnected) => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Returns the time until pending events must be committed.
    fn time_left(&self) -> Duration {
        let interval = match self.pending {
            Pending::Nothing | Pending::Events => COMMIT_INTERVAL,
            Pending::Endings => ENDINGS_INTERVAL,
        };
        interval.saturating_sub(self.committed.elapsed())
    }

    fn open(&mut self, command: WriterCommand) -> Result<(), StorageError> {
        match command {
            WriterCommand::Events(events) => self.append(events),
            WriterCommand::Then(act) => {
                self.storage.commit(false)?;
                act();
                Ok(())
            }
        }
    }

    fn append(&mut self, events: Vec<Event>) -> Result<(), StorageError> {
        self.storage.append(&events)?;
        let ends = events.iter().any(|event| {
            matches!(
                event,
                Event::ExperimentEnded { .. } | Event::RunEnded { .. }
            )
        });
        self.pending = self.pending.max(if ends {
            Pending::Endings
        } else {
            Pending::Events
        });
        self.subscribers.deliver(events);
        match self.problems() {
            // A subscriber that panics is removed, so the recursion ends.
            Some(problems) => self.append(problems),
            None => Ok(()),
        }
    }
}
