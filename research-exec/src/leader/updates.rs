//! Updates of the domain: somebody who decides on them, in a thread of its own, so that the leader
//! can do other things meanwhile.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use research_core::{Delivery, Event, Subscriber, When};
use research_process::GroupOwner;

use super::writer::Writer;
use crate::scheduler::{Input, UpdateRequest};
use crate::task::NewDomain;

/// How long the end of a program is waited for that was to decide on an update.
const LAST_MOMENTS: Duration = Duration::from_millis(500);
/// How often it is killed meanwhile: it may be about to start.
const INSISTENCE: Duration = Duration::from_millis(10);

/// Decides on updates of the domain. It sees all that happens, and is asked when one of its rules
/// is due.
pub trait DomainUpdater: Send {
    /// When each of its rules is asked, as if the configs that were taken from the domain were
    /// iterations; `last` is when the domain is exhausted.
    fn rules(&self) -> Vec<When>;

    /// Takes in what happened.
    fn see(&mut self, events: &[Event]);

    /// The new domain, if there is one.
    ///
    /// # Errors
    /// It cannot be told: the run ends, and the one that resumes it asks again.
    fn update(&mut self, request: &UpdateRequest) -> Result<Option<NewDomain>, String>;
}

/// The thread in which updates are decided on.
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
    /// There are no more questions.
    End,
}

impl Updates {
    /// Starts it; answers go to `inbox`. Whoever sees the log must show it to the subscriber.
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

    /// Asks for an update when all is seen that was appended so far.
    pub(super) fn ask(&self, request: UpdateRequest, writer: &Writer) {
        let commands = self.commands.clone();
        writer.then(move || {
            // The thread ends after the last question.
            let _ = commands.send(UpdateCommand::Ask(request));
        });
    }

    /// Ends it. A program that it runs is killed; a function that does not come to an end goes on
    /// in its thread, and its answer is of no use to anybody.
    pub(super) fn stop(self) {
        // The writer's subscriber holds the channel open. A thread that has ended needs no word.
        let _ = self.commands.send(UpdateCommand::End);
        let begin = Instant::now();
        while begin.elapsed() < LAST_MOMENTS {
            // It sends nothing: this ends when the thread does, or after the time.
            let waited = self.ended.recv_timeout(INSISTENCE);
            if !matches!(waited, Err(error) if error.is_timeout()) {
                // It had its last word.
                let _ = self.thread.join();
                return;
            }
            self.owner.kill_groups();
        }
    }
}

/// Shows it what happens.
struct Forward(Sender<UpdateCommand>);

impl Subscriber for Forward {
    fn delivery(&self) -> Delivery {
        Delivery::Synchronous
    }

    fn on_events(&mut self, events: &[Event]) {
        // As for asking.
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

/// What a function gives, or what its panic said.
fn caught<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| format!("it panicked: {}", said(&*panic)))
}

/// What a panic said.
pub(super) fn said(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason was given")
}
