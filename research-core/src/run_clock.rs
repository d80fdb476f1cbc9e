//! The clock of a run: the time of day when the run began, plus the time since. The system's time
//! may be set meanwhile, by years; durations between events must not change with it.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The time of day at which the machine started, in microseconds since 1970, as the runs of this
/// process assume it; 0 without a run.
static EPOCH: AtomicU64 = AtomicU64::new(0);

/// The number of runs in this process. They share one clock.
static RUNS: Mutex<usize> = Mutex::new(0);

/// While it exists, the clock of this process ignores steps of the system's time.
#[derive(Debug)]
pub struct RunClock(());

impl RunClock {
    /// Starts the clock of a run in this process.
    #[must_use]
    pub fn keep() -> Self {
        let mut runs = RUNS.lock().unwrap_or_else(PoisonError::into_inner);
        if *runs == 0 {
            EPOCH.store(wall_clock().saturating_sub(since_boot()), Ordering::Relaxed);
        }
        *runs += 1;
        Self(())
    }

    /// Adopts the clock of another process of this machine, permanently.
    pub fn follow(epoch: u64) {
        EPOCH.store(epoch, Ordering::Relaxed);
    }

    /// Returns the epoch of the runs of this process, which other processes
    /// [`follow`](Self::follow); `None` without a run.
    #[must_use]
    pub fn epoch() -> Option<u64> {
        Some(EPOCH.load(Ordering::Relaxed)).filter(|epoch| *epoch != 0)
    }

    /// Returns the current time of a clock with an epoch, in microseconds since 1970.
    #[must_use]
    pub fn now_of(epoch: u64) -> u64 {
        epoch.saturating_add(since_boot())
    }

    /// Returns the current time of this process's clock, in microseconds since 1970.
    pub(crate) fn now() -> u64 {
        Self::epoch().map_or_else(wall_clock, Self::now_of)
    }
}

impl Drop for RunClock {
    fn drop(&mut self) {
        let mut runs = RUNS.lock().unwrap_or_else(PoisonError::into_inner);
        *runs -= 1;
        if *runs == 0 {
            EPOCH.store(0, Ordering::Relaxed);
        }
    }
}

fn wall_clock() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Returns the microseconds since the machine started, including its sleep; the same in all of its
/// processes.
fn since_boot() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: Linux has this clock, and `time` is valid for writes.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut time) };
    if result != 0 {
        return 0;
    }
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or_default();
    seconds * 1_000_000 + nanoseconds / 1000
}

#[cfg(test)]
mod tests {
    use super::RunClock;

    #[test]
    fn the_clock_is_kept_while_there_are_runs() {
        assert_eq!(RunClock::epoch(), None);
        let first = RunClock::keep();
        let epoch = RunClock::epoch();
        let second = RunClock::keep();
        drop(first);
        assert!(epoch.is_some() && RunClock::epoch() == epoch);
        let (before, after) = (RunClock::now(), RunClock::now());
        assert!(before <= after);
        drop(second);
        assert_eq!(RunClock::epoch(), None);
    }
}
