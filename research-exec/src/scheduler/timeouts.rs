//! Workers that do not see to a timeout themselves: who shares its process with what it runs may be
//! stopped by that, or never come back from it.

use std::time::Duration;

use research_core::WorkerNumber;

use super::Action;
use super::transitions::{Phase, Scheduler};
use super::workers::WorkerState;
use crate::clock::{Moment, Now};
use crate::transport::messages::Termination;

/// A worker has so long to see to its timeout itself, and to say so.
const PATIENCE: Duration = Duration::from_secs(3);
/// Whoever looks so much later than it was to was held up itself, and may not have heard yet what it
/// was told.
const MAX_TICK_DELAY: Duration = Duration::from_secs(1);

impl Scheduler {
    /// When a task that begins now must have ended.
    pub(super) fn limit(&self, now: Now) -> Option<Moment> {
        let timeout = self.settings.timeout?;
        Some(now.moment.after(timeout).after(PATIENCE))
    }

    /// When the first of the tasks that run must have ended.
    pub(super) fn next_limit(&self) -> Option<Moment> {
        let (limit, _) = self.workers.first_limit()?;
        matches!(self.phase, Phase::Running | Phase::Stopping(_)).then_some(limit)
    }

    /// Ends the workers that are long past their experiments' timeout. What they have
    /// said may not be heard yet where whoever looks was held up; then they have some more time.
    pub(super) fn kill_overdue(&mut self, now: Now, actions: &mut Vec<Action>) {
        while let Some((limit, worker)) = self.workers.first_limit()
            && limit <= now.moment
        {
            if now.moment.since(limit) > MAX_TICK_DELAY {
                self.workers.put_off(worker, now.moment.after(PATIENCE));
            } else {
                self.end_one(now, worker, actions);
            }
        }
    }

    fn end_one(&mut self, now: Now, worker: WorkerNumber, actions: &mut Vec<Action>) {
        let before = self.workers.set(worker, WorkerState::Retiring);
        let WorkerState::Busy { task, known, .. } = before else {
            return;
        };
        actions.push(Action::Kill(worker));
        self.consecutive_losses = 0;
        let termination = Termination::late(self.settings.timeout.unwrap_or_default());
        self.end_unfinished(now, task.task, &known, &termination, actions);
    }
}
