//! The lock: who runs a research.
//!
//! The file is locked by the system (`flock`), which no race gets past and which ends with the
//! process; what is written in it says who holds it, and decides where the system's lock does not
//! reach: on other machines that share the folder.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use research_core::{StorageError, Timestamp};
use serde::{Deserialize, Serialize};

const LOCK: &str = "lock";

/// How often a lock is tried that somebody holds who does not seem to be alive: a look of
/// [`runner`] at the same moment, or a holder who has not written yet who it is.
const TRIES: usize = 10_000;

/// A process that runs a research.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runner {
    /// Its number.
    pub pid: u32,
    /// When it started, in the system's ticks since the machine did (field 22 of
    /// `/proc/<pid>/stat`); 0 where that is not known. A process with this pid that started at
    /// another moment is another one.
    pub started: u64,
    /// The machine.
    pub host: String,
    /// When it began with the research, in microseconds since 1970.
    pub since: u64,
    /// The machine's current life: another one each time that it starts.
    boot: String,
    /// The marks of runs before it that died on this machine, and of which nobody has seen yet
    /// whether they left processes behind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    left: Vec<String>,
}

impl Runner {
    fn this_process() -> Self {
        let pid = std::process::id();
        Self {
            pid,
            started: start_of(pid).unwrap_or_default(),
            host: system_file("/proc/sys/kernel/hostname"),
            since: Timestamp::now().0,
            boot: system_file("/proc/sys/kernel/random/boot_id"),
            left: Vec::new(),
        }
    }

    /// One that holds the lock and has not written who it is.
    fn unknown() -> Self {
        Self {
            pid: 0,
            started: 0,
            host: "a machine that is not known yet".to_owned(),
            since: 0,
            boot: String::new(),
            left: Vec::new(),
        }
    }

    /// What all processes of its run have in the variable `RESEARCH_MARK` of their environment,
    /// before the part that is a worker's own. It is in the lock before the first of them starts,
    /// so it is known whoever is killed at whatever moment.
    fn mark(&self) -> String {
        format!("{}-{}", self.pid, self.since)
    }

    /// Once it has died: the marks of its run, and of those before it that it has not seen to.
    /// None where the machine has started anew since, which no process outlives.
    fn into_left(mut self) -> Vec<String> {
        if !self.is_this_boot() {
            return Vec::new();
        }
        if self.pid != 0 {
            self.left.push(self.mark());
        }
        self.left
    }

    /// Whether it can be seen from here that it runs.
    #[must_use]
    pub fn is_seen(&self) -> bool {
        self.is_this_boot() && self.started != 0 && start_of(self.pid) == Some(self.started)
    }

    /// Whether it is on this machine, and this has not started anew since.
    fn is_this_boot(&self) -> bool {
        self.boot == system_file("/proc/sys/kernel/random/boot_id")
    }

    /// Whether nothing can be known about it from here: the system's lock may not reach so far.
    fn is_elsewhere(&self) -> bool {
        !self.is_this_boot() && self.host != system_file("/proc/sys/kernel/hostname")
    }

    pub(super) fn locked(self, folder: &Path) -> StorageError {
        StorageError::Locked {
            path: folder.to_owned(),
            pid: self.pid,
            host: self.host,
        }
    }
}

/// A lock that this process holds, until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    file: File,
    /// This process. One that was forked from it must not give it back.
    holder: Runner,
}

impl Lock {
    /// Takes the lock of a folder. One that was left by a process that has died is taken over.
    pub(super) fn take(folder: &Path) -> Result<Self, StorageError> {
        let path = folder.join(LOCK);
        let cannot_lock = |error| StorageError::io("lock", &path)(error);
        let mut tries = 0;
        let (file, by_system) = loop {
            let file = open(&path).map_err(cannot_lock)?;
            match file.try_lock() {
                // Who held it before may have deleted the file after it was opened here.
                Ok(()) if is_at(&file, &path) => break (file, true),
                Ok(()) => continue,
                // Some network file systems cannot; there, what is written has to do.
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    break (file, false);
                }
                Err(TryLockError::Error(error)) => return Err(cannot_lock(error)),
                Err(TryLockError::WouldBlock) => {}
            }
            tries += 1;
            match read(&path) {
                Some(holder) if holder.is_seen() || tries == TRIES => {
                    return Err(holder.locked(folder));
                }
                None if tries == TRIES => return Err(Runner::unknown().locked(folder)),
                _ => std::thread::yield_now(),
            }
        };
        let mut holder = Runner::this_process();
        match read(&path) {
            Some(holder) if holder.is_elsewhere() => {
                return Err(StorageError::LockedElsewhere {
                    lock: path,
                    pid: holder.pid,
                    host: holder.host,
                });
            }
            // With the system's lock, nobody who held it before is alive.
            Some(holder) if !by_system && holder.is_seen() => return Err(holder.locked(folder)),
            Some(dead) => holder.left = dead.into_left(),
            None => {}
        }
        write(&file, &holder).map_err(cannot_lock)?;
        Ok(Self { path, file, holder })
    }

    /// The mark of the run that begins with it.
    pub(super) fn mark(&self) -> String {
        self.holder.mark()
    }

    /// The marks of runs that died, of which nobody has seen yet what they left behind.
    pub(super) fn left(&self) -> &[String] {
        &self.holder.left
    }

    /// Notes that nothing is left of the runs that died.
    pub(super) fn nothing_left(&mut self) -> io::Result<()> {
        self.holder.left.clear();
        write(&self.file, &self.holder)
    }

    /// The lock, after its folder was renamed.
    pub(super) fn moved(mut self, folder: &Path) -> Self {
        self.path = folder.join(LOCK);
        self
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The folder may have been removed, and another be there under its name.
        if self.holder.pid != std::process::id() || !is_at(&self.file, &self.path) {
            return;
        }
        if self.holder.left.is_empty() {
            fs::remove_file(&self.path).ok();
        } else {
            // A lock that nobody holds, for whoever takes it next to see to what is left.
            (self.holder.pid, self.holder.started) = (0, 0);
            write(&self.file, &self.holder).ok();
        }
    }
}

/// The marks of runs in a folder that died, of which nobody has seen yet what they left behind;
/// none while somebody runs it, who has seen to it.
pub(super) fn left_behind(folder: &Path) -> Result<Vec<String>, StorageError> {
    let holder = read(&folder.join(LOCK));
    match (runner(folder)?, holder) {
        (None, Some(dead)) => Ok(dead.into_left()),
        _ => Ok(Vec::new()),
    }
}

/// The process that runs the research in a folder, if one does.
pub(super) fn runner(folder: &Path) -> Result<Option<Runner>, StorageError> {
    let path = folder.join(LOCK);
    let Some(holder) = read(&path) else {
        return Ok(None);
    };
    if holder.is_seen() || holder.is_elsewhere() {
        return Ok(Some(holder));
    }
    // It has died, or it lives where its pid is another one (in a container): the system knows.
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StorageError::io("read", &path)(error)),
    };
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Ok(Some(holder)),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(None),
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        // A link in its place could lead to anything, and the file is written.
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)
}

/// Whether the path still leads to this file.
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(held), Ok(there)) => (held.dev(), held.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Who holds the lock; `None` if the file does not say so (it is taken at this very moment).
fn read(path: &Path) -> Option<Runner> {
    let is_file = fs::symlink_metadata(path).ok()?.is_file();
    serde_json::from_slice(&is_file.then(|| fs::read(path).ok())??).ok()
}

fn write(file: &File, runner: &Runner) -> io::Result<()> {
    let mut text = serde_json::to_vec(runner)?;
    text.push(b'\n');
    file.set_len(0)?;
    file.write_all_at(&text, 0)
}

/// When a process started, in the system's ticks; `None` if there is none, or it has ended and
/// was not waited for.
fn start_of(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in brackets, in which anything may be.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    let state = fields.next()?;
    let start = fields.nth(18)?.parse().ok()?;
    (!matches!(state, "Z" | "X")).then_some(start)
}

/// What the system says about itself; empty where it does not.
fn system_file(path: &str) -> String {
    fs::read_to_string(path)
        .map(|text| text.trim_end().to_owned())
        .unwrap_or_default()
}
