//! Tasks that came to an end without all of their experiments: the rest is ended, tried again, or left
//! to a resumed run; what has ended before is not touched.

use research_core::{Event, ExperimentNumber, Status};

use super::queue::Queued;
use super::transitions::Scheduler;
use super::workers::WorkerState;
use super::{Action, ended_events};
use crate::clock::Now;
use crate::executor::Ending;
use crate::task::TaskExperiment;
use crate::transport::messages::{Task, Termination};

/// What is known of the ends of a task's experiments.
#[derive(Debug, Default)]
pub(super) struct EndedSet(Vec<(ExperimentNumber, Status)>);

impl EndedSet {
    /// Takes in those that are told of by events.
    pub(super) fn note(&mut self, events: &[Event]) {
        self.0.extend(events.iter().filter_map(|event| match event {
            Event::ExperimentEnded {
                experiment, status, ..
            } => Some((*experiment, *status)),
            _ => None,
        }));
    }

    pub(super) fn add(&mut self, endings: &[Ending]) {
        let endings = endings.iter();
        self.0
            .extend(endings.map(|ending| (ending.number, ending.status)));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How an experiment has ended, if it has.
    pub(super) fn status(&self, experiment: &TaskExperiment) -> Option<Status> {
        let mut known = self.0.iter();
        let (_, status) = known.find(|(number, _)| *number == experiment.number)?;
        Some(*status)
    }
}

impl Scheduler {
    /// Ends those experiments of a task that have not ended by themselves.
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
        self.retain_tried_again(&mut task, |one| {
            known.status(one).unwrap_or(termination.kind.status())
        });
        self.try_again(now, task);
    }

    /// Runs those experiments of a task once more that have not ended, which is no failure of theirs.
    pub(super) fn rerun_unfinished(&mut self, now: Now, task: Queued, known: &EndedSet) {
        let Queued { task, losses } = task;
        let (mut ended, mut rest): (Task, Task) = task
            .into_iter()
            .partition(|one| known.status(one).is_some());
        let status_of = |one: &TaskExperiment| known.status(one).unwrap_or(Status::Killed);
        if rest.is_empty() {
            self.retain_tried_again(&mut ended, status_of);
        } else {
            ended.retain_mut(|one| self.is_tried_again(one, status_of(one)));
        }
        self.try_again(now, ended);
        if !rest.is_empty() {
            rest.iter_mut().for_each(|one| one.attempt += 1);
            self.queue.push_first(Queued { task: rest, losses });
        }
    }

    /// Leaves to a resumed run what a worker did when it was in this state, but for what has ended.
    pub(super) fn leave_unfinished(&mut self, state: WorkerState) {
        let WorkerState::Busy { task, known, .. } = state else {
            return;
        };
        for mut one in task.task {
            let is_over = match known.status(&one) {
                Some(status) => !self.is_tried_again(&mut one, status),
                None => false,
            };
            self.leaves_some |= !is_over;
        }
    }
}
