//! Handles the unfinished experiments of tasks that ended early: they are ended, run again, or left
//! to a resumed run. Experiments that have already ended are unchanged.

use research_core::Status;

use super::ended_set::EndedSet;
use super::queue::Queued;
use super::state_machine::Scheduler;
use super::workers::WorkerState;
use super::{Action, ended_events};
use crate::clock::Now;
use crate::task::TaskExperiment;
use crate::transport::messages::{Task, Termination};

impl Scheduler {
    /// Ends the unfinished experiments of a task.
    pub(super) fn end_unfinished(
        &mut self,
        now: Now,
        mut task: Task,
        known: &EndedSet,
        termination: &Termination,
        actions: &mut Vec<Action>,
    ) {
        let rest = task.iter().filter(|one| known.status(one).is_none());
        let ended = rest.flat_map(|one| ended_events(now.at, one, termination));
        actions.push(Action::Append(ended.collect()));
        self.retain_retried(&mut task, |one| {
            known.status(one).unwrap_or(termination.kind.status())
        });
        self.requeue(now, task);
    }

    /// Runs the unfinished experiments of a task again. The interrupted attempt does not count as a
    /// failure.
    pub(super) fn rerun_unfinished(&mut self, now: Now, task: Queued, known: &EndedSet) {
        let Queued { task, losses } = task;
        let (mut ended, mut rest): (Task, Task) = task
            .into_iter()
            .partition(|one| known.status(one).is_some());
        let status_of = |one: &TaskExperiment| known.status(one).unwrap_or(Status::Killed);
        if rest.is_empty() {
            self.retain_retried(&mut ended, status_of);
        } else {
            ended.retain_mut(|one| self.is_retried(one, status_of(one)));
        }
        self.requeue(now, ended);
        if !rest.is_empty() {
            rest.iter_mut().for_each(|one| one.attempt += 1);
            self.queue.push_first(Queued { task: rest, losses });
        }
    }

    /// Leaves the unfinished experiments of a worker with this state to a resumed run.
    pub(super) fn leave_unfinished(&mut self, state: WorkerState) {
        let WorkerState::Busy { task, known, .. } = state else {
            return;
        };
        for mut one in task.task {
            let has_ended = match known.status(&one) {
                Some(status) => !self.is_retried(&mut one, status),
                None => false,
            };
            self.leaves_some |= !has_ended;
        }
    }
}
