//! The queue of events of a subscriber, and the thread that calls the subscriber.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use research_core::text::plural;
use research_core::{Event, Subscriber};

use super::super::panics::call_subscriber;
use super::weight::weight;

/// The largest number of events that wait for a subscriber.
const MOST_EVENTS: usize = 1 << 16;
/// The approximate limit of the size of the events that wait for a subscriber, in bytes. A single
/// batch may be larger.
const MOST_BYTES: usize = 64 << 20;
/// The time after which a run that waits for a subscriber at its end prints a message.
const SILENT_WAIT: Duration = Duration::from_secs(5);

/// A subscriber in a thread of its own.
pub(super) struct Queue {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

struct Shared {
    name: String,
    waiting: Mutex<Waiting>,
    /// Notified when events arrive, when the queue is closed, and when the thread ends.
    changed: Condvar,
}

/// The queue of a subscriber.
#[derive(Default)]
struct Waiting {
    batches: Vec<Arc<Vec<Event>>>,
    events: usize,
    bytes: usize,
    /// The number of events after these that were discarded because the queue was full.
    missed: u64,
    /// The number of all events that were discarded.
    missed_at_all: u64,
    /// Whether no more events will be added.
    is_closed: bool,
    /// Whether the thread has ended.
    has_ended: bool,
    /// A problem to log.
    problem: Option<String>,
}

impl Queue {
    pub(super) fn start(subscriber: Box<dyn Subscriber>) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            name: subscriber.name().to_owned(),
            waiting: Mutex::default(),
            changed: Condvar::new(),
        });
        let queue = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("subscriber".to_owned());
        let thread = thread.spawn(move || queue.deliver_all(subscriber))?;
        Ok(Self { shared, thread })
    }

    /// Adds events, or discards them if the queue is full.
    pub(super) fn push(&self, events: Arc<Vec<Event>>) {
        let bytes: usize = events.iter().map(weight).sum();
        let mut waiting = self.shared.lock();
        if waiting.has_ended {
            return;
        }
        let has_room = waiting.batches.is_empty()
            || waiting.events + events.len() <= MOST_EVENTS && waiting.bytes + bytes <= MOST_BYTES;
        // After a gap, no events are added until the subscriber knows of the gap.
        if has_room && waiting.missed == 0 {
            waiting.events += events.len();
            waiting.bytes += bytes;
            waiting.batches.push(events);
            drop(waiting);
            self.shared.changed.notify_all();
        } else {
            waiting.missed += events.len() as u64;
            waiting.missed_at_all += events.len() as u64;
        }
    }

    /// Closes the queue.
    pub(super) fn close(&self) {
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_all();
    }

    /// Takes the problem to log.
    pub(super) fn take_problem(&self) -> Option<String> {
        self.shared.lock().problem.take()
    }

    /// Waits until the subscriber has processed all events; returns the problems to log.
    pub(super) fn finish(self) -> Vec<String> {
        let waiting = self.shared.lock();
        let has_not_ended = |waiting: &mut Waiting| !waiting.has_ended;
        let changed = &self.shared.changed;
        let waited = changed.wait_timeout_while(waiting, SILENT_WAIT, has_not_ended);
        let (waiting, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        drop(waiting);
        if timeout.timed_out() {
            // Prints: the log has ended, so otherwise the user cannot see why the program
            // waits.
            eprintln!(
                "research: the run has ended and waits for the subscriber `{}` to process the last \
                 events",
                self.shared.name
            );
        }
        // The thread catches panics of the subscriber, so `join` does not fail.
        let _ = self.thread.join();
        let mut waiting = self.shared.lock();
        let missed = waiting.missed_at_all;
        let has_missed = (missed > 0).then(|| {
            format!(
                "the subscriber `{}` was slower than the run and missed {}",
                self.shared.name,
                plural(missed, "event")
            )
        });
        waiting
            .problem
            .take()
            .into_iter()
            .chain(has_missed)
            .collect()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Delivers events until the queue is closed.
    fn deliver_all(&self, mut subscriber: Box<dyn Subscriber>) {
        let mut problem = None;
        while let Some((batches, missed)) = self.next() {
            let delivered = call_subscriber(&mut *subscriber, |subscriber| {
                match together(batches).as_slice() {
                    [] => {}
                    events => subscriber.on_events(events),
                }
                if missed > 0 {
                    subscriber.on_missed(missed);
                }
            });
            if let Err(panic) = delivered {
                problem = Some(panic);
                break;
            }
        }
        if problem.is_none() {
            problem = call_subscriber(&mut *subscriber, |subscriber| subscriber.on_end()).err();
        }
        let mut waiting = self.lock();
        waiting.batches.clear();
        waiting.has_ended = true;
        waiting.problem = problem;
        drop(waiting);
        self.changed.notify_all();
    }

    /// Takes all waiting events, and the number of discarded events after them; returns `None` once
    /// the queue is closed and empty.
    fn next(&self) -> Option<(Vec<Arc<Vec<Event>>>, u64)> {
        let has_nothing = |waiting: &mut Waiting| {
            waiting.batches.is_empty() && waiting.missed == 0 && !waiting.is_closed
        };
        let waited = self.changed.wait_while(self.lock(), has_nothing);
        let mut waiting = waited.unwrap_or_else(PoisonError::into_inner);
        let batches = std::mem::take(&mut waiting.batches);
        let missed = std::mem::take(&mut waiting.missed);
        (waiting.events, waiting.bytes) = (0, 0);
        (!batches.is_empty() || missed > 0).then_some((batches, missed))
    }
}

/// Joins batches. Moves the events of batches that have no other owner.
fn together(batches: Vec<Arc<Vec<Event>>>) -> Vec<Event> {
    let mut all = Vec::new();
    for batch in batches {
        match Arc::try_unwrap(batch) {
            Ok(events) if all.is_empty() => all = events,
            Ok(events) => all.extend(events),
            Err(shared) => all.extend_from_slice(&shared),
        }
    }
    all
}
