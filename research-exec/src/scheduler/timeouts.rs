//! Enforces timeouts in the place of workers that cannot: code in the worker's own process may stop
//! the process, or never return.

use std::time::Duration;

use research_core::WorkerNumber;

use super::Action;
use super::state_machine::{Phase, Scheduler};
use super::workers::WorkerState;
use crate::clock::{Moment, Now};
use crate::transport::messages::Termination;

/// The time after the timeout in which the worker may still enforce and report it itself.
const GRACE_PERIOD: Duration = Duration::from_secs(3);
/// If the tick itself is later than this, reports may still wait in queues: the deadline is
/// extended instead of killing the worker.
const MAX_TICK_DELAY: Duration = Duration::from_secs(1);

impl Scheduler {
    /// The deadline of a task that starts now.
    pub(super) fn task_deadline(&self, now: Now) -> Option<Moment> {
        let timeout = self.settings.timeout?;
        Some(now.moment.after(timeout).after(GRACE_PERIOD))
    }

    /// The earliest deadline of the running tasks.
    pub(super) fn next_task_deadline(&self) -> Option<Moment> {
        let (deadline, _) = self.workers.first_deadline()?;
        matches!(self.phase, Phase::Running | Phase::Stopping(_)).then_some(deadline)
    }

    /// Kills the workers whose task is past its deadline. After a late tick it extends the
    /// deadlines instead.
    pub(super) fn kill_overdue(&mut self, now: Now, actions: &mut Vec<Action>) {
        while let Some((deadline, worker)) = self.workers.first_deadline()
            && deadline <= now.moment
        {
            if now.moment.since(deadline) > MAX_TICK_DELAY {
                self.workers
                    .extend_deadline(worker, now.moment.after(GRACE_PERIOD));
            } else {
                self.kill_overdue_worker(now, worker, actions);
            }
        }
    }

    fn kill_overdue_worker(&mut self, now: Now, worker: WorkerNumber, actions: &mut Vec<Action>) {
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
