//! The earlier runs of a program: a worker that passes them needs their results, and must not run
//! them again.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, Weak};
use std::thread::ThreadId;

use research_core::{Event, Storage, codec};
use research_exec::Target;
use research_storage::MemoryStorage;
use tempfile::TempDir;

use crate::failed::Failed;
use crate::place::{Place, StorageBackend};
use crate::run_files::{RunFiles, copy_of_this_process};

/// The suffixes of the records: a link to a folder, a copy of a removed one, events from memory,
/// the reason of a failure.
const FOLDER: &str = "folder";
const REMOVED: &str = "removed";
const EVENTS: &str = "events";
const FAILED: &str = "failed";

/// The ending of a run.
#[derive(Clone)]
pub(crate) enum Ended {
    Done(StorageBackend),
    /// The run failed, with the reason.
    Failed(Failed),
}

/// The runs with one description.
#[derive(Clone, Default)]
struct Runs {
    /// The endings in order, with the files of runs that have any.
    ended: Vec<(Ended, Weak<RunFiles>)>,
    last: Option<LastRun>,
}

/// The last run with a description.
#[derive(Clone, Copy)]
struct LastRun {
    /// The thread that called it.
    thread: ThreadId,
    /// Threads with higher numbers started later; `None` if unknown.
    threads_before: Option<u64>,
}

/// The completed and failed runs of this program, and those passed in a worker, by fingerprint.
static RUNS: Mutex<Option<HashMap<u64, Runs>>> = Mutex::new(None);

fn with_runs<T>(change: impl FnOnce(&mut HashMap<u64, Runs>) -> T) -> T {
    let mut runs = RUNS.lock().unwrap_or_else(PoisonError::into_inner);
    change(runs.get_or_insert_default())
}

/// Returns the number of ended runs with this fingerprint.
pub(crate) fn count(fingerprint: u64) -> u32 {
    let ended = with_runs(|runs| runs.get(&fingerprint).map_or(0, |runs| runs.ended.len()));
    u32::try_from(ended).unwrap_or(u32::MAX)
}

/// Returns whether a run has ended.
pub(crate) fn has_ended() -> bool {
    with_runs(|runs| !runs.is_empty())
}

/// Records the ending of a run. With `is_described`, workers of later runs find it by its order.
pub(crate) fn note(fingerprint: u64, ended: Ended, is_described: bool) {
    let last = LastRun::now(is_described);
    let files = match &ended {
        Ended::Done(StorageBackend::Folder(folder)) => RunFiles::hold(folder),
        Ended::Done(StorageBackend::Memory(_)) | Ended::Failed(_) => Weak::new(),
    };
    with_runs(|runs| {
        let runs = runs.entry(fingerprint).or_default();
        runs.ended.push((ended, files));
        runs.last = Some(last);
    });
}

/// Whether this run always follows all ended runs with the same fingerprint, each time that the
/// program is started: this thread did the last of them, or began after it.
pub(crate) fn is_in_order(fingerprint: u64) -> bool {
    let last = with_runs(|runs| runs.get(&fingerprint).and_then(|runs| runs.last));
    last.is_none_or(|last| {
        let this = std::thread::current().id();
        let began_later = |before| number(this).is_some_and(|number| number > before);
        this == last.thread || last.threads_before.is_some_and(began_later)
    })
}

impl LastRun {
    /// A run that this thread completed.
    fn now(is_described: bool) -> Self {
        let thread = std::thread::current().id();
        let threads_before = if is_described {
            let newest = std::thread::Builder::new().spawn(|| {});
            newest.ok().and_then(|newest| {
                let number = number(newest.thread().id());
                // The thread cannot panic.
                let _ = newest.join();
                number
            })
        } else {
            Some(0)
        };
        Self {
            thread,
            threads_before,
        }
    }
}

/// Returns the number of a thread. Threads are numbered in the order in which they are started.
fn number(thread: ThreadId) -> Option<u64> {
    let text = format!("{thread:?}");
    text.strip_prefix("ThreadId(")?
        .strip_suffix(')')?
        .parse()
        .ok()
}

/// The storage of a run, and whether it failed.
type PlaceOfRun = (Place, bool);

/// The locations of the runs of the same name and units.
static PLACES: Mutex<Option<HashMap<u64, Vec<PlaceOfRun>>>> = Mutex::new(None);

/// Records that a run with this fingerprint of units ended.
pub(crate) fn note_place(units: u64, place: &Place, has_failed: bool) {
    let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
    let places = places.get_or_insert_default().entry(units).or_default();
    places.push((place.clone(), has_failed));
}

/// Whether the closures of a run are those of [`worker_entry`](crate::worker_entry): it is the
/// first run with its name and units, or resumes the research of the previous one.
pub(crate) fn is_of_entry(units: u64, place: &Place, is_resumed: bool) -> bool {
    let places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
    let places = places.as_ref().and_then(|places| places.get(&units));
    places.is_none_or(|places| {
        places.iter().all(|(before, has_failed)| {
            before == place && *place != Place::Memory && (*has_failed || is_resumed)
        })
    })
}

/// Writes a record of the ended runs for workers; `None` if there are none.
pub(crate) fn write_down() -> io::Result<Option<TempDir>> {
    let runs = with_runs(|runs| runs.clone());
    if runs.is_empty() {
        return Ok(None);
    }
    let folder = tempfile::Builder::new()
        .prefix("research-runs-")
        .tempdir()?;
    for (fingerprint, runs) in runs {
        for (earlier, (ended, files)) in (0..).zip(runs.ended) {
            let path = path(folder.path(), fingerprint, earlier);
            match files.upgrade().filter(|files| files.were_removed()) {
                Some(files) => files.copy(&path.with_extension(REMOVED))?,
                None => write(&path, ended)?,
            }
        }
    }
    Ok(Some(folder))
}

fn write(path: &Path, ended: Ended) -> io::Result<()> {
    match ended {
        Ended::Done(StorageBackend::Folder(run)) => {
            let run = std::path::absolute(run)?;
            std::os::unix::fs::symlink(run, path.with_extension(FOLDER))
        }
        Ended::Done(StorageBackend::Memory(events)) => {
            let mut bytes = Vec::new();
            codec::encode_into(&events.events(), &mut bytes).map_err(io::Error::other)?;
            std::fs::write(path.with_extension(EVENTS), bytes)
        }
        Ended::Failed(failed) => std::fs::write(path.with_extension(FAILED), failed.to_text()),
    }
}

/// In a worker: returns the ending of this run in the leader, if it ended.
pub(crate) fn find(notes: &Path, fingerprint: u64, earlier: u32) -> Option<Ended> {
    let path = path(notes, fingerprint, earlier);
    if let Ok(run) = std::fs::read_link(path.with_extension(FOLDER)) {
        return Some(Ended::Done(StorageBackend::Folder(run)));
    }
    if let Ok(copy) = copy_of_this_process(&path.with_extension(REMOVED)) {
        return Some(Ended::Done(StorageBackend::Folder(copy)));
    }
    if let Ok(text) = std::fs::read_to_string(path.with_extension(FAILED)) {
        return Some(Ended::Failed(Failed::from_text(&text)));
    }
    let bytes = std::fs::read(path.with_extension(EVENTS)).ok()?;
    let events: Vec<Event> = codec::decode(&bytes).ok()?;
    let (mut storage, kept) = MemoryStorage::new();
    storage.append(&events).ok()?;
    Some(Ended::Done(StorageBackend::Memory(kept)))
}

/// In a worker: whether this is the requested run. An earlier run is accepted, too, if its closures
/// captured nothing and it and all runs in between failed, because the leader then resumed the same
/// research.
pub(crate) fn is_meant(meant: &Target, fingerprint: u64, earlier: u32, has_captures: bool) -> bool {
    let has_failed = |earlier| {
        let notes = meant.earlier_runs.as_deref();
        let path = notes.map(|notes| path(notes, fingerprint, earlier));
        path.is_some_and(|path| path.with_extension(FAILED).exists())
    };
    fingerprint == meant.fingerprint
        && (earlier == meant.earlier
            || !has_captures && earlier < meant.earlier && (earlier..meant.earlier).all(has_failed))
}

fn path(folder: &Path, fingerprint: u64, earlier: u32) -> PathBuf {
    folder.join(format!("{fingerprint:016x}-{earlier}"))
}
