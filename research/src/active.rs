//! The runs that this program leads at the moment.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

use research_exec::RunControl;

use crate::finished::Kept;

static ACTIVE: Mutex<Vec<Active>> = Mutex::new(Vec::new());

struct Active {
    fingerprint: u64,
    thread: ThreadId,
    folder: Option<PathBuf>,
    control: RunControl,
    /// Whether its workers find their run by its description alone.
    is_described: bool,
    /// Whether another thread has called a run of the same description.
    is_mixed_up: bool,
}

/// A run of this program, until it is dropped.
pub(crate) struct ActiveRun {
    control: RunControl,
}

fn active() -> MutexGuard<'static, Vec<Active>> {
    // Each change is whole.
    ACTIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks the run in this folder to end, if this program leads it; whether it does.
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
    /// Begins a run. With `is_described`, workers find it by its description alone, and must not
    /// come to another one of the same description: `None` if another thread leads such a run,
    /// which is stopped. Its workers may have come to the run of this thread.
    pub(crate) fn begin(fingerprint: u64, is_described: bool) -> Option<Self> {
        let thread = std::thread::current().id();
        let control = RunControl::default();
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

    /// Says where the run is kept.
    pub(crate) fn set_kept(&self, kept: &Kept) {
        let mut active = active();
        let is_this = |run: &&mut Active| run.control.is_same(&self.control);
        if let Some(run) = active.iter_mut().find(is_this) {
            run.folder = kept.folder().map(Path::to_owned);
        }
    }

    pub(crate) fn control(&self) -> RunControl {
        self.control.clone()
    }

    /// Whether its results may be those of another run.
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
