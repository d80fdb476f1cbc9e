//! The two clocks of a run: the time of day, which users may change, and the clock of deadlines.

use std::time::{Duration, Instant};

use research_core::Timestamp;

/// The current time on both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// The time of day, for events.
    pub(crate) at: Timestamp,
    /// The moment on the clock of deadlines.
    pub(crate) moment: Moment,
}

/// Microseconds on a clock that never goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) u64);

impl Moment {
    /// Returns the moment that is `time` later, or the last representable one.
    pub(crate) fn after(self, time: Duration) -> Self {
        let time = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(time))
    }

    /// Returns the time from `other` until this moment; zero if `other` is later.
    pub(crate) fn since(self, other: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(other.0))
    }
}

/// The clocks of the machine.
#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    /// Creates a clock whose first moment is now.
    pub(crate) fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    pub(crate) fn now(&self) -> Now {
        Now {
            at: Timestamp::now(),
            moment: Moment::default().after(self.start.elapsed()),
        }
    }

    /// Returns the time until a moment; zero if it has passed.
    pub(crate) fn time_until(&self, moment: Moment) -> Duration {
        moment.since(self.now().moment)
    }
}
