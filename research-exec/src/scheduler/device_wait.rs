//! Handles workers that wait until their devices have enough free memory.

use research_core::{Event, WorkerNumber};

use super::Action;
use super::state_machine::{Phase, Scheduler};
use super::workers::WorkerState;
use crate::clock::Now;
use crate::devices::MemoryAdmission;

impl Scheduler {
    /// Assigns tasks only to workers that `admission` admits.
    pub(crate) fn with_admission(mut self, admission: Option<MemoryAdmission>) -> Self {
        self.admission = admission;
        self
    }

    /// Returns the worker for the next task; `None` without a task or an admitted idle worker.
    pub(super) fn next_worker(&mut self, now: Now) -> Option<WorkerNumber> {
        let experiments = self.queue.next_experiments()?;
        let Some(admission) = &mut self.admission else {
            return self.workers.idle().last().copied();
        };
        let is_busy = self.workers.busy() > 0;
        let idle = self.workers.idle().iter().rev().copied();
        idle.into_iter()
            .find(|worker| admission.admits(now.moment, *worker, experiments, is_busy))
    }

    /// Updates the state of the devices before tasks are assigned.
    pub(super) fn refresh_devices(&mut self, now: Now) {
        let Some(admission) = &mut self.admission else {
            return;
        };
        let workers = &self.workers;
        let is_idle = |worker| matches!(workers.state(worker), Some(WorkerState::Idle));
        admission.look_around(
            now.moment,
            |worker, task| workers.runs(worker, task),
            is_idle,
        );
    }

    /// Requests the samples that are needed, reports which workers wait for devices, and gives up
    /// the run if waiting cannot help.
    pub(super) fn wait_for_devices(&mut self, now: Now, actions: &mut Vec<Action>) {
        let Some(admission) = &mut self.admission else {
            return;
        };
        let is_work_left = self.phase == Phase::Running && self.queue.next_experiments().is_some();
        let round = admission.end_round(now.moment, is_work_left);
        actions.extend(round.map(Action::Sample));
        let changes = admission.take_changes().into_iter();
        let event = |(worker, reason)| Event::WorkerWaits {
            at: now.at,
            worker,
            reason,
        };
        let events: Vec<Event> = changes.map(event).collect();
        if !events.is_empty() {
            actions.push(Action::Append(events));
        }
        if is_work_left && let Some(reason) = admission.hopeless(self.settings.workers) {
            self.give_up(now, reason, actions);
        }
    }
}
