//! Workers that are lost, and what becomes of their tasks.

use research_core::{Event, WorkerNumber};

use super::Action;
use super::queue::Queued;
use super::rest::Known;
use super::state::{Distributor, Phase};
use super::workers::WorkerState;
use crate::clock::Now;
use crate::link::message::Death;

/// So many workers may be lost one after another without a task that ends between them.
const LOSSES_IN_A_ROW: u32 = 5;
/// So often may a task lose its worker before its experiments count as killed.
const LOSSES_OF_A_TASK: u32 = 3;

impl Distributor {
    pub(super) fn worker_lost(
        &mut self,
        now: Now,
        worker: WorkerNumber,
        reason: String,
        actions: &mut Vec<Action>,
    ) {
        let state = self.workers.set(worker, WorkerState::Gone);
        match state {
            WorkerState::Gone | WorkerState::WornOut | WorkerState::Quitting => return,
            WorkerState::Starting | WorkerState::Idle | WorkerState::Busy { .. } => {}
        }
        self.losses_in_a_row += 1;
        let event = Event::WorkerLost {
            at: now.at,
            worker,
            reason: reason.clone(),
        };
        actions.push(Action::Append(vec![event]));
        if self.phase != Phase::Running {
            return self.leave_rest(state);
        }
        if let WorkerState::Busy { task, known, .. } = state {
            self.take_back(now, task, &known, &reason, actions);
        }
        if self.losses_in_a_row > LOSSES_IN_A_ROW.max(2 * self.settings.workers) {
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
        self.leave_rest(before);
        self.leaves_some = true;
        self.give_up(now, reason, actions);
    }

    /// What an executor did ends with it.
    pub(super) fn executor_died(
        &mut self,
        now: Now,
        worker: WorkerNumber,
        death: &Death,
        actions: &mut Vec<Action>,
    ) {
        let before = self.workers.set(worker, WorkerState::Idle);
        let WorkerState::Busy { task, known, .. } = before else {
            return;
        };
        self.losses_in_a_row = 0;
        self.end_rest(now, task.task, &known, death, actions);
    }

    /// What a task has left to do whose worker was lost is tried again, as long as that is no endless
    /// story.
    pub(super) fn take_back(
        &mut self,
        now: Now,
        mut lost: Queued,
        known: &Known,
        reason: &str,
        actions: &mut Vec<Action>,
    ) {
        lost.losses += 1;
        if !self.settings.shared_process && lost.losses < LOSSES_OF_A_TASK {
            return self.run_rest_again(now, lost, known);
        }
        // What runs in the worker may have taken it down: that counts as its own failure.
        let death = Death::killed(format!("its worker was lost: {reason}"));
        self.end_rest(now, lost.task, known, &death, actions);
    }
}
