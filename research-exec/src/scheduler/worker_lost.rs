//! Handles lost workers and executors, and their tasks.

use research_core::{Event, WorkerNumber};

use super::Action;
use super::ended_set::EndedSet;
use super::queue::Queued;
use super::state_machine::{Phase, Scheduler};
use super::workers::WorkerState;
use crate::clock::Now;
use crate::transport::messages::Termination;

/// The number of workers that may be lost without a task ending in between; after more the run is
/// given up.
const MAX_CONSECUTIVE_LOSSES: u32 = 5;
/// The number of lost workers after which a task is not retried: its experiments count as killed.
const MAX_TASK_LOSSES: u32 = 3;

impl Scheduler {
    /// Records that a worker was lost, and retries its task.
    pub(super) fn worker_lost(
        &mut self,
        now: Now,
        worker: WorkerNumber,
        reason: String,
        actions: &mut Vec<Action>,
    ) {
        let state = self.workers.set(worker, WorkerState::Gone);
        match state {
            WorkerState::Gone | WorkerState::Retiring | WorkerState::Quitting => return,
            WorkerState::Starting | WorkerState::Idle | WorkerState::Busy { .. } => {}
        }
        self.consecutive_losses += 1;
        let event = Event::WorkerLost {
            at: now.at,
            worker,
            reason: reason.clone(),
        };
        actions.push(Action::Append(vec![event]));
        if self.phase != Phase::Running {
            return self.leave_unfinished(state);
        }
        if let WorkerState::Busy { task, known, .. } = state {
            self.retry_lost(now, task, &known, &reason, actions);
        }
        if self.consecutive_losses > MAX_CONSECUTIVE_LOSSES.max(2 * self.settings.workers) {
            self.give_up(now, format!("workers keep ending: {reason}"), actions);
        }
    }

    /// Gives up the run because the values of a task could not be stored: other tasks would lose
    /// theirs as well. A resumed run continues with the unfinished experiments.
    pub(super) fn storage_failed(
        &mut self,
        now: Now,
        worker: WorkerNumber,
        reason: String,
        actions: &mut Vec<Action>,
    ) {
        let before = self.workers.set(worker, WorkerState::Idle);
        self.leave_unfinished(before);
        self.leaves_some = true;
        self.give_up(now, reason, actions);
    }

    /// Ends the experiments of an executor that has ended.
    pub(super) fn executor_died(
        &mut self,
        now: Now,
        worker: WorkerNumber,
        termination: &Termination,
        actions: &mut Vec<Action>,
    ) {
        let before = self.workers.set(worker, WorkerState::Idle);
        let WorkerState::Busy { task, known, .. } = before else {
            return;
        };
        self.consecutive_losses = 0;
        self.end_unfinished(now, task.task, &known, termination, actions);
    }

    /// Retries the unfinished experiments of a task whose worker was lost, unless it has lost too
    /// many.
    pub(super) fn retry_lost(
        &mut self,
        now: Now,
        mut lost: Queued,
        known: &EndedSet,
        reason: &str,
        actions: &mut Vec<Action>,
    ) {
        lost.losses += 1;
        if !self.settings.shared_process && lost.losses < MAX_TASK_LOSSES {
            return self.rerun_unfinished(now, lost, known);
        }
        // Code in the worker's process may have ended the process: the loss counts as the failure
        // of the experiments.
        let termination = Termination::killed(format!("its worker was lost: {reason}"));
        self.end_unfinished(now, lost.task, known, &termination, actions);
    }
}
