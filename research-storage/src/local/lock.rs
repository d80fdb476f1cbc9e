//! The lock of a research, which one process holds while it runs the research.
//!
//! The process locks the file with `flock`, which has no races and which the system releases when
//! the process ends. The content names the holder; it is used where `flock` has no effect: on other
//! machines that share the folder. A copy of the file is ignored. The process locks the event log,
//! too, so that no other process writes it if the lock file was deleted.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use research_core::StorageError;
use research_core::files::{open_regular, open_regular_with, read_regular};

use super::files::EVENTS;
use super::lock_holder::{FileId, has_locked, holder};
pub use super::runner::Runner;

const LOCK: &str = "lock";

/// The number of attempts to lock a file whose holder does not seem to be alive: another process
/// may be testing the lock in [`runner`], or the holder has not written its entry yet.
const TRIES: usize = 10_000;

/// A lock that this process holds until the value is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    file: File,
    /// The event log, which is locked too, if it exists.
    log: Option<File>,
    /// This process. A process that was forked from it must not release the lock.
    holder: Runner,
    follows_a_death: bool,
    /// Whether the lock file is left unchanged when the lock is dropped.
    stays: bool,
    /// Whether the lock file is kept, without a holder, if a killed run had left it.
    leaves_trace: bool,
}

impl Lock {
    /// Locks a folder. Takes over the lock of a process that has died.
    pub(super) fn take(folder: &Path) -> Result<Self, StorageError> {
        let path = folder.join(LOCK);
        let (file, by_system) = lock_file(folder, &path)?;
        let cannot_lock = |error| StorageError::io("lock", &path)(error);
        let mut holder = Runner::this_process(&file).map_err(cannot_lock)?;
        let before = read(&path);
        let follows_a_death = is_there(folder);
        match before {
            Some(holder) if holder.is_elsewhere() => {
                return Err(StorageError::LockedElsewhere {
                    lock: path,
                    pid: holder.pid,
                    host: holder.host,
                });
            }
            // If this process holds the `flock`, no earlier holder is alive.
            Some(holder) if !by_system && holder.is_seen() => return Err(holder.locked(folder)),
            Some(dead) => holder.left = dead.into_left(),
            None => {}
        }
        let log = lock_log(folder).inspect_err(|_| {
            // The lock file of the running process was deleted; an empty one would hide that
            // process from [`runner`].
            if file.metadata().is_ok_and(|found| found.len() == 0) {
                fs::remove_file(&path).ok();
            }
        })?;
        write(&file, &holder).map_err(cannot_lock)?;
        Ok(Self {
            path,
            file,
            log,
            holder,
            follows_a_death,
            stays: false,
            leaves_trace: false,
        })
    }

    /// Locks the log of the folder, too, after it was created.
    pub(super) fn with_log(mut self, folder: &Path) -> Result<Self, StorageError> {
        self.log = lock_log(folder)?;
        Ok(self)
    }

    /// Whether a killed run had left the lock file.
    pub(super) fn follows_a_death(&self) -> bool {
        self.follows_a_death
    }

    /// Keeps the lock file on drop, as if the process had been killed: the run could not write its
    /// end, so a missing end is not reported as a loss.
    pub(super) fn stay(&mut self) {
        self.stays = true;
    }

    /// Keeps a lock file without a holder on drop if a killed run had left one: this process does
    /// not run the research, so the log still lacks the end of that run.
    pub(super) fn leaving_trace(mut self) -> Self {
        self.leaves_trace = true;
        self
    }

    /// Takes the log, which stays locked as long as the file is open.
    pub(super) fn take_log(&mut self) -> Option<File> {
        self.log.take()
    }

    /// Returns the mark of the run that holds this lock.
    pub(super) fn mark(&self) -> String {
        self.holder.mark()
    }

    /// Returns the marks of dead runs whose strays have not been killed yet.
    pub(super) fn left(&self) -> &[String] {
        &self.holder.left
    }

    /// Records that no strays of the dead runs are left.
    pub(super) fn nothing_left(&mut self) -> io::Result<()> {
        self.holder.left.clear();
        write(&self.file, &self.holder)
    }

    /// Updates the path after the folder was renamed.
    pub(super) fn moved(mut self, folder: &Path) -> Self {
        self.path = folder.join(LOCK);
        self
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The folder may have been removed, and another one created under its name.
        let is_ours = self.holder.pid == std::process::id() && is_at(&self.file, &self.path);
        if !is_ours || self.stays {
            return;
        }
        let is_trace = self.leaves_trace && self.follows_a_death;
        if self.holder.left.is_empty() && !is_trace {
            fs::remove_file(&self.path).ok();
        } else {
            // Keep the lock file without a holder, so the next holder kills the strays.
            (self.holder.pid, self.holder.started) = (0, 0);
            write(&self.file, &self.holder).ok();
        }
    }
}

/// Opens and locks the lock file; the flag is false if the file system cannot lock files.
fn lock_file(folder: &Path, path: &Path) -> Result<(File, bool), StorageError> {
    let cannot_lock = |error| StorageError::io("lock", path)(error);
    let mut tries = 0;
    loop {
        let file = open(path).map_err(cannot_lock)?;
        match file.try_lock() {
            Ok(()) if leads_to(path, &file).map_err(cannot_lock)? => return Ok((file, true)),
            // The previous holder deleted the file after it was opened here.
            Ok(()) => continue,
            // Some network file systems cannot lock files; there, the content of the file decides.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                return Ok((file, false));
            }
            Err(TryLockError::Error(error)) => return Err(cannot_lock(error)),
            Err(TryLockError::WouldBlock) => {}
        }
        tries += 1;
        match read(path) {
            Some(holder) if holder.is_seen() || tries == TRIES => {
                return Err(holder.locked(folder));
            }
            None if tries == TRIES => return Err(Runner::unknown().locked(folder)),
            _ => std::thread::yield_now(),
        }
    }
}

/// Locks the event log of a folder; `None` if it is missing or cannot be locked.
fn lock_log(folder: &Path) -> Result<Option<File>, StorageError> {
    let path = folder.join(EVENTS);
    let cannot_lock = |error| StorageError::io("lock", &path)(error);
    let file = match open_regular_with(&path, OpenOptions::new().read(true).write(true)) {
        Ok(file) => file,
        // The caller reads the log later, and reports the error.
        Err(_) => return Ok(None),
    };
    // Another process may be testing the lock in [`runner`] at this moment.
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) => std::thread::yield_now(),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                return Ok(None);
            }
            Err(TryLockError::Error(error)) => return Err(cannot_lock(error)),
        }
    }
    let id = FileId::of(&file.metadata().map_err(cannot_lock)?);
    Err(who_holds(id).locked(folder))
}

/// Returns the process that has locked a file, or [`Runner::unknown`].
fn who_holds(id: FileId) -> Runner {
    holder(id).map_or_else(Runner::unknown, Runner::of_process)
}

/// Whether a lock file exists: that of a run, of a killed run, or of a folder of which this is a
/// copy.
pub(super) fn is_there(folder: &Path) -> bool {
    let text = read_regular(&folder.join(LOCK));
    text.is_ok_and(|text| serde_json::from_slice::<Runner>(&text).is_ok())
}

/// Returns the marks of dead runs in a folder whose strays have not been killed yet. During a run
/// there are none, because the run has killed them.
pub(super) fn left_behind(folder: &Path) -> Result<Vec<String>, StorageError> {
    let holder = read(&folder.join(LOCK));
    match (runner(folder)?, holder) {
        (None, Some(dead)) => Ok(dead.into_left()),
        _ => Ok(Vec::new()),
    }
}

/// Returns the process that runs the research in a folder, if there is one.
pub(super) fn runner(folder: &Path) -> Result<Option<Runner>, StorageError> {
    let path = folder.join(LOCK);
    let named = read(&path);
    if let Some(holder) = named.as_ref().filter(|holder| holder.is_elsewhere()) {
        return Ok(Some(holder.clone()));
    }
    Ok(match is_locked(&path)? {
        Some(true) => Some(named.unwrap_or_else(Runner::unknown)),
        Some(false) => match is_locked(&folder.join(EVENTS))? {
            // The lock file was deleted during the run.
            Some(true) => FileId::at_end_of_links(&folder.join(EVENTS)).map(who_holds),
            _ => None,
        },
        // The file system cannot lock files: the content of the file decides.
        None => named.filter(Runner::is_seen),
    })
}

/// Whether `runner` holds the lock of a folder, or has locked its log.
pub(super) fn is_held_by(folder: &Path, runner: &Runner) -> bool {
    let path = folder.join(LOCK);
    if !runner.is_seen() {
        return false;
    }
    let files = [
        FileId::at(&path),
        FileId::at_end_of_links(&folder.join(EVENTS)),
    ];
    if files.iter().flatten().any(|id| has_locked(runner.pid, *id)) {
        return true;
    }
    let is_named = || read(&path).as_ref() == Some(runner);
    matches!(is_locked(&path), Ok(None)) && is_named()
}

/// Whether a process has locked a file; `None` if the file system cannot lock files. A path without
/// a regular file is not locked.
fn is_locked(path: &Path) -> Result<Option<bool>, StorageError> {
    let file = match open_regular(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Err(StorageError::io("read", path)(error));
        }
        Err(_) => return Ok(Some(false)),
    };
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Ok(Some(true)),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(None),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(Some(false)),
    }
}

fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        // Do not follow a symbolic link: the file is written, and a link could lead to any file.
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("not a regular file")),
    }
}

/// Whether the path still leads to this file; false if that cannot be checked.
fn is_at(file: &File, path: &Path) -> bool {
    leads_to(path, file).unwrap_or(false)
}

/// Whether the path still leads to this file.
///
/// # Errors
/// The system cannot check the path; it may lead to this file or to another.
fn leads_to(path: &Path, file: &File) -> io::Result<bool> {
    let held = FileId::of(&file.metadata()?);
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(held == FileId::of(&found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Reads the holder from the lock file; `None` if the file has no entry (another process is about
/// to write it), or is a copy of another lock file.
fn read(path: &Path) -> Option<Runner> {
    let found = fs::symlink_metadata(path).ok()?;
    let text = found.is_file().then(|| read_regular(path).ok())??;
    let runner: Runner = serde_json::from_slice(&text).ok()?;
    runner.is_of(FileId::of(&found)).then_some(runner)
}

fn write(file: &File, runner: &Runner) -> io::Result<()> {
    let mut text = serde_json::to_vec(runner)?;
    text.push(b'\n');
    file.set_len(0)?;
    file.write_all_at(&text, 0)
}
