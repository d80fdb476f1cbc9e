//! Applies events to a run state.

use std::collections::VecDeque;

use research_core::events::UpdateRecord;
use research_core::{Event, ExceptionRecord, ExperimentNumber, Fold, LogLevel, Status, Timestamp};

use super::{RecentException, Run, RunState, RunningExperiment, WorkerState};
use crate::eta::EtaEstimator;
use crate::failure_groups::Failure;
use crate::min_max::LastValues;
use crate::range_set::RangeSet;

/// The number of exceptions, and of errors, that are kept.
const MAX_RECENT: usize = 10;

impl Fold for RunState {
    fn apply(&mut self, event: &Event) {
        Self::apply(self, event);
    }
}

impl RunState {
    /// Returns the state after `events`.
    pub fn from_events<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut state = Self::default();
        for event in events {
            state.apply(event);
        }
        state
    }

    /// Applies one event.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::RunStarted {
                at,
                pid,
                workers,
                total,
                n_iters,
                ..
            } => self.run_started(*at, *pid, *workers, *total, *n_iters),
            Event::WorkerStarted {
                at, worker, pid, ..
            } => {
                self.see(*at);
                let new = WorkerState {
                    pid: *pid,
                    since: *at,
                    experiments: 0,
                    lost: None,
                    waits: None,
                };
                self.workers.insert(*worker, new);
            }
            Event::WorkerLost { at, worker, reason } => {
                self.see(*at);
                self.workers_lost += 1;
                if let Some(worker) = self.workers.get_mut(worker) {
                    worker.lost = Some(reason.clone());
                }
            }
            Event::WorkerWaits { at, worker, reason } => {
                self.see(*at);
                if let Some(worker) = self.workers.get_mut(worker) {
                    worker.waits.clone_from(reason);
                }
            }
            Event::ExperimentStarted { .. } => self.experiment_started(event),
            Event::Values {
                experiment,
                variable,
                column,
                ..
            } => {
                if let Some(running) = self.running.get_mut(experiment) {
                    running.last_values.update(variable, column);
                }
            }
            Event::Progress {
                at,
                experiment,
                iterations,
            } => {
                let before = self.done();
                self.progress(*experiment, *iterations);
                self.measure(before, *at);
            }
            Event::Message {
                at,
                experiment,
                level,
                text,
            } => {
                self.see(*at);
                if experiment.is_none() && *level == LogLevel::Error {
                    push_bounded(&mut self.errors, text.clone());
                }
            }
            Event::Exception {
                at,
                experiment,
                exception,
                ..
            } => self.exception(*at, *experiment, exception),
            Event::ExperimentEnded { .. } => self.experiment_ended(event),
            Event::DomainUpdated { at, update } => self.domain_updated(*at, update),
            Event::RunEnded { at, outcome } => {
                self.see(*at);
                self.to_redo = 0;
                if let Some(run) = &mut self.run {
                    run.ended = Some((*at, *outcome));
                }
            }
            _ => {}
        }
    }

    fn see(&mut self, at: Timestamp) {
        self.last_event = self.last_event.max(at);
    }

    fn run_started(
        &mut self,
        at: Timestamp,
        pid: u32,
        workers: u32,
        total: Option<u64>,
        n_iters: Option<u64>,
    ) {
        self.seconds_of_earlier_runs = self.elapsed(self.last_event);
        self.ended_now = RangeSet::default();
        self.see(at);
        // A resumed research keeps its domain. Its total shows whether it retries failures.
        let successes = self.count(Status::Finished) + self.count(Status::Stopped);
        let all_but_successes = self.total.map(|before| before.saturating_sub(successes));
        self.to_redo = match all_but_successes.is_some() && all_but_successes == total {
            true => self.failed_experiments(),
            false => 0,
        };
        self.total = total.map(|total| (successes + total).max(self.total.unwrap_or(0)));
        self.run = Some(Run {
            started: at,
            pid,
            workers,
            n_iters,
            ended: None,
        });
        // Experiments whose end an earlier run did not record are no longer running.
        self.running.clear();
        self.running_iterations = 0;
        self.workers.clear();
        self.eta = EtaEstimator::default();
        self.errors.clear();
    }

    fn domain_updated(&mut self, at: Timestamp, update: &UpdateRecord) {
        let before = self.done();
        let begun = self.generated_experiments();
        // An update replaces the rest of the domain.
        self.withdrawn += self.total.map_or(0, |total| total.saturating_sub(begun));
        self.total = update.remaining.map(|remaining| begun + remaining);
        self.updates = update.updates;
        self.measure(before, at);
    }

    fn experiment_started(&mut self, event: &Event) {
        let Event::ExperimentStarted {
            at,
            experiment,
            attempt,
            worker,
            pid,
            record,
            ..
        } = event
        else {
            return;
        };
        let before = self.done();
        self.stop_running(*experiment);
        if *attempt > 1 {
            let mut has_ended = false;
            for ended in &mut self.ended {
                has_ended |= ended.remove(experiment.0);
            }
            if !self.ended_now.remove(experiment.0) && has_ended {
                self.to_redo = self.to_redo.saturating_sub(1);
            }
            self.failures.remove(*experiment);
        }
        let running = RunningExperiment {
            id: record.id.clone(),
            config: record.config.clone(),
            attempt: *attempt,
            worker: *worker,
            pid: *pid,
            since: *at,
            iterations: 0,
            exception: None,
            last_values: LastValues::default(),
        };
        self.running.insert(*experiment, running);
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.waits = None;
        }
        self.eta.begin(*at);
        self.measure(before, *at);
    }

    fn progress(&mut self, experiment: ExperimentNumber, iterations: u64) {
        if let Some(running) = self.running.get_mut(&experiment) {
            self.running_iterations += iterations.saturating_sub(running.iterations);
            running.iterations = running.iterations.max(iterations);
        }
    }

    fn exception(
        &mut self,
        at: Timestamp,
        experiment: ExperimentNumber,
        exception: &ExceptionRecord,
    ) {
        self.see(at);
        self.exceptions += 1;
        let running = self.running.get_mut(&experiment);
        let id = running.as_ref().map(|running| running.id.clone());
        if let Some(running) = running {
            running
                .exception
                .get_or_insert_with(|| Box::new(exception.clone()));
        }
        let recent = RecentException {
            at,
            experiment,
            id,
            record: exception.clone(),
        };
        push_bounded(&mut self.recent, recent);
    }

    /// Ignores the end of an attempt other than the running one.
    fn experiment_ended(&mut self, event: &Event) {
        let Event::ExperimentEnded {
            at,
            experiment,
            attempt,
            status,
            reason,
            iterations,
            ..
        } = event
        else {
            return;
        };
        let before = self.done();
        let running = self.running.get(experiment);
        let is_current = running.is_some_and(|running| running.attempt == *attempt);
        let Some(running) = is_current.then(|| self.stop_running(*experiment)).flatten() else {
            return self.see(*at);
        };
        self.ended[*status as usize].insert(experiment.0);
        self.ended_now.insert(experiment.0);
        self.ended_iterations += iterations;
        if let Some(worker) = self.workers.get_mut(&running.worker) {
            worker.experiments += 1;
        }
        if status.is_success() {
            self.variables
                .add(running.last_values, &running.id, &running.config);
        } else {
            self.failed(*experiment, &running, *status, reason.as_deref());
        }
        self.measure(before, *at);
    }

    fn failed(
        &mut self,
        experiment: ExperimentNumber,
        running: &RunningExperiment,
        status: Status,
        reason: Option<&str>,
    ) {
        let exception = running.exception.as_deref();
        let message = exception.map(|exception| exception.message.as_str());
        self.failures.add(&Failure {
            experiment,
            id: &running.id,
            config: &running.config,
            status,
            unit: exception.and_then(|exception| exception.unit.as_deref()),
            message: message.or(reason).unwrap_or("unknown reason"),
        });
    }

    fn stop_running(&mut self, experiment: ExperimentNumber) -> Option<RunningExperiment> {
        let running = self.running.remove(&experiment)?;
        self.running_iterations -= running.iterations;
        Some(running)
    }

    fn measure(&mut self, before: u64, at: Timestamp) {
        self.see(at);
        let done = self.done();
        if done != before {
            self.eta.add(done.wrapping_sub(before).cast_signed(), at);
        }
    }
}

/// Appends an element, and drops the oldest one if there are too many.
fn push_bounded<T>(queue: &mut VecDeque<T>, element: T) {
    if queue.len() == MAX_RECENT {
        queue.pop_front();
    }
    queue.push_back(element);
}
