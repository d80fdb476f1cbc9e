//! Workers that are lost, and what becomes of their tasks.

use research_core::{Event, WorkerNumber};

use super::Action;
use super::queue::Queued;
use super::transitions::{Phase, Scheduler};
use super::unfinished::EndedSet;
use super::workers::WorkerState;
use crate::clock::Now;
use crate::transport::messages::Termination;

/// So many workers may be lost one after another without a task that ends between them.
const MAX_CONSECUTIVE_LOSSES: u32 = 5;
/// So often may a task lose its worker before its experiments count as killed.
const MAX_TASK_LOSSES: u32 = 3;

impl Scheduler {
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

    /// What a task has saved could not be stored: so it would be with others, and what they take
    /// would be lost. A resumed run does what this one leaves.
    pub(super) fn unstored(
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

    /// What an executor did ends with it.
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

    /// What a task has left to do whose worker was lost is tried again, as long as that is no endless
    /// story.
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
        // What runs in the worker may have taken it down: that counts as its own failure.
        let termination = Termination::killed(format!("its worker was lost: {reason}"));
        self.end_unfinished(now, lost.task, known, &termination, actions);
    }
}
