//! A research in memory: nothing outlives the program.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use research_core::{Event, Storage, StorageError};

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

/// The events of a [`MemoryStorage`], also while more come. Cheap to clone.
#[derive(Clone, Debug)]
pub struct MemoryEvents {
    batches: Arc<Batches>,
}

impl MemoryStorage {
    /// An empty storage, and what reads it.
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
    /// Copies of all events so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let batches = lock(&self.batches).clone();
        let events = batches.iter().flat_map(|batch| batch.iter().cloned());
        events.collect()
    }

    /// The events of one call of `append`, by their position among all calls, without copying them.
    #[must_use]
    pub fn batch(&self, position: usize) -> Option<Arc<[Event]>> {
        lock(&self.batches).get(position).cloned()
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

/// Each change is one push, so a thread that panicked has left nothing half-done.
fn lock(batches: &Batches) -> MutexGuard<'_, Vec<Arc<[Event]>>> {
    batches.lock().unwrap_or_else(PoisonError::into_inner)
}
