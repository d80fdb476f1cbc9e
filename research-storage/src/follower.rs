//! Reading a log while it grows.

use research_core::{Event, EventLog, StorageError};

use crate::local::{Runner, StoredResearch};
use crate::log::LogReader;

/// Reads the log of a research and, while a process runs it, what is appended.
#[derive(Debug)]
pub struct Follower<'s> {
    stored: &'s StoredResearch,
    log: LogReader,
}

impl<'s> Follower<'s> {
    /// Opens the log.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn new(stored: &'s StoredResearch) -> Result<Self, StorageError> {
        let log = stored.events()?;
        Ok(Self { stored, log })
    }

    /// Calls `take` with each batch of events since the last call. Returns the process that runs the
    /// research: without one, no more events come.
    ///
    /// # Errors
    /// The log cannot be read, or `take` fails.
    pub fn read<E: From<StorageError>>(
        &mut self,
        mut take: impl FnMut(&[Event]) -> Result<(), E>,
    ) -> Result<Option<Runner>, E> {
        // Looked for before the log is read, which then has the end of a run that ends in between.
        let runner = self.stored.runner()?;
        while let Some(events) = self.log.next_batch()? {
            take(&events)?;
        }
        Ok(runner)
    }

    /// The number of events so far that a newer version of the program has written, and that this
    /// one does not know.
    #[must_use]
    pub fn unknown_events(&self) -> u64 {
        self.log.unknown_events()
    }
}
