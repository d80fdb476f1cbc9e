//! Decides when saved values are sent.

use std::time::{Duration, Instant};

use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime};

/// The size in bytes at which saved values are sent.
const SEND_BYTES: usize = 64 << 10;
/// The time after which saved values are sent.
const SEND_INTERVAL: Duration = Duration::from_millis(50);
/// The duration of an iteration after which saved values are sent immediately: sending costs little
/// in comparison, and the next iteration may take hours.
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

    /// Whether to send values after an iteration, when `waiting` bytes are unsent.
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

/// Reads a clock with ticks of a few milliseconds, which costs almost nothing.
#[inline]
pub(super) fn coarse_clock() -> Option<TimeSpec> {
    clock_gettime(ClockId::CLOCK_MONOTONIC_COARSE).ok()
}
