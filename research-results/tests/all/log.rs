//! A log in memory.

use research_core::{Event, EventLog, StorageError};

/// The distance between the offsets of two batches.
const BATCH_BYTES: u64 = 300;

/// A log whose batches have the same size.
pub(crate) struct BatchLog {
    batches: Vec<Vec<Event>>,
    offset: u64,
}

impl BatchLog {
    /// Creates a log with batches of `len` events.
    pub(crate) fn new(events: &[Event], len: usize) -> Self {
        Self {
            batches: events.chunks(len).map(<[Event]>::to_vec).collect(),
            offset: 0,
        }
    }
}

impl EventLog for BatchLog {
    fn offset(&self) -> u64 {
        self.offset
    }

    fn seek(&mut self, offset: u64) {
        self.offset = offset;
    }

    fn next_batch(&mut self) -> Result<Option<Vec<Event>>, StorageError> {
        let index = usize::try_from(self.offset / BATCH_BYTES).unwrap();
        let batch = self.batches.get(index).cloned();
        self.offset += batch.as_ref().map_or(0, |_| BATCH_BYTES);
        Ok(batch)
    }
}
