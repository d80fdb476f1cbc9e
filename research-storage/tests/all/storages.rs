//! The same tests for every implementation of `Storage`.

use std::path::Path;

use crate::common::{ended, record, small_run, started};
use research_core::{Event, Fold, Storage, StorageError};
use research_storage::{LocalStorage, LockedResearch, MemoryStorage, StoredResearch};

/// A storage, and a function that returns all of its events.
type Pair = (Box<dyn Storage>, Box<dyn Fn() -> Vec<Event>>);

fn storages(base: &Path) -> [Pair; 2] {
    let local = LocalStorage::create(base, &record("power")).unwrap();
    let folder = local.folder().to_owned();
    let (memory, events) = MemoryStorage::new();
    let read_local = move || {
        let stored = StoredResearch::load(&folder).unwrap();
        let batches = stored.events().unwrap().map(Result::unwrap);
        batches.flatten().collect()
    };
    [
        (Box::new(local), Box::new(read_local)),
        (Box::new(memory), Box::new(move || events.events())),
    ]
}

#[test]
fn what_was_committed_is_read_back_in_order() {
    let base = tempfile::tempdir().unwrap();
    for (mut storage, read) in storages(base.path()) {
        let mut expected = Vec::new();
        assert_eq!(read(), expected);
        for (number, batch) in small_run().into_iter().enumerate() {
            storage.append(&batch).unwrap();
            storage.commit(number % 2 == 0).unwrap();
            expected.extend(batch);
            assert_eq!(read(), expected);
        }
        drop(storage);
        assert_eq!(read(), expected);
    }
}

#[test]
fn one_commit_keeps_many_appends() {
    let base = tempfile::tempdir().unwrap();
    for (mut storage, read) in storages(base.path()) {
        let mut expected = Vec::new();
        for number in 0..20_000 {
            let batch = [started(number), ended(number)];
            storage.append(&batch).unwrap();
            expected.extend(batch);
        }
        storage.append(&[]).unwrap();
        storage.commit(false).unwrap();
        storage.commit(false).unwrap();
        assert!(read() == expected);
    }
}

#[test]
fn only_a_local_storage_has_folders() {
    let base = tempfile::tempdir().unwrap();
    let [(local, _), (memory, _)] = storages(base.path());
    let folder = base.path().join("power").join("experiments");
    assert_eq!(local.experiments_folder(), Some(&*folder));
    assert!(!folder.exists());
    assert_eq!(memory.experiments_folder(), None);
}

#[test]
fn a_locked_research_is_read_and_then_continued() {
    struct Seen(Vec<Event>);
    impl Fold for Seen {
        fn apply(&mut self, event: &Event) {
            self.0.push(event.clone());
        }
    }
    let base = tempfile::tempdir().unwrap();
    let mut storage = LocalStorage::create(base.path(), &record("power")).unwrap();
    let folder = storage.folder().to_owned();
    let first = [started(0), ended(0)];
    storage.append(&first).unwrap();
    storage.commit(true).unwrap();
    drop(storage);
    let mut locked = LockedResearch::take(&folder).unwrap();
    let again = LockedResearch::take(&folder).err();
    assert!(
        matches!(again, Some(StorageError::Locked { .. })),
        "{again:?}"
    );
    let mut seen = Seen(Vec::new());
    locked.replay(&mut [&mut seen]).unwrap();
    assert_eq!(seen.0, first);
    let (mut storage, torn) = locked.open().unwrap();
    assert_eq!(torn, None);
    storage.append(&[started(1)]).unwrap();
    storage.commit(true).unwrap();
    let mut seen = Seen(Vec::new());
    let stored = StoredResearch::load(&folder).unwrap();
    stored.replay(&mut [&mut seen]).unwrap();
    assert_eq!(seen.0.len(), 3);
}
