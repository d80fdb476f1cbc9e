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

use crate::error::ResearchError;
use crate::finished::Kept;

/// What the names of notes end with: a link to a folder, events that were kept in memory, the reason
/// of a failure.
const FOLDER: &str = "folder";
const EVENTS: &str = "events";
const FAILED: &str = "failed";

/// How a run ended.
#[derive(Clone)]
pub(crate) enum Ended {
    Done(Kept),
    /// It could not be done, or not to its end, and why.
    Failed(String),
}

/// The runs that this program has done or tried, or has passed by in a worker: those with each
/// fingerprint, in the order in which they ended.
static RUNS: Mutex<Option<HashMap<u64, Vec<Ended>>>> = Mutex::new(None);

fn with_runs<T>(change: impl FnOnce(&mut HashMap<u64, Vec<Ended>>) -> T) -> T {
    let mut runs = RUNS.lock().unwrap_or_else(PoisonError::into_inner);
    change(runs.get_or_insert_default())
}

/// How many runs with this fingerprint have ended.
pub(crate) fn count(fingerprint: u64) -> u32 {
    let ended = with_runs(|runs| runs.get(&fingerprint).map_or(0, Vec::len));
    u32::try_from(ended).unwrap_or(u32::MAX)
}

/// Notes how a run ended.
pub(crate) fn note(fingerprint: u64, ended: Ended) {
    with_runs(|runs| runs.entry(fingerprint).or_default().push(ended));
}

/// Notes that a run could not be done.
pub(crate) fn note_failure(fingerprint: u64, error: &ResearchError) {
    note(fingerprint, Ended::Failed(error.to_string()));
}

/// Writes down the runs that have ended, for workers to find; `None` if there are none.
pub(crate) fn write_down() -> io::Result<Option<TempDir>> {
    let runs = with_runs(|runs| runs.clone());
    if runs.is_empty() {
        return Ok(None);
    }
    let folder = tempfile::Builder::new()
        .prefix("research-runs-")
        .tempdir()?;
    for (fingerprint, ended) in runs {
        for (earlier, ended) in (0..).zip(ended) {
            write(&path(folder.path(), fingerprint, earlier), ended)?;
        }
    }
    Ok(Some(folder))
}

fn write(path: &Path, ended: Ended) -> io::Result<()> {
    match ended {
        Ended::Done(Kept::Folder(run)) => {
            let run = std::path::absolute(run)?;
            std::os::unix::fs::symlink(run, path.with_extension(FOLDER))
        }
        Ended::Done(Kept::Memory(events)) => {
            let mut bytes = Vec::new();
            codec::encode_into(&events.events(), &mut bytes).map_err(io::Error::other)?;
            std::fs::write(path.with_extension(EVENTS), bytes)
        }
        Ended::Failed(reason) => std::fs::write(path.with_extension(FAILED), reason),
    }
}

/// In a worker: how a run ended that the leader did or tried before, if this is one.
pub(crate) fn find(notes: &Path, fingerprint: u64, earlier: u32) -> Option<Ended> {
    let path = path(notes, fingerprint, earlier);
    if let Ok(run) = std::fs::read_link(path.with_extension(FOLDER)) {
        return Some(Ended::Done(Kept::Folder(run)));
    }
    if let Ok(reason) = std::fs::read_to_string(path.with_extension(FAILED)) {
        return Some(Ended::Failed(reason));
    }
    let bytes = std::fs::read(path.with_extension(EVENTS)).ok()?;
    let events: Vec<Event> = codec::decode(&bytes).ok()?;
    let (mut storage, kept) = MemoryStorage::new();
    storage.append(&events).ok()?;
    Some(Ended::Done(Kept::Memory(kept)))
}

/// In a worker: whether this run is the one that is meant. It is, too, where all that comes between
/// them has failed: the leader has gone on with the same research.
pub(crate) fn is_meant(meant: &Target, fingerprint: u64, earlier: u32) -> bool {
    let has_failed = |earlier| {
        let notes = meant.earlier_runs.as_deref();
        let path = notes.map(|notes| path(notes, fingerprint, earlier));
        path.is_some_and(|path| path.with_extension(FAILED).exists())
    };
    fingerprint == meant.fingerprint
        && earlier <= meant.earlier
        && (earlier..meant.earlier).all(has_failed)
}

fn path(folder: &Path, fingerprint: u64, earlier: u32) -> PathBuf {
    folder.join(format!("{fingerprint:016x}-{earlier}"))
}
