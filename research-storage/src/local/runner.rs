//! Who runs a research, as its lock says.

use std::fs::File;
use std::io;
use std::path::Path;

use research_core::executor::RunClock;
use research_core::{StorageError, Timestamp};
use research_process::{ProcessStat, read_system_file};
use serde::{Deserialize, Serialize};

use super::lock_holder::FileId;

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
    /// The lock's file itself, so that a copy of it means nothing; nothing in the files of earlier
    /// versions.
    #[serde(default)]
    file: Option<FileId>,
    /// The epoch of the run's clock; nothing in the files of earlier versions.
    #[serde(default)]
    epoch: Option<u64>,
    /// The marks of earlier runs that died on this machine, and whose strays have not been killed
    /// yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) left: Vec<String>,
}

impl Runner {
    pub(super) fn this_process(file: &File) -> io::Result<Self> {
        let id = FileId::of(&file.metadata()?);
        Ok(Self {
            since: Timestamp::now().0,
            file: Some(id),
            epoch: RunClock::epoch(),
            ..Self::of_process(std::process::id())
        })
    }

    /// A process of this machine of which nothing else is known.
    pub(super) fn of_process(pid: u32) -> Self {
        Self {
            pid,
            started: start_of(pid).unwrap_or_default(),
            host: read_system_file("/proc/sys/kernel/hostname"),
            since: 0,
            boot: read_system_file("/proc/sys/kernel/random/boot_id"),
            file: None,
            epoch: None,
            left: Vec::new(),
        }
    }

    /// One that holds the lock and has not written who it is.
    pub(super) fn unknown() -> Self {
        Self {
            pid: 0,
            started: 0,
            host: "a machine that is not known yet".to_owned(),
            since: 0,
            boot: String::new(),
            file: None,
            epoch: None,
            left: Vec::new(),
        }
    }

    /// What all processes of its run have in the variable `RESEARCH_MARK` of their environment,
    /// before the part that is a worker's own. It is in the lock before the first of them starts,
    /// so it is known whichever process is killed.
    pub(super) fn mark(&self) -> String {
        format!("{}-{}", self.pid, self.since)
    }

    /// Once it has died: the marks of its run, and of those before it that it has not seen to.
    /// None where the machine has started anew since, which no process outlives.
    pub(super) fn into_left(mut self) -> Vec<String> {
        if !self.is_this_boot() {
            return Vec::new();
        }
        if self.pid != 0 && !self.is_seen() {
            self.left.push(self.mark());
        }
        self.left.retain(|mark| !is_led(mark));
        self.left
    }

    /// Whether it can be seen from here that it runs. Whether it is this research that it runs,
    /// [`StoredResearch::is_run_by`](super::StoredResearch::is_run_by) says.
    #[must_use]
    pub fn is_seen(&self) -> bool {
        self.is_this_boot() && self.started != 0 && start_of(self.pid) == Some(self.started)
    }

    /// What the clock of its run shows now: the time of day, but for steps that it has made since
    /// the run began.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let epoch = self.epoch.filter(|_| self.is_this_boot());
        epoch.map_or_else(Timestamp::now, |epoch| Timestamp(RunClock::now_of(epoch)))
    }

    /// Whether it is on this machine, and this has not started anew since.
    fn is_this_boot(&self) -> bool {
        self.boot == read_system_file("/proc/sys/kernel/random/boot_id")
    }

    /// Whether nothing can be known about it from here: the system's lock may not reach so far.
    pub(super) fn is_elsewhere(&self) -> bool {
        !self.is_this_boot() && self.host != read_system_file("/proc/sys/kernel/hostname")
    }

    /// Whether it was written into this file, and not into another one of which this is a copy.
    /// Other machines have other numbers for the same device.
    pub(super) fn is_of(&self, id: FileId) -> bool {
        self.file.is_none_or(|file| {
            file.inode == id.inode && (file.device == id.device || self.is_elsewhere())
        })
    }

    pub(super) fn locked(self, folder: &Path) -> StorageError {
        StorageError::Locked {
            path: folder.to_owned(),
            pid: self.pid,
            host: self.host,
        }
    }
}

/// The largest error of [`began_at`] in microseconds. It is computed from two times in hundredths
/// of a second.
const START_TOLERANCE: u64 = 100_000;

/// Whether the leader of the run with this mark lives: then nothing of it was left behind,
/// whatever a lock says.
fn is_led(mark: &str) -> bool {
    let Some((pid, since)) = mark.split_once('-') else {
        return false;
    };
    let (Ok(pid), Ok(since)) = (pid.parse(), since.parse::<u64>()) else {
        return false;
    };
    // A process that started later has only got its number.
    began_at(pid).is_some_and(|began| began <= since.saturating_add(START_TOLERANCE))
}

/// When a process started, in microseconds since 1970, to a hundredth of a second; `None` if there
/// is none.
fn began_at(pid: u32) -> Option<u64> {
    let ticks = start_of(pid)?;
    // Before the uptime: a delay between the two makes the start earlier, never later.
    let now = Timestamp::now().0;
    let uptime: f64 = read_system_file("/proc/uptime")
        .split(' ')
        .next()?
        .parse()
        .ok()?;
    // The system counts a hundred ticks a second for programs, whatever it does itself.
    let age = uptime - ticks as f64 / 100.0;
    Some(now.saturating_sub((age * 1e6) as u64))
}

/// The start time of a running process, in clock ticks since the machine started.
fn start_of(pid: u32) -> Option<u64> {
    let stat = ProcessStat::of(pid).filter(|stat| !stat.is_zombie())?;
    Some(stat.start_ticks)
}
