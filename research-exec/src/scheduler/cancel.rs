//! Cancels a running experiment.

use research_core::events::ResourceUsage;
use research_core::{Event, ExperimentNumber, LogLevel, Status, WorkerNumber};

use super::Action;
use super::state_machine::{Phase, Scheduler};
use super::workers::WorkerState;
use crate::clock::Now;

impl Scheduler {
    /// Ends a running experiment with this status, which is not retried. Its worker is killed with
    /// all that it runs, because code cannot be interrupted; the other experiments of its task run
    /// again.
    pub(super) fn cancel(
        &mut self,
        now: Now,
        experiment: ExperimentNumber,
        status: Status,
        reason: Option<String>,
        actions: &mut Vec<Action>,
    ) {
        let is_active = matches!(self.phase, Phase::Running | Phase::Stopping(_));
        let worker = self.workers.running(experiment).filter(|_| is_active);
        let Some(worker) = worker else {
            return actions.push(Action::Append(vec![Event::Message {
                at: now.at,
                experiment: Some(experiment),
                level: LogLevel::Warning,
                text: "cannot cancel the experiment: it is not running".to_owned(),
            }]));
        };
        self.cancel_in(now, worker, experiment, status, reason, actions);
    }

    fn cancel_in(
        &mut self,
        now: Now,
        worker: WorkerNumber,
        experiment: ExperimentNumber,
        status: Status,
        reason: Option<String>,
        actions: &mut Vec<Action>,
    ) {
        let before = self.workers.set(worker, WorkerState::Retiring);
        let WorkerState::Busy {
            task,
            known: mut ended,
            ..
        } = before
        else {
            return;
        };
        let cancelled = task.task.iter().find(|one| one.number == experiment);
        let mut events = vec![Event::ExperimentCancelled {
            at: now.at,
            experiment,
            status,
            reason: reason.clone(),
        }];
        events.extend(cancelled.map(|one| Event::ExperimentEnded {
            at: now.at,
            experiment,
            attempt: one.attempt,
            status,
            reason,
            iterations: 0,
            usage: ResourceUsage::default(),
        }));
        ended.note(&events);
        actions.push(Action::Append(events));
        actions.push(Action::Kill(worker));
        self.consecutive_losses = 0;
        self.rerun_unfinished(now, task, &ended);
    }
}
