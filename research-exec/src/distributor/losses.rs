//! Workers that are lost, and what becomes of their tasks.

use research_core::{Event, Status, WorkerNumber};

use super::queue::Queued;
use super::state::{Distributor, Phase};
use super::workers::WorkerState;
use super::{Action, killed_events};
use crate::clock::Now;

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
            // What it ran stays unfinished; a resumed run does it.
            self.leaves_some |= matches!(state, WorkerState::Busy { .. });
            return;
        }
        if let WorkerState::Busy { task, .. } = state {
            self.take_back(now, task, &reason, actions);
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
        self.workers.set(worker, WorkerState::Idle);
        self.leaves_some = true;
        self.give_up(now, reason, actions);
    }

    /// A task whose worker was lost is tried again, as long as that is no endless story.
    pub(super) fn take_back(
        &mut self,
        now: Now,
        lost: Queued,
        reason: &str,
        actions: &mut Vec<Action>,
    ) {
        let Queued { mut task, losses } = lost;
        let losses = losses + 1;
        if !self.settings.shared_process && losses < LOSSES_OF_A_TASK {
            task.iter_mut().for_each(|one| one.attempt += 1);
            return self.queue.push_first(Queued { task, losses });
        }
        // What runs in the worker may have taken it down: that counts as its own failure.
        let message = format!("its worker was lost: {reason}");
        let killed = task.iter();
        let killed = killed.flat_map(|one| killed_events(now, one, &message));
        actions.push(Action::Append(killed.collect()));
        self.retain_tried_again(&mut task, |_| Status::Killed);
        self.try_again(now, task);
    }
}
