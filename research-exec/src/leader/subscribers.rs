//! The subscribers of a run. The writer's thread calls them, or each has a thread of its own.

mod queue;
mod weight;

use std::io;
use std::sync::Arc;

use research_core::{Delivery, Event, Subscriber};

use super::panics::call_subscriber;
use queue::Queue;

/// The subscribers of a run.
pub(super) struct Subscribers {
    /// The subscribers that the writer calls itself. A subscriber that panics is removed.
    synchronous: Vec<Box<dyn Subscriber>>,
    queues: Vec<Queue>,
    /// The problems with subscribers that are not logged yet.
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
        let Some((last, others)) = self.queues.split_last() else {
            return;
        };
        let events = Arc::new(events);
        for queue in others {
            queue.push(Arc::clone(&events));
        }
        // The writer gives up its last reference, so that a single queue need not copy the events.
        last.push(events);
        for queue in &self.queues {
            self.problems.extend(queue.take_problem());
        }
    }

    /// Takes the problems since the last call.
    pub(super) fn take_problems(&mut self) -> Vec<String> {
        std::mem::take(&mut self.problems)
    }

    /// Reports the end of events, and waits until all subscribers have processed them.
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
            let is_alive = called.is_ok();
            problems.extend(called.err());
            is_alive
        });
    }
}
