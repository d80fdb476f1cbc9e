//! The same demands on every storage.

use std::path::Path;

use crate::common::{ended, record, small_run, started};
use research_core::{Event, Storage};
use research_storage::{LocalStorage, MemoryStorage, StoredResearch};

/// A storage, and what reads back all that it holds.
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
