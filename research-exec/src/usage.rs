//! What a thread has used of the machine, and what the programs have used that it has waited for.

use std::cell::Cell;

use nix::libc::rusage;
use nix::sys::resource::{UsageWho, getrusage};

thread_local! {
    /// That of the programs that have ended since this was last asked.
    static PROGRAMS: Cell<Option<Used>> = const { Cell::new(None) };
}

/// What was used of the machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used {
    pub(crate) cpu_seconds: f64,
    pub(crate) page_faults: i64,
    /// The most memory that there was at once, in bytes.
    pub(crate) peak_memory: i64,
}

impl Used {
    fn of(usage: &rusage) -> Self {
        let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
        Self {
            cpu_seconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            page_faults: usage.ru_minflt + usage.ru_majflt,
            // The system counts it in kilobytes.
            peak_memory: usage.ru_maxrss << 10,
        }
    }

    /// What this thread has used so far, of the memory of its process.
    pub(crate) fn by_this_thread() -> Option<Self> {
        Some(Self::of(getrusage(UsageWho::RUSAGE_THREAD).ok()?.as_ref()))
    }
}

/// A program has ended that this thread has waited for.
pub(crate) fn program_ended(usage: &rusage) {
    let new = Used::of(usage);
    let sum = PROGRAMS.get().map_or(new, |sum| Used {
        cpu_seconds: sum.cpu_seconds + new.cpu_seconds,
        page_faults: sum.page_faults + new.page_faults,
        peak_memory: sum.peak_memory.max(new.peak_memory),
    });
    PROGRAMS.set(Some(sum));
}

/// What the programs have used that have ended since this was last asked, if any has, each with all
/// that it has waited for itself.
pub(crate) fn take_programs() -> Option<Used> {
    PROGRAMS.take()
}
