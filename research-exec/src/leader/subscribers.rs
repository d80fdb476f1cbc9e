//! Those who see the events of a run: in the writer's thread, or each in a thread of its own.

mod queue;
mod weight;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use research_core::{Delivery, Event, Subscriber};

use super::updates::said;
use queue::Queue;

/// All subscribers of a run.
pub(super) struct Subscribers {
    /// Those that the writer calls itself; one that has panicked is taken out.
    synchronous: Vec<Box<dyn Subscriber>>,
    queues: Vec<Queue>,
    /// What is to be told of subscribers.
    problems: Vec<String>,
}

impl Subscribers {
    pub(super) fn start(subscribers: Vec<Box<dyn Subscriber>>) -> io::Result<Self> {
        let (queued, synchronous): (Vec<_>, Vec<_>) = subscribers
            .into_iter()
            .partition(|subscriber| subscriber.delivery() == Delivery::Queued);
        let queues: io::Result<_> = queued.into_iter().map(Queue::start).collect();
        Ok(Self {
            synchronous,
            queues: queues?,
            problems: Vec::new(),
        })
    }

    /// Delivers events.
    pub(super) fn deliver(&mut self, events: Vec<Event>) {
        self.call(|subscriber| subscriber.on_events(&events));
        if self.queues.is_empty() {
            return;
        }
        let events = Arc::new(events);
        for queue in &self.queues {
            queue.push(&events);
            self.problems.extend(queue.take_problem());
        }
    }

    /// What has gone wrong since this was asked last.
    pub(super) fn take_problems(&mut self) -> Vec<String> {
        std::mem::take(&mut self.problems)
    }

    /// Tells them that there are no more events, and waits until they have seen all.
    pub(super) fn finish(&mut self) {
        self.queues.iter().for_each(Queue::close);
        self.call(|subscriber| subscriber.on_end());
        for queue in self.queues.drain(..) {
            self.problems.extend(queue.finish());
        }
    }

    fn call(&mut self, mut call: impl FnMut(&mut dyn Subscriber)) {
        let problems = &mut self.problems;
        self.synchronous.retain_mut(|subscriber| {
            let called = call_subscriber(&mut **subscriber, &mut call);
            let is_well = called.is_ok();
            problems.extend(called.err());
            is_well
        });
    }
}

/// Calls a subscriber.
///
/// # Errors
/// It has panicked, and is to be called no more.
pub fn call_subscriber(
    subscriber: &mut dyn Subscriber,
    call: impl FnOnce(&mut dyn Subscriber),
) -> Result<(), String> {
    let called = catch_unwind(AssertUnwindSafe(|| call(&mut *subscriber)));
    called.map_err(|panic| {
        format!(
            "the subscriber `{}` panicked and gets no more events: {}",
            subscriber.name(),
            said(&*panic)
        )
    })
}
