//! The time limits of an experiment and of calls of its units.

use std::cell::Cell;

use research_core::units::Deadline;
use research_core::{FailureKind, Unit, UnitError, UnitResult};

use super::watch::Watched;

/// The time limits of one experiment.
#[derive(Default)]
pub(super) struct Limits {
    /// The deadline of the experiment.
    deadline: Option<Deadline>,
    /// Whether the deadline has kept a unit from running.
    is_cut: Cell<bool>,
    /// Ends the process when a call takes too long.
    pub(super) watched: Option<Watched>,
}

/// The time limits of one call.
pub(super) struct CallLimit {
    own: Option<Deadline>,
    /// The earlier deadline, of the call or of the experiment.
    pub(super) first: Option<Deadline>,
}

impl Limits {
    pub(super) fn new(deadline: Option<Deadline>, watched: Option<Watched>) -> Self {
        Self {
            deadline,
            is_cut: Cell::new(false),
            watched,
        }
    }

    /// Whether the deadline of the experiment allows another call.
    #[inline]
    pub(super) fn has_time(&self) -> bool {
        let has_expired = self.deadline.is_some_and(|deadline| deadline.has_expired());
        if has_expired {
            self.is_cut.set(true);
        }
        !has_expired
    }

    /// Returns the deadline, if it has kept a unit from running.
    pub(super) fn cut(&self) -> Option<Deadline> {
        self.deadline.filter(|_| self.is_cut.get())
    }

    /// Returns the limits of a call that begins now, and reports the call to the watch.
    #[inline]
    pub(super) fn begin_call(&self, position: usize, unit: &Unit) -> CallLimit {
        let own = unit.timeout().map(Deadline::of_unit);
        let first = match (own, self.deadline) {
            (Some(own), Some(whole)) => Some(own.earlier(whole)),
            (own, whole) => own.or(whole),
        };
        // Programs can be killed separately.
        if let (Some(watched), Some(own)) = (&self.watched, own)
            && !unit.is_process()
        {
            watched.begin_call(position, own, unit.is_root());
        }
        CallLimit { own, first }
    }

    /// Returns the result of the call, or a timeout if it took too long.
    #[inline]
    pub(super) fn end_call(
        &self,
        limit: &CallLimit,
        unit: &Unit,
        result: UnitResult,
    ) -> UnitResult {
        let Some(own) = limit.own else {
            return result;
        };
        if unit.is_process() {
            return result;
        }
        match &self.watched {
            Some(watched) => {
                watched.end_call();
                result
            }
            // Without a watch, nothing can end the call, so it is checked afterwards.
            None if own.has_expired() && result.is_ok() => {
                let message = format!("the call took longer than {own}");
                Err(UnitError::of_kind(FailureKind::TimedOut, message))
            }
            None => result,
        }
    }
}
