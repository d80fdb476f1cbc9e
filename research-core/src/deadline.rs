//! Deadlines of calls.

use std::fmt;
use std::time::{Duration, Instant};

/// The deadline of a call, and the timeout that sets it.
///
/// ```
/// use std::time::Duration;
/// use research_core::units::Deadline;
///
/// let deadline = Deadline::of_unit(Duration::from_secs(90));
/// assert!(!deadline.has_expired());
/// assert_eq!(deadline.to_string(), "the unit's timeout of 90s");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// `None` if the timeout never expires.
    at: Option<Instant>,
    limit: Duration,
    of_unit: bool,
}

impl Deadline {
    /// Returns the deadline of an experiment that starts now.
    #[must_use]
    pub fn of_experiment(limit: Duration) -> Self {
        Self::new(limit, false)
    }

    /// Returns the deadline of a call of a unit that starts now.
    #[must_use]
    pub fn of_unit(limit: Duration) -> Self {
        Self::new(limit, true)
    }

    fn new(limit: Duration, of_unit: bool) -> Self {
        Self {
            at: Instant::now().checked_add(limit),
            limit,
            of_unit,
        }
    }

    /// Returns the earlier one of two deadlines.
    #[must_use]
    pub fn earlier(self, other: Self) -> Self {
        match (self.at, other.at) {
            (Some(this), Some(that)) if that < this => other,
            (None, Some(_)) => other,
            _ => self,
        }
    }

    /// Returns the time of the deadline; `None` if the timeout never expires.
    #[must_use]
    pub fn at(&self) -> Option<Instant> {
        self.at
    }

    /// Whether the deadline has expired.
    #[must_use]
    pub fn has_expired(&self) -> bool {
        self.at.is_some_and(|at| at <= Instant::now())
    }

    /// Returns the time until the deadline, zero if it has expired; `None` if the timeout never
    /// expires.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        self.at
            .map(|at| at.saturating_duration_since(Instant::now()))
    }
}

impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = if self.of_unit { "unit" } else { "experiment" };
        write!(f, "the {whose}'s timeout of {:?}", self.limit)
    }
}
