//! The active runs of this program.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

use research_exec::RunControl;

use crate::place::StorageBackend;

static ACTIVE: Mutex<Vec<Active>> = Mutex::new(Vec::new());

struct Active {
    fingerprint: u64,
    thread: ThreadId,
    folder: Option<PathBuf>,
    control: RunControl,
    /// Whether workers find the run by its description alone.
    is_described: bool,
    /// Whether another thread called a run with the same description.
    is_mixed_up: bool,
}

/// An active run, until it is dropped.
pub(crate) struct ActiveRun {
    control: RunControl,
}

fn active() -> MutexGuard<'static, Vec<Active>> {
    // Consistent at any time.
    ACTIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Requests the run in this folder to stop, if this program leads it. Returns whether it does.
pub(crate) fn stop(folder: &Path, kill: bool) -> bool {
    let mut found = false;
    for run in active().iter().filter(|run| run.is_in(folder)) {
        if kill {
            run.control.kill();
        } else {
            run.control.stop();
        }
        found = true;
    }
    found
}

/// Returns the control of the run in this folder, if this program leads it.
pub(crate) fn control_of(folder: &Path) -> Option<RunControl> {
    let active = active();
    let run = active.iter().find(|run| run.is_in(folder))?;
    Some(run.control.clone())
}

impl Active {
    fn is_in(&self, folder: &Path) -> bool {
        let key = |path: &Path| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((metadata.dev(), metadata.ino()))
        };
        let own = self.folder.as_deref().and_then(key);
        own.is_some() && own == key(folder)
    }
}

impl ActiveRun {
    /// Starts a run. With `is_described`, workers find it by its description alone, and must not
    /// reach another run with the same description: returns `None` if another thread leads such a
    /// run, which is stopped, because its workers may have reached the run of this thread.
    pub(crate) fn begin(fingerprint: u64, is_described: bool, control: RunControl) -> Option<Self> {
        let thread = std::thread::current().id();
        let mut active = active();
        let mut is_alone = true;
        for other in active.iter_mut().filter(|other| {
            is_described && other.fingerprint == fingerprint && other.thread != thread
        }) {
            is_alone = false;
            if other.is_described {
                other.is_mixed_up = true;
                other.control.kill();
            }
        }
        is_alone.then(|| {
            active.push(Active {
                fingerprint,
                thread,
                folder: None,
                control: control.clone(),
                is_described,
                is_mixed_up: false,
            });
            Self { control }
        })
    }

    /// Sets the storage of the run.
    pub(crate) fn set_kept(&self, kept: &StorageBackend) {
        let mut active = active();
        let is_this = |run: &&mut Active| run.control.is_same(&self.control);
        if let Some(run) = active.iter_mut().find(is_this) {
            run.folder = kept.folder().map(Path::to_owned);
        }
    }

    pub(crate) fn control(&self) -> RunControl {
        self.control.clone()
    }

    /// Whether the results may be mixed with those of another run.
    pub(crate) fn is_mixed_up(&self) -> bool {
        let is_this = |run: &&Active| run.control.is_same(&self.control);
        active()
            .iter()
            .find(is_this)
            .is_some_and(|run| run.is_mixed_up)
    }
}

impl Drop for ActiveRun {
    fn drop(&mut self) {
        active().retain(|run| !run.control.is_same(&self.control));
    }
}
