//! Reads a log while another process appends to it.

use research_core::{Event, EventLog, StorageError};

use crate::local::{Runner, StoredResearch};
use crate::log::LogReader;

/// Reads the log of a research and, while a process runs it, the events that are appended.
#[derive(Debug)]
pub struct Follower<'s> {
    stored: &'s StoredResearch,
    log: LogReader,
}

impl<'s> Follower<'s> {
    /// Opens the log.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn new(stored: &'s StoredResearch) -> Result<Self, StorageError> {
        let log = stored.events()?;
        Ok(Self { stored, log })
    }

    /// Calls `take` with each batch of events since the last call. Returns the process that runs
    /// the research; without one, no more events follow.
    ///
    /// # Errors
    /// The log cannot be read, or `take` fails.
    pub fn read<E: From<StorageError>>(
        &mut self,
        mut take: impl FnMut(&[Event]) -> Result<(), E>,
    ) -> Result<Option<Runner>, E> {
        // Find the runner before reading: if the run ends in between, the log then has its end.
        let runner = self.stored.runner()?;
        while let Some(events) = self.log.next_batch()? {
            take(&events)?;
        }
        Ok(runner)
    }

    /// Returns the number of events so far whose kind only newer versions of the program know.
    #[must_use]
    pub fn unknown_events(&self) -> u64 {
        self.log.unknown_events()
    }
}
