//! A picture that many look at while it changes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use research_core::{Delivery, Event, Subscriber};

use crate::picture::Picture;

/// A [`Picture`] that is kept up to date by the events of a run. Its clones share it.
#[derive(Clone, Debug, Default)]
pub struct Monitor {
    picture: Arc<Mutex<Picture>>,
}

impl Monitor {
    /// A monitor that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The picture as it is now; it does not change while the guard is held.
    pub fn picture(&self) -> MutexGuard<'_, Picture> {
        // A panic elsewhere leaves a picture that is at worst one event behind.
        self.picture.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber for Monitor {
    fn delivery(&self) -> Delivery {
        Delivery::Synchronous
    }

    /// A resumed run is shown as part of the whole.
    fn on_history(&mut self, events: &[Event]) {
        self.on_events(events);
    }

    fn on_events(&mut self, events: &[Event]) {
        let mut picture = self.picture();
        for event in events {
            picture.apply(event);
        }
    }
}
