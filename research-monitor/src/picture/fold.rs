//! How events change a picture.

use research_core::{Event, ExceptionRecord, ExperimentNumber, Status, Timestamp, UpdateRecord};

use super::{Picture, RecentException, Run, RunningExperiment, WorkerPicture};
use crate::causes::Failure;
use crate::extremes::LastValues;
use crate::numbers::NumberSet;
use crate::pace::Pace;

/// How many exceptions are kept in full.
const RECENT_EXCEPTIONS: usize = 10;

impl Picture {
    /// The picture after some events.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut picture = Self::default();
        for event in events {
            picture.apply(event);
        }
        picture
    }

    /// Takes one event into the picture.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::RunStarted {
                at,
                pid,
                workers,
                total,
                n_iters,
            } => self.run_started(*at, *pid, *workers, *total, *n_iters),
            Event::WorkerStarted { at, worker, pid } => {
                self.see(*at);
                let picture = WorkerPicture {
                    pid: *pid,
                    since: *at,
                    experiments: 0,
                    lost: None,
                    waits: None,
                };
                self.workers.insert(*worker, picture);
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
                    running.last_values.take(variable, column);
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
            Event::Message { at, .. } => self.see(*at),
            Event::Exception {
                at,
                experiment,
                exception,
            } => self.exception(*at, *experiment, exception),
            Event::ExperimentEnded { .. } => self.experiment_ended(event),
            Event::DomainUpdated { at, update } => self.domain_updated(*at, update),
            // Where an experiment stands in tables is no matter of progress, nor what units took.
            Event::Moved { .. }
            | Event::Profile { .. }
            | Event::Spans { .. }
            | Event::Device { .. }
            | Event::Output { .. }
            | Event::LargeValue { .. } => {}
            Event::RunEnded { at, outcome } => {
                self.see(*at);
                self.to_redo = 0;
                if let Some(run) = &mut self.run {
                    run.ended = Some((*at, *outcome));
                }
            }
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
        self.ended_now = NumberSet::default();
        self.see(at);
        // A research that is resumed keeps its domain: what failed may be run again, or not.
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
        // What an earlier run left behind without an end does not run any more.
        self.running.clear();
        self.running_iterations = 0;
        self.workers.clear();
        self.pace = Pace::default();
    }

    fn domain_updated(&mut self, at: Timestamp, update: &UpdateRecord) {
        let before = self.done();
        let begun = self.generated_experiments();
        // What was left of the domain is replaced.
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
            self.causes.forget(*experiment);
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
        self.pace.begin(*at);
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
        if self.recent.len() == RECENT_EXCEPTIONS {
            self.recent.pop_front();
        }
        self.recent.push_back(RecentException {
            at,
            experiment,
            id,
            record: exception.clone(),
        });
    }

    /// The end of an attempt that is not the one that runs, or of an experiment that does not run
    /// at all, says nothing new.
    fn experiment_ended(&mut self, event: &Event) {
        let Event::ExperimentEnded {
            at,
            experiment,
            attempt,
            status,
            reason,
            iterations,
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
        self.causes.add(&Failure {
            experiment,
            id: &running.id,
            status,
            unit: exception.and_then(|exception| exception.unit.as_deref()),
            message: message.or(reason).unwrap_or("no reason is known"),
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
            self.pace.add(done.wrapping_sub(before).cast_signed(), at);
        }
    }
}
