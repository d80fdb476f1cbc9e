//! Updates of the domain: a thread of its own decides on them, so that the leader can continue.

use std::io;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use research_core::{Delivery, Event, Subscriber, When};
use research_process::GroupOwner;

use super::panics::caught;
use super::writer::Writer;
use crate::scheduler::{Input, UpdateRequest};
use crate::task::NewDomain;

/// At the end of the run, a program that decides on an update has this long to end.
const SHUTDOWN_TIME: Duration = Duration::from_millis(500);
/// It is killed at this interval meanwhile, because it may just be starting.
const KILL_INTERVAL: Duration = Duration::from_millis(10);

/// Decides on updates of the domain. It receives all events, and is asked when one of its rules is
/// due.
pub trait DomainUpdater: Send {
    /// When each of its rules is asked. Configs taken from the domain count as iterations; `last`
    /// means that the domain is exhausted.
    fn rules(&self) -> Vec<When>;

    /// Receives events.
    fn see(&mut self, events: &[Event]);

    /// Returns the new domain, or `None` for no update.
    ///
    /// # Errors
    /// The update fails: the run ends, and the resumed run asks again.
    fn update(&mut self, request: &UpdateRequest) -> Result<Option<NewDomain>, String>;
}

/// The thread that decides on updates.
pub(super) struct Updates {
    commands: Sender<UpdateCommand>,
    /// Closed when the thread ends.
    ended: Receiver<()>,
    thread: JoinHandle<()>,
    owner: GroupOwner,
}

enum UpdateCommand {
    Events(Vec<Event>),
    Ask(UpdateRequest),
    /// The run has ended.
    End,
}

impl Updates {
    /// Starts the thread; answers go to `inbox`. The returned subscriber must receive the events of
    /// the run.
    pub(super) fn start(
        updater: Box<dyn DomainUpdater>,
        inbox: Sender<Input>,
    ) -> io::Result<(Self, Box<dyn Subscriber>)> {
        let (commands, received) = unbounded();
        let (alive, ended) = bounded(0);
        let owner = GroupOwner::new();
        let thread = std::thread::Builder::new().name("updates".to_owned());
        let thread = thread.spawn(move || {
            let _alive: Sender<()> = alive;
            owner.own_this_thread();
            decide(updater, &received, &inbox);
        })?;
        let subscriber = Box::new(Forward(commands.clone()));
        let updates = Self {
            commands,
            ended,
            thread,
            owner,
        };
        Ok((updates, subscriber))
    }

    /// Asks for an update after all events so far were processed.
    pub(super) fn ask(&self, request: UpdateRequest, writer: &Writer) {
        let commands = self.commands.clone();
        writer.then(move || {
            // The thread may have ended.
            let _ = commands.send(UpdateCommand::Ask(request));
        });
    }

    /// Ends the thread. A program that it runs is killed. A function that does not return continues
    /// in its thread, and its answer is discarded.
    pub(super) fn stop(self) {
        // The writer's subscriber keeps the channel open, so the thread has to be told. It may have
        // ended.
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

/// Forwards events to the thread.
struct Forward(Sender<UpdateCommand>);

impl Subscriber for Forward {
    fn delivery(&self) -> Delivery {
        Delivery::Synchronous
    }

    fn on_events(&mut self, events: &[Event]) {
        // The thread may have ended.
        let _ = self.0.send(UpdateCommand::Events(events.to_vec()));
    }
}

fn decide(
    mut updater: Box<dyn DomainUpdater>,
    commands: &Receiver<UpdateCommand>,
    inbox: &Sender<Input>,
) {
    let mut broken = None;
    for command in commands {
        match command {
            UpdateCommand::Events(events) if broken.is_none() => {
                broken = caught(|| updater.see(&events)).err();
            }
            UpdateCommand::Events(_) => {}
            UpdateCommand::End => return,
            UpdateCommand::Ask(request) => {
                let answer = match &broken {
                    None => caught(|| updater.update(&request)).flatten(),
                    Some(reason) => Err(reason.clone()),
                };
                if inbox.send(Input::Updated(answer)).is_err() {
                    return;
                }
            }
        }
    }
}
