//! Handles ended tasks, and retries their failed experiments.

use research_core::text::plural;
use research_core::{Event, LogLevel, Outcome, Status, WorkerNumber};

use super::Action;
use super::queue::Queued;
use super::state_machine::{Phase, Scheduler};
use super::workers::WorkerState;
use crate::clock::Now;
use crate::task::Ending;
use crate::task::TaskExperiment;
use crate::transport::messages::Task;

/// The limit on the doublings of the delay before a retry.
const MAX_DOUBLINGS: u32 = 20;

impl Scheduler {
    /// Handles the end of a task: failed experiments are retried as far as the settings allow, and
    /// unfinished ones are always run again.
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
            // Count this as the loss of a worker, which limits the retries of such a task.
            return self.retry_lost(
                now,
                task,
                &known,
                "its task ended without a result",
                actions,
            );
        }
        self.consecutive_losses = 0;
        let task = Queued { losses: 0, ..task };
        self.rerun_unfinished(now, task, &known);
    }

    /// Keeps the experiments of an ended task that are retried.
    pub(super) fn retain_retried(
        &mut self,
        task: &mut Task,
        status: impl Fn(&TaskExperiment) -> Status,
    ) {
        task.retain_mut(|one| {
            let status = status(one);
            self.is_retried(one, status)
        });
        if task.is_empty() {
            self.updates.task_ended();
        }
    }

    /// Records the end of an attempt. Returns whether the experiment is retried, and if so advances
    /// it to the next attempt.
    pub(super) fn is_retried(&mut self, experiment: &mut TaskExperiment, status: Status) -> bool {
        let failures = experiment.failures + u32::from(status.is_failure());
        let again = !status.is_final(failures, self.settings.retries);
        if again {
            experiment.failures = failures;
            experiment.attempt += 1;
        } else {
            self.counts.add(status);
        }
        again
    }

    /// Queues a task of failed experiments, after the retry delay.
    pub(super) fn requeue(&mut self, now: Now, task: Task) {
        let Some(failures) = task.iter().map(|one| one.failures).max() else {
            return;
        };
        let task = Queued { task, losses: 0 };
        let delay = self.settings.retry_delay;
        if delay.is_zero() {
            return self.queue.push_last(task);
        }
        let doublings = match self.settings.double_retry_delay {
            true => failures.saturating_sub(1).min(MAX_DOUBLINGS),
            false => 0,
        };
        let delay = delay.saturating_mul(1 << doublings);
        self.queue.push_later(now.moment.after(delay), task);
    }

    /// Aborts a run when `max_failures` is reached and experiments are left to start.
    pub(super) fn abort_after_failures(&mut self, now: Now, actions: &mut Vec<Action>) {
        let failures = self.counts.unsuccessful();
        let Some(most) = self.settings.max_failures else {
            return;
        };
        let has_ended = self.queue.is_empty() && self.queue.is_exhausted();
        if self.phase != Phase::Running || failures < most || has_ended {
            return;
        }
        let text = format!(
            "the run was aborted: {} did not succeed, and `max_failures` is {most}; \
             fix the cause and resume the run",
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
