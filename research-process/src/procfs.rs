//! Facts about processes from `/proc`.

use std::fs;
use std::os::unix::fs::MetadataExt;

/// Fields of `/proc/PID/stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessStat {
    /// The state: `R`, `S`, `Z` and so on.
    pub state: char,
    /// The pid of the parent process.
    pub parent: i32,
    /// The start time, in clock ticks since the machine started. Together with the pid and the boot
    /// id it identifies a process.
    pub start_ticks: u64,
    /// Processor time of the children that the process has reaped, in clock ticks.
    reaped_ticks: u64,
}

impl ProcessStat {
    /// Reads the fields of a process; `None` if there is no such process.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field is the program's name in parentheses, which may contain anything.
        let (_, fields) = stat.rsplit_once(") ")?;
        let mut fields = fields.split(' ');
        let state = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        let mut number = |skipped| fields.nth(skipped)?.parse::<u64>().ok();
        // Fields 16, 17 and 22.
        let reaped_ticks = number(11)? + number(0)?;
        let start_ticks = number(4)?;
        Some(Self {
            state,
            parent,
            start_ticks,
            reaped_ticks,
        })
    }

    /// Processor time of the children that the process has reaped, in seconds.
    pub(crate) fn reaped_cpu_seconds(&self) -> f64 {
        // SAFETY: it takes and returns an integer.
        let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
        self.reaped_ticks as f64 / ticks.max(1) as f64
    }

    /// Whether the process has ended and was not reaped by its parent yet.
    #[must_use]
    pub fn is_zombie(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }
}

/// Whether the calling process is `pid` or one of its descendants.
pub(crate) fn descends_from(pid: i32) -> bool {
    let mut process = nix::unistd::getpid().as_raw();
    while process > 0 && process != pid {
        let stat = u32::try_from(process).ok().and_then(ProcessStat::of);
        process = stat.map_or(0, |stat| stat.parent);
    }
    process == pid
}

/// Whether the calling thread is the only one of this process.
#[must_use]
pub fn is_single_threaded() -> bool {
    // The link count of a folder is two more than the number of its subfolders: one per thread.
    fs::metadata("/proc/self/task").is_ok_and(|metadata| metadata.nlink() == 3)
}

/// Reads a one-line file of `/proc` or `/sys`; empty if it cannot be read.
#[must_use]
pub fn read_system_file(path: &str) -> String {
    fs::read_to_string(path)
        .map(|text| text.trim_end().to_owned())
        .unwrap_or_default()
}
