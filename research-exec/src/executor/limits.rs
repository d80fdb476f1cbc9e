//! How long an experiment and the calls of its units may take.

use std::cell::Cell;

use research_core::{Deadline, FailureKind, Unit, UnitError, UnitResult};

use super::watch::Watched;

/// The limits of one experiment.
#[derive(Default)]
pub(super) struct Limits {
    /// When it must have ended.
    deadline: Option<Deadline>,
    /// Whether that has kept a unit from being run.
    is_cut: Cell<bool>,
    /// Who ends the process when a call takes too long.
    pub(super) watched: Option<Watched>,
}

/// The limit of one call.
pub(super) struct CallLimit {
    own: Option<Deadline>,
    /// Whichever comes first: that of the call or of the experiment.
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

    /// Whether there is time for another call.
    #[inline]
    pub(super) fn has_time(&self) -> bool {
        let is_over = self.deadline.is_some_and(|deadline| deadline.is_over());
        if is_over {
            self.is_cut.set(true);
        }
        !is_over
    }

    /// The deadline that has kept a unit from being run, if it has.
    pub(super) fn cut(&self) -> Option<Deadline> {
        self.deadline.filter(|_| self.is_cut.get())
    }

    /// The limit of a call that begins now.
    #[inline]
    pub(super) fn begin_call(&self, position: usize, unit: &Unit) -> CallLimit {
        let own = unit.timeout().map(Deadline::of_unit);
        let first = match (own, self.deadline) {
            (Some(own), Some(whole)) => Some(own.earlier(whole)),
            (own, whole) => own.or(whole),
        };
        // Programs can be ended by themselves.
        if let (Some(watched), Some(own)) = (&self.watched, own)
            && !unit.is_process()
        {
            watched.begin_call(position, own, unit.is_root());
        }
        CallLimit { own, first }
    }

    /// The result of the call, if it came in time.
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
            // Nobody could end the call.
            None if own.is_over() && result.is_ok() => {
                let message = format!("the call took longer than {own}");
                Err(UnitError::of_kind(FailureKind::TimedOut, message))
            }
            None => result,
        }
    }
}
