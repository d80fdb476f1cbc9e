//! Tasks that ended, and what becomes of their experiments.

use research_core::{Event, LogLevel, Outcome, Status, WorkerNumber, plural};

use super::Action;
use super::queue::Queued;
use super::transitions::{Phase, Scheduler};
use super::workers::WorkerState;
use crate::clock::Now;
use crate::executor::Ending;
use crate::task::TaskExperiment;
use crate::transport::messages::Task;

/// A delay is doubled so often at most.
const MOST_DOUBLINGS: u32 = 20;

impl Scheduler {
    /// A worker did its task; what did not succeed is tried again if it may, and what did not come
    /// to an end in any case.
    pub(super) fn task_ended(
        &mut self,
        now: Now,
        worker: WorkerNumber,
        endings: &[Ending],
        retiring: bool,
        actions: &mut Vec<Action>,
    ) {
        let next = if retiring {
            actions.push(Action::Kill(worker));
            WorkerState::Retiring
        } else {
            WorkerState::Idle
        };
        let before = self.workers.set(worker, next);
        let WorkerState::Busy {
            task, mut known, ..
        } = before
        else {
            return;
        };
        known.add(endings);
        if known.is_empty() {
            // Whatever this was, it must not go on for ever.
            return self.retry_lost(now, task, &known, "its task was given back", actions);
        }
        self.consecutive_losses = 0;
        let task = Queued { losses: 0, ..task };
        self.rerun_unfinished(now, task, &known);
    }

    /// Of a task that has ended as a whole, keeps what is tried again.
    pub(super) fn retain_tried_again(
        &mut self,
        task: &mut Task,
        status: impl Fn(&TaskExperiment) -> Status,
    ) {
        task.retain_mut(|one| {
            let status = status(one);
            self.is_tried_again(one, status)
        });
        if task.is_empty() {
            self.updates.task_ended();
        }
    }

    /// Notes how an attempt ended; whether another one is made, which it then is the record of.
    pub(super) fn is_tried_again(
        &mut self,
        experiment: &mut TaskExperiment,
        status: Status,
    ) -> bool {
        let again = !status.is_success() && experiment.failures < self.settings.retries;
        if again {
            experiment.failures += 1;
            experiment.attempt += 1;
        } else {
            self.counts.add(status);
        }
        again
    }

    /// Puts back a task whose experiments have failed, for when they may be tried again.
    pub(super) fn try_again(&mut self, now: Now, task: Task) {
        let Some(failures) = task.iter().map(|one| one.failures).max() else {
            return;
        };
        let task = Queued { task, losses: 0 };
        let delay = self.settings.retry_delay;
        if delay.is_zero() {
            return self.queue.push_last(task);
        }
        let doublings = match self.settings.double_retry_delay {
            true => failures.saturating_sub(1).min(MOST_DOUBLINGS),
            false => 0,
        };
        let delay = delay.saturating_mul(1 << doublings);
        self.queue.push_later(now.moment.after(delay), task);
    }

    /// Ends a run of which enough has failed, if there is anything left to begin.
    pub(super) fn end_if_hopeless(&mut self, now: Now, actions: &mut Vec<Action>) {
        let failures = self.counts.unsuccessful();
        let Some(most) = self.settings.max_failures else {
            return;
        };
        let is_over = self.queue.is_empty() && self.queue.is_exhausted();
        if self.phase != Phase::Running || failures < most || is_over {
            return;
        }
        let text = format!(
            "the run ends here: {} did not succeed, and max_failures is {most}; \
             mend what is wrong and resume it",
            plural(failures, "experiment")
        );
        let event = Event::Message {
            at: now.at,
            experiment: None,
            level: LogLevel::Error,
            text,
        };
        actions.push(Action::Append(vec![event]));
        self.stop(Outcome::Aborted, actions);
    }
}
