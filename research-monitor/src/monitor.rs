//! A run state that is shared while it changes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use research_core::{Delivery, Event, Subscriber};

use crate::run_state::RunState;

/// Keeps a [`RunState`] up to date with the events of a run. Clones share the state.
#[derive(Clone, Debug, Default)]
pub struct Monitor {
    state: Arc<Mutex<RunState>>,
}

impl Monitor {
    /// Creates a monitor with an empty state.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the current state, which does not change while the guard is held.
    pub fn state(&self) -> MutexGuard<'_, RunState> {
        // After a panic, the state lacks at most one event.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber for Monitor {
    fn delivery(&self) -> Delivery {
        Delivery::Synchronous
    }

    /// Includes earlier runs of a resumed research.
    fn on_history(&mut self, events: &[Event]) {
        self.on_events(events);
    }

    fn on_events(&mut self, events: &[Event]) {
        let mut state = self.state();
        for event in events {
            state.apply(event);
        }
    }
}
