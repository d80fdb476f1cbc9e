//! When saved values are sent.

use std::time::{Duration, Instant};

/// Saved values are sent when they take this much, in bytes.
const SEND_BYTES: usize = 64 << 10;
/// Saved values are sent when they have waited this long.
const SEND_INTERVAL: Duration = Duration::from_millis(50);
/// After an iteration that took this long, saved values are sent at once: sending costs little
/// beside it, and the next one may take hours.
const SLOW_ITERATION: Duration = Duration::from_millis(1);

/// Says when saved values are to be sent.
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

    /// Whether to send now, after an iteration, when so many bytes wait.
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
