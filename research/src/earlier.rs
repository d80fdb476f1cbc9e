//! Runs that a program did before: a worker that comes past them needs their results, and must
//! not run them again.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use research_core::{Event, Storage, codec};
use research_exec::Target;
use research_storage::MemoryStorage;
use tempfile::TempDir;

use crate::finished::Kept;

/// The runs that this program has come to.
#[derive(Default)]
struct Runs {
    /// How many there were with each fingerprint.
    counts: HashMap<u64, u32>,
    done: Vec<(u64, u32, Kept)>,
}

static RUNS: Mutex<Option<Runs>> = Mutex::new(None);

fn with_runs<T>(change: impl FnOnce(&mut Runs) -> T) -> T {
    let mut runs = RUNS.lock().unwrap_or_else(PoisonError::into_inner);
    change(runs.get_or_insert_default())
}

/// How many runs with this fingerprint there were before this one.
pub(crate) fn count(fingerprint: u64) -> u32 {
    with_runs(|runs| {
        let count = runs.counts.entry(fingerprint).or_default();
        *count += 1;
        *count - 1
    })
}

/// Notes that a run is done.
pub(crate) fn note(target: &Target, kept: &Kept) {
    with_runs(|runs| {
        runs.done
            .push((target.fingerprint, target.earlier, kept.clone()))
    });
}

/// Writes down the runs that are done, for workers to find; `None` if there are none.
pub(crate) fn write_down() -> io::Result<Option<TempDir>> {
    let done = with_runs(|runs| runs.done.clone());
    if done.is_empty() {
        return Ok(None);
    }
    let folder = tempfile::Builder::new()
        .prefix("research-runs-")
        .tempdir()?;
    for (fingerprint, earlier, kept) in done {
        let path = path(folder.path(), fingerprint, earlier);
        match kept {
            Kept::Folder(run) => {
                let run = std::path::absolute(run)?;
                std::os::unix::fs::symlink(run, path.with_extension("folder"))?;
            }
            Kept::Memory(events) => {
                let mut bytes = Vec::new();
                codec::encode_into(&events.events(), &mut bytes).map_err(io::Error::other)?;
                std::fs::write(path.with_extension("events"), bytes)?;
            }
        }
    }
    Ok(Some(folder))
}

/// In a worker: the results of a run that the leader did before, if this is one.
pub(crate) fn find(notes: &Path, fingerprint: u64, earlier: u32) -> Option<Kept> {
    let path = path(notes, fingerprint, earlier);
    if let Ok(run) = std::fs::read_link(path.with_extension("folder")) {
        return Some(Kept::Folder(run));
    }
    let bytes = std::fs::read(path.with_extension("events")).ok()?;
    let events: Vec<Event> = codec::decode(&bytes).ok()?;
    let (mut storage, kept) = MemoryStorage::new();
    storage.append(&events).ok()?;
    Some(Kept::Memory(kept))
}

fn path(folder: &Path, fingerprint: u64, earlier: u32) -> PathBuf {
    folder.join(format!("{fingerprint:016x}-{earlier}"))
}
