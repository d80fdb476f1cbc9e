//! The two clocks of a run: the time of day, which users may change, and the clock of deadlines.

use std::time::{Duration, Instant};

use research_core::Timestamp;

/// The moment at which something is handled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// The time of day, for events to tell.
    pub(crate) at: Timestamp,
    /// What deadlines go by.
    pub(crate) moment: Moment,
}

/// Microseconds on a clock that never goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) u64);

impl Moment {
    /// The moment so much later, or the last one that there is.
    pub(crate) fn after(self, time: Duration) -> Self {
        let time = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(time))
    }

    /// How long it is from another moment until this one; nothing if it comes before that.
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
    /// A clock whose first moment is now.
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

    /// How long it is until a moment; nothing if it has come.
    pub(crate) fn time_until(&self, moment: Moment) -> Duration {
        moment.since(self.now().moment)
    }
}
