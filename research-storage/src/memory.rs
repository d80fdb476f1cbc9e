//! The events of a research in memory; they are lost when the program ends.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use research_core::{Event, EventLog, Storage, StorageError};

type Batches = Mutex<Vec<Arc<[Event]>>>;

/// Keeps events in memory.
///
/// ```
/// use research_core::{Event, Outcome, Storage, Timestamp};
/// use research_storage::MemoryStorage;
///
/// let event = Event::RunEnded { at: Timestamp::now(), outcome: Outcome::Complete };
/// let (mut storage, events) = MemoryStorage::new();
/// storage.append(std::slice::from_ref(&event))?;
/// assert_eq!(events.events(), [event]);
/// # Ok::<(), research_core::StorageError>(())
/// ```
#[derive(Debug)]
pub struct MemoryStorage {
    batches: Arc<Batches>,
}

/// Reads the events of a [`MemoryStorage`], also while more are appended. Cheap to clone.
#[derive(Clone, Debug)]
pub struct MemoryEvents {
    batches: Arc<Batches>,
}

impl MemoryStorage {
    /// Creates an empty storage and its reader.
    #[must_use]
    pub fn new() -> (Self, MemoryEvents) {
        let batches = Arc::new(Batches::default());
        let events = MemoryEvents {
            batches: Arc::clone(&batches),
        };
        (Self { batches }, events)
    }
}

impl MemoryEvents {
    /// Returns copies of all events so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let batches = lock(&self.batches).clone();
        let events = batches.iter().flat_map(|batch| batch.iter().cloned());
        events.collect()
    }

    /// Returns a log that reads the events, also those that are appended later. An offset is a
    /// number of calls of `append`.
    #[must_use]
    pub fn log(&self) -> MemoryLog {
        MemoryLog {
            events: self.clone(),
            next: 0,
        }
    }
}

/// Reads the events of a [`MemoryStorage`] as a log.
#[derive(Clone, Debug)]
pub struct MemoryLog {
    events: MemoryEvents,
    next: usize,
}

impl EventLog for MemoryLog {
    fn offset(&self) -> u64 {
        self.next as u64
    }

    fn seek(&mut self, offset: u64) {
        self.next = usize::try_from(offset).unwrap_or(usize::MAX);
    }

    fn next_batch(&mut self) -> Result<Option<Vec<Event>>, StorageError> {
        let batch = lock(&self.events.batches).get(self.next).cloned();
        self.next += usize::from(batch.is_some());
        Ok(batch.map(|events| events.to_vec()))
    }
}

impl Storage for MemoryStorage {
    fn append(&mut self, events: &[Event]) -> Result<(), StorageError> {
        lock(&self.batches).push(events.into());
        Ok(())
    }

    fn commit(&mut self, _durable: bool) -> Result<(), StorageError> {
        Ok(())
    }

    fn experiments_folder(&self) -> Option<&Path> {
        None
    }
}

/// Ignores poisoning: each change is a single push, so a thread that panics leaves a valid list.
fn lock(batches: &Batches) -> MutexGuard<'_, Vec<Arc<[Event]>>> {
    batches.lock().unwrap_or_else(PoisonError::into_inner)
}
