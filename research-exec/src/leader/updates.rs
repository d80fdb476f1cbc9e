//! The thread that decides on updates of the domain, so that the leader need not wait for it.
//!
//! Events are not queued for this thread, because an update may take long: the writer's thread
//! counts them, and an updater that needs their content reads the log.

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

/// The time at the end of the run within which a program that decides on an update must end.
const SHUTDOWN_TIME: Duration = Duration::from_millis(500);
/// The interval at which it is killed during that time, again and again because it may just be
/// starting.
const KILL_INTERVAL: Duration = Duration::from_millis(10);

/// Decides on updates of the domain. The leader asks it when one of its rules is due.
pub trait DomainUpdater: Send {
    /// Returns the times at which each rule is due. The number of configs taken from the domain
    /// counts as the iteration, and `last` means that the domain is exhausted.
    fn rules(&self) -> Vec<When>;

    /// Returns the counts of earlier runs. The leader calls it once, before the run begins.
    fn tally(&mut self) -> Tally;

    /// Returns the new domain, or `None` for no update. `ended` counts all events that were
    /// appended before the request; the log has them, committed.
    ///
    /// # Errors
    /// The update failed: the run ends, and a resumed run requests the update again.
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
    /// Starts the thread, which sends its answers to `inbox`. The returned subscriber must receive
    /// the events of the run.
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

    /// Requests an update once all events so far are committed and counted.
    pub(super) fn ask(&self, request: UpdateRequest, writer: &Writer) {
        let (commands, tally) = (self.commands.clone(), Arc::clone(&self.tally));
        writer.then(move || {
            let ended = lock(&tally).counts().clone();
            // The thread may have ended.
            let _ = commands.send(UpdateCommand::Ask(request, ended));
        });
    }

    /// Ends the thread, and kills a program that it runs. If a function does not return, its thread
    /// continues, and its answer is discarded.
    pub(super) fn stop(self) {
        // The thread may have ended.
        let _ = self.commands.send(UpdateCommand::End);
        let begin = Instant::now();
        while begin.elapsed() < SHUTDOWN_TIME {
            // The channel carries no messages: this returns when the thread ends or the interval
            // has passed.
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
