//! Updates of the domain: a thread of its own decides on them, so that the leader can continue.
//!
//! No events are queued for that thread, however long it takes: the writer's thread counts them,
//! and an updater that needs more reads the log.

mod tally;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use research_core::{Delivery, Event, Fold, Subscriber, When};
use research_process::GroupOwner;

use super::panics::caught;
use super::writer::Writer;
use crate::scheduler::{Input, UpdateRequest};
use crate::task::NewDomain;
pub use tally::{EndedCounts, Tally};

/// At the end of the run, a program that decides on an update has this long to end.
const SHUTDOWN_TIME: Duration = Duration::from_millis(500);
/// It is killed at this interval meanwhile, because it may just be starting.
const KILL_INTERVAL: Duration = Duration::from_millis(10);

/// Decides on updates of the domain, when one of its rules is due.
pub trait DomainUpdater: Send {
    /// When each of its rules is asked. Configs taken from the domain count as iterations; `last`
    /// means that the domain is exhausted.
    fn rules(&self) -> Vec<When>;

    /// Returns the counts of earlier runs. Called once, before the run begins.
    fn tally(&mut self) -> Tally;

    /// Returns the new domain, or `None` for no update. `ended` counts all events that were
    /// appended before the request, which can be read from the log.
    ///
    /// # Errors
    /// The update fails: the run ends, and the resumed run asks again.
    fn update(
        &mut self,
        request: &UpdateRequest,
        ended: &EndedCounts,
    ) -> Result<Option<NewDomain>, String>;
}

/// The thread that decides on updates.
pub(super) struct Updates {
    commands: Sender<UpdateCommand>,
    tally: Arc<Mutex<Tally>>,
    /// Closed when the thread ends.
    ended: Receiver<()>,
    thread: JoinHandle<()>,
    owner: GroupOwner,
}

enum UpdateCommand {
    Ask(UpdateRequest, EndedCounts),
    /// The run has ended.
    End,
}

impl Updates {
    /// Starts the thread; answers go to `inbox`. The returned subscriber must receive the events of
    /// the run.
    pub(super) fn start(
        mut updater: Box<dyn DomainUpdater>,
        inbox: Sender<Input>,
    ) -> io::Result<(Self, Box<dyn Subscriber>)> {
        let tally = Arc::new(Mutex::new(updater.tally()));
        let (commands, received) = unbounded();
        let (alive, ended) = bounded(0);
        let owner = GroupOwner::new();
        let thread = std::thread::Builder::new().name("updates".to_owned());
        let thread = thread.spawn(move || {
            let _alive: Sender<()> = alive;
            owner.own_this_thread();
            decide(updater, &received, &inbox);
        })?;
        let subscriber = Box::new(Count(Arc::clone(&tally)));
        let updates = Self {
            commands,
            tally,
            ended,
            thread,
            owner,
        };
        Ok((updates, subscriber))
    }

    /// Asks for an update after all events so far were processed.
    pub(super) fn ask(&self, request: UpdateRequest, writer: &Writer) {
        let (commands, tally) = (self.commands.clone(), Arc::clone(&self.tally));
        writer.then(move || {
            let ended = lock(&tally).counts().clone();
            // The thread may have ended.
            let _ = commands.send(UpdateCommand::Ask(request, ended));
        });
    }

    /// Ends the thread. A program that it runs is killed. A function that does not return continues
    /// in its thread, and its answer is discarded.
    pub(super) fn stop(self) {
        // The thread may have ended.
        let _ = self.commands.send(UpdateCommand::End);
        let begin = Instant::now();
        while begin.elapsed() < SHUTDOWN_TIME {
            // Nothing is sent: this returns when the thread ends, or after the interval.
            let waited = self.ended.recv_timeout(KILL_INTERVAL);
            if !matches!(waited, Err(error) if error.is_timeout()) {
                // It has ended.
                let _ = self.thread.join();
                return;
            }
            self.owner.kill_groups();
        }
    }
}

/// Counts events, in the writer's thread.
struct Count(Arc<Mutex<Tally>>);

impl Subscriber for Count {
    fn delivery(&self) -> Delivery {
        Delivery::Synchronous
    }

    fn on_events(&mut self, events: &[Event]) {
        lock(&self.0).apply_all(events);
    }
}

fn lock(tally: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

fn decide(
    mut updater: Box<dyn DomainUpdater>,
    commands: &Receiver<UpdateCommand>,
    inbox: &Sender<Input>,
) {
    for command in commands {
        let UpdateCommand::Ask(request, ended) = command else {
            return;
        };
        let answer = caught(|| updater.update(&request, &ended)).flatten();
        if inbox.send(Input::Updated(answer)).is_err() {
            return;
        }
    }
}

#[cfg(test)]
#[path = "../../tests/unit/updates.rs"]
mod tests;
