//! Workers that wait until their devices have memory.

use research_core::{Event, WorkerNumber};

use super::Action;
use super::transitions::{Phase, Scheduler};
use super::workers::WorkerState;
use crate::clock::Now;
use crate::devices::MemoryAdmission;

impl Scheduler {
    /// Lets workers begin tasks only when this admits them.
    pub(crate) fn with_admission(mut self, admission: Option<MemoryAdmission>) -> Self {
        self.admission = admission;
        self
    }

    /// The worker that gets the next task, if there is a task and a worker for it.
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

    /// Brings what is known of devices up to date, before tasks are given to workers.
    pub(super) fn look_at_devices(&mut self, now: Now) {
        let Some(admission) = &mut self.admission else {
            return;
        };
        let workers = &self.workers;
        let is_idle = |worker| matches!(workers.state(worker), Some(WorkerState::Idle));
        admission.look_around(
            now.moment,
            |worker, task| workers.does(worker, task),
            is_idle,
        );
    }

    /// Asks for what must be known of devices, tells who waits for them, and ends the run if
    /// nobody will ever have waited enough.
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
