//! The part of a log that an update rule sees.

use std::cell::Cell;
use std::io;

use research_core::{Event, EventLog, StorageError};

use crate::error::ResearchError;

/// The offset of a batch and the number of events before it.
#[derive(Clone, Copy, Debug, Default)]
struct Position {
    offset: u64,
    events: u64,
}

/// Finds where a number of events ends in a log that only grows.
#[derive(Debug, Default)]
pub(super) struct PrefixFinder {
    /// The batch in which the last search ended.
    last: Cell<Position>,
}

impl PrefixFinder {
    /// Returns the first `events` events of the log, whatever is appended later. The numbers must
    /// not decrease from call to call.
    pub(super) fn prefix(
        &self,
        mut log: Box<dyn EventLog>,
        events: u64,
    ) -> Result<LogPrefix, ResearchError> {
        let mut at = self.last.get();
        log.seek(at.offset);
        let mut in_last = 0;
        while at.events + in_last < events {
            at.events += in_last;
            at.offset = log.offset();
            let batch = log.next_batch()?;
            let batch = batch.ok_or_else(|| missing(events - at.events))?;
            in_last = batch.len() as u64;
        }
        self.last.set(at);
        log.seek(0);
        Ok(LogPrefix {
            log,
            last: at.offset,
            in_last: usize::try_from(events - at.events).unwrap_or(usize::MAX),
        })
    }
}

/// The first events of a log.
pub(super) struct LogPrefix {
    log: Box<dyn EventLog>,
    /// The offset of the last batch.
    last: u64,
    /// The number of events of the last batch.
    in_last: usize,
}

impl EventLog for LogPrefix {
    fn offset(&self) -> u64 {
        self.log.offset()
    }

    fn seek(&mut self, offset: u64) {
        self.log.seek(offset);
    }

    fn next_batch(&mut self) -> Result<Option<Vec<Event>>, StorageError> {
        let offset = self.log.offset();
        if offset > self.last {
            return Ok(None);
        }
        let mut batch = self.log.next_batch()?;
        if let Some(events) = batch.as_mut().filter(|_| offset == self.last) {
            events.truncate(self.in_last);
        }
        Ok(batch)
    }
}

/// The error of a log that has fewer events than were written to it.
pub(super) fn missing(events: u64) -> ResearchError {
    let reason = format!("the log has {events} fewer events than were written to it");
    ResearchError::Io {
        action: "read the log",
        source: io::Error::new(io::ErrorKind::UnexpectedEof, reason),
    }
}

#[cfg(test)]
mod tests {
    use research_core::{Outcome, Storage, Timestamp};
    use research_storage::MemoryStorage;

    use super::*;

    #[test]
    fn a_prefix_has_the_first_events_whatever_is_appended() {
        let event = |at: u64| Event::RunEnded {
            at: Timestamp(at),
            outcome: Outcome::Complete,
        };
        let all: Vec<Event> = (0..9).map(event).collect();
        let (mut storage, events) = MemoryStorage::new();
        for batch in [&all[..1], &all[1..4], &all[4..4], &all[4..9]] {
            storage.append(batch).unwrap();
        }
        let finder = PrefixFinder::default();
        for count in 0..=all.len() {
            let mut prefix = finder.prefix(Box::new(events.log()), count as u64).unwrap();
            for _ in 0..2 {
                let mut read = Vec::new();
                while let Some(batch) = prefix.next_batch().unwrap() {
                    read.extend(batch);
                }
                assert_eq!(read, all[..count]);
                prefix.seek(0);
            }
        }
        assert!(finder.prefix(Box::new(events.log()), 10).is_err());
    }
}
