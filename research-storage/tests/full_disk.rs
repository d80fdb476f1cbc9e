//! Writes each file of a research to a full disk, simulated by the limit on the size of files. The
//! limit applies to the whole process, so this file has only one test.
#![allow(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

#[path = "all/common.rs"]
mod common;

use std::fs;
use std::path::Path;

use common::{record, small_run};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigHandler, Signal, signal};
use research_core::{Event, Storage, StorageError};
use research_storage::{FsyncPolicy, LocalStorage, StoredResearch};

/// Calls `run` while no file can grow beyond `limit` bytes.
fn limited<T>(limit: u64, run: impl FnOnce() -> T) -> T {
    let (soft, hard) = getrlimit(Resource::RLIMIT_FSIZE).unwrap();
    setrlimit(Resource::RLIMIT_FSIZE, limit, hard).unwrap();
    let result = run();
    setrlimit(Resource::RLIMIT_FSIZE, soft, hard).unwrap();
    result
}

fn path_of(error: &StorageError) -> &Path {
    match error {
        StorageError::Io { path, .. } => path,
        other => panic!("{other}"),
    }
}

/// Appends and commits until an error; returns the number of batches that were committed.
fn run(storage: &mut LocalStorage, batches: &[Vec<Event>]) -> (usize, Option<StorageError>) {
    for (number, batch) in batches.iter().enumerate() {
        let kept = storage.append(batch).and_then(|()| storage.commit(true));
        if let Err(error) = kept {
            return (number, Some(error));
        }
    }
    (batches.len(), None)
}

#[test]
fn nothing_half_made_is_left_and_nothing_committed_is_lost() {
    // SAFETY: no handler is set; the signal is ignored, so that writing fails instead.
    unsafe { signal(Signal::SIGXFSZ, SigHandler::SigIgn) }.unwrap();
    // The log must be larger than any other file in the folder, to reach each limit.
    let batches = [small_run(), small_run(), small_run()].concat();
    let base = tempfile::tempdir().unwrap();
    let (mut not_made, mut interrupted) = (0, 0);
    for limit in (0..9000).step_by(61) {
        let name = format!("limit {limit}");
        let folder = base.path().join(&name);
        let made = limited(limit, || {
            let storage = LocalStorage::create(base.path(), &record(&name))?;
            let mut storage = storage.with_fsync(FsyncPolicy::Never);
            Ok::<_, StorageError>(run(&mut storage, &batches))
        });
        let committed = match made {
            Err(error) => {
                assert!(path_of(&error).starts_with(base.path()));
                assert_eq!(fs::read_dir(base.path()).unwrap().count(), 0);
                not_made += 1;
                continue;
            }
            Ok((committed, error)) => {
                if let Some(error) = error {
                    assert!(path_of(&error).starts_with(&folder));
                    interrupted += 1;
                }
                committed
            }
        };
        // At most the text logs are incomplete: the events are committed before them.
        let (storage, torn) = LocalStorage::open(&folder).unwrap();
        let mut storage = storage.with_fsync(FsyncPolicy::Never);
        assert_eq!(torn, None);
        let kept: Vec<_> = StoredResearch::load(&folder)
            .unwrap()
            .events()
            .unwrap()
            .collect();
        assert!(kept.len() >= committed && kept.len() <= committed + 1);
        let (_, error) = run(&mut storage, &batches[kept.len()..]);
        assert!(error.is_none());
        let events = StoredResearch::load(&folder).unwrap().events().unwrap();
        let events: Vec<Event> = events.flat_map(Result::unwrap).collect();
        assert_eq!(events, batches.concat());
        drop(storage);
        fs::remove_dir_all(folder).unwrap();
    }
    assert!(not_made > 5 && interrupted > 5, "{not_made} {interrupted}");
}
