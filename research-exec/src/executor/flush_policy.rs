//! When saved values are sent.

use std::time::{Duration, Instant};

use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime};

/// Saved values are sent when they have this size, in bytes.
const SEND_BYTES: usize = 64 << 10;
/// Saved values are sent after this time.
const SEND_INTERVAL: Duration = Duration::from_millis(50);
/// After an iteration that took this long, saved values are sent at once: sending costs little in
/// comparison, and the next iteration may take hours.
const SLOW_ITERATION: Duration = Duration::from_millis(1);

/// Decides when saved values are sent.
pub(super) struct FlushPolicy {
    sent: Instant,
    asked: Instant,
}

impl FlushPolicy {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            sent: now,
            asked: now,
        }
    }

    /// Whether to send now, after an iteration, when `waiting` bytes wait.
    #[inline]
    pub(super) fn is_due(&mut self, waiting: usize) -> bool {
        let now = Instant::now();
        let is_due = waiting >= SEND_BYTES
            || now - self.asked >= SLOW_ITERATION
            || now - self.sent >= SEND_INTERVAL;
        self.asked = now;
        if is_due {
            self.sent = now;
        }
        is_due
    }
}

/// A clock with ticks of a few milliseconds, which costs almost nothing to read.
#[inline]
pub(super) fn coarse_clock() -> Option<TimeSpec> {
    clock_gettime(ClockId::CLOCK_MONOTONIC_COARSE).ok()
}
