//! Resource usage of threads, and of programs and children that were reaped.

use std::cell::Cell;

use nix::libc::rusage;
use nix::sys::resource::{UsageWho, getrusage};

thread_local! {
    /// The usage of the programs that have ended since [`take_programs`] was last called.
    static PROGRAMS: Cell<Option<ResourceUsage>> = const { Cell::new(None) };
}

/// Resources that a thread or a process has used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ResourceUsage {
    /// Processor time in seconds, user and system.
    pub cpu_seconds: f64,
    /// Minor and major page faults.
    pub page_faults: i64,
    /// The peak memory of the largest process, in bytes.
    pub peak_memory: i64,
}

impl ResourceUsage {
    /// The usage of the calling thread so far; the memory is that of its process.
    #[must_use]
    pub fn of_this_thread() -> Option<Self> {
        let usage = getrusage(UsageWho::RUSAGE_THREAD).ok()?;
        Some(Self::from(usage.as_ref()))
    }

    /// The usage of two processes together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            cpu_seconds: self.cpu_seconds + other.cpu_seconds,
            page_faults: self.page_faults + other.page_faults,
            peak_memory: self.peak_memory.max(other.peak_memory),
        }
    }
}

impl From<&rusage> for ResourceUsage {
    fn from(usage: &rusage) -> Self {
        let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
        Self {
            cpu_seconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            page_faults: usage.ru_minflt + usage.ru_majflt,
            // The system counts kilobytes.
            peak_memory: usage.ru_maxrss << 10,
        }
    }
}

/// Adds the usage of a program that the calling thread has reaped.
pub fn record_program(usage: &rusage) {
    let new = ResourceUsage::from(usage);
    PROGRAMS.set(Some(PROGRAMS.get().map_or(new, |sum| sum.and(new))));
}

/// Takes the usage of the programs that the calling thread has reaped since the last call, each
/// with its own reaped children.
#[must_use]
pub fn take_programs() -> Option<ResourceUsage> {
    PROGRAMS.take()
}
