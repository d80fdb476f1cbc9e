//! Moments at which something must be over.

use std::fmt;
use std::time::{Duration, Instant};

/// A moment at which a call must be over, and whose timeout says so.
///
/// ```
/// use std::time::Duration;
/// use research_core::units::Deadline;
///
/// let deadline = Deadline::of_unit(Duration::from_secs(90));
/// assert!(!deadline.is_over());
/// assert_eq!(deadline.to_string(), "the unit's timeout of 90s");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// `None` where that is beyond all time.
    at: Option<Instant>,
    limit: Duration,
    of_unit: bool,
}

impl Deadline {
    /// That of an experiment which begins now.
    #[must_use]
    pub fn of_experiment(limit: Duration) -> Self {
        Self::new(limit, false)
    }

    /// That of a call of a unit which begins now.
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

    /// Whichever comes first.
    #[must_use]
    pub fn earlier(self, other: Self) -> Self {
        match (self.at, other.at) {
            (Some(this), Some(that)) if that < this => other,
            (None, Some(_)) => other,
            _ => self,
        }
    }

    /// When it is; `None` if it never comes.
    #[must_use]
    pub fn at(&self) -> Option<Instant> {
        self.at
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.at.is_some_and(|at| at <= Instant::now())
    }

    /// How long it is until then: nothing if it is over; `None` if it never comes.
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
