//! Workers that are lost, and what becomes of their tasks.

use research_core::{Event, Status, WorkerNumber};

use super::queue::Queued;
use super::state::{Distributor, Phase};
use super::workers::WorkerState;
use super::{Action, Now, Settings, killed_events};

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
        if matches!(state, WorkerState::Gone | WorkerState::Quitting) {
            return;
        }
        self.losses_in_a_row += 1;
        let event = Event::WorkerLost {
            at: now,
            worker,
            reason: reason.clone(),
        };
        actions.push(Action::Append(vec![event]));
        if self.phase != Phase::Running {
            // What it ran stays unfinished; a resumed run does it.
            return;
        }
        if let WorkerState::Busy { task, .. } = state {
            self.take_back(now, task, &reason, actions);
        }
        if self.losses_in_a_row > LOSSES_IN_A_ROW.max(2 * self.settings.workers) {
            self.give_up(now, format!("workers keep ending: {reason}"), actions);
        }
    }

    /// A task whose worker was lost is tried again, as long as that is no endless story.
    fn take_back(&mut self, now: Now, lost: Queued, reason: &str, actions: &mut Vec<Action>) {
        let Settings {
            retries,
            shared_process,
            ..
        } = self.settings;
        let Queued { mut task, losses } = lost;
        let losses = losses + 1;
        let mut killed = Vec::new();
        task.retain_mut(|experiment| {
            let again = if shared_process {
                experiment.attempt <= retries
            } else {
                losses < LOSSES_OF_A_TASK
            };
            if !again {
                self.counts.add(Status::Killed);
                let message = format!("its worker was lost: {reason}");
                killed.extend(killed_events(now, experiment, &message));
            }
            experiment.attempt += 1;
            again
        });
        if !killed.is_empty() {
            actions.push(Action::Append(killed));
        }
        if !task.is_empty() {
            self.queue.push_first(Queued { task, losses });
        }
    }
}
