//! The process that runs a research, as its lock file describes it.

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
    /// The process id.
    pub pid: u32,
    /// The start time in clock ticks since the machine started (field 22 of `/proc/<pid>/stat`); 0
    /// if it is unknown. A process with this pid and another start time is a different process.
    pub started: u64,
    /// The name of the machine.
    pub host: String,
    /// When it locked the research, in microseconds since 1970.
    pub since: u64,
    /// The boot id of the machine.
    boot: String,
    /// The identity of the lock file, so that a copy of it is ignored; missing in files of earlier
    /// versions.
    #[serde(default)]
    file: Option<FileId>,
    /// The epoch of the run's clock; missing in files of earlier versions.
    #[serde(default)]
    epoch: Option<u64>,
    /// The marks of earlier runs that died on this machine and whose strays have not been killed
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

    /// Describes a process of this machine of which only the pid is known.
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

    /// Describes a holder of the lock that has not written its entry yet.
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

    /// Returns the mark of its run: the value of the environment variable `RESEARCH_MARK` in all
    /// processes of the run, before the part that names the worker. It is in the lock file before
    /// the first of them starts, so it is known even if the leader is killed.
    pub(super) fn mark(&self) -> String {
        format!("{}-{}", self.pid, self.since)
    }

    /// Returns the marks of runs that may have strays: that of its own run, if the process has
    /// died, and those that it had not cleaned up. Empty if the machine was restarted, which ends
    /// all processes.
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

    /// Whether this machine has a running process with its pid and start time. Whether that process
    /// runs this research is checked by
    /// [`StoredResearch::is_run_by`](super::StoredResearch::is_run_by).
    #[must_use]
    pub fn is_seen(&self) -> bool {
        self.is_this_boot() && self.started != 0 && start_of(self.pid) == Some(self.started)
    }

    /// Returns the current time of its run's clock: the time of day, without the changes of the
    /// system time since the run began.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let epoch = self.epoch.filter(|_| self.is_this_boot());
        epoch.map_or_else(Timestamp::now, |epoch| Timestamp(RunClock::now_of(epoch)))
    }

    /// Whether it is a process of this machine since its last restart.
    fn is_this_boot(&self) -> bool {
        self.boot == read_system_file("/proc/sys/kernel/random/boot_id")
    }

    /// Whether it is on another machine: `flock` may have no effect between machines.
    pub(super) fn is_elsewhere(&self) -> bool {
        !self.is_this_boot() && self.host != read_system_file("/proc/sys/kernel/hostname")
    }

    /// Whether it was written to this file, and not to another one of which this is a copy. Only
    /// inodes are compared with entries of other machines, which have other numbers for the same
    /// device.
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

/// Whether the leader of the run with this mark is alive: its processes are then not strays,
/// whatever a lock file says.
fn is_led(mark: &str) -> bool {
    let Some((pid, since)) = mark.split_once('-') else {
        return false;
    };
    let (Ok(pid), Ok(since)) = (pid.parse(), since.parse::<u64>()) else {
        return false;
    };
    // A process that started later is another one with the same pid.
    began_at(pid).is_some_and(|began| began <= since.saturating_add(START_TOLERANCE))
}

/// Returns the start time of a process in microseconds since 1970, to a hundredth of a second;
/// `None` if it does not exist.
fn began_at(pid: u32) -> Option<u64> {
    let ticks = start_of(pid)?;
    // Read before the uptime: a delay between the two makes the result earlier, never later.
    let now = Timestamp::now().0;
    let uptime: f64 = read_system_file("/proc/uptime")
        .split(' ')
        .next()?
        .parse()
        .ok()?;
    // `/proc` shows 100 ticks a second, whatever the frequency of the kernel's timer.
    let age = uptime - ticks as f64 / 100.0;
    Some(now.saturating_sub((age * 1e6) as u64))
}

/// Returns the start time of a running process, in clock ticks since the machine started.
fn start_of(pid: u32) -> Option<u64> {
    let stat = ProcessStat::of(pid).filter(|stat| !stat.is_zombie())?;
    Some(stat.start_ticks)
}
