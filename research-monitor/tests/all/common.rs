//! Events of an invented run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use research_core::events::UpdateRecord;
use research_core::{
    Column, Event, ExceptionRecord, ExperimentNumber, ExperimentRecord, FailureKind, Iterations,
    LogLevel, Outcome, Status, Timestamp, WorkerNumber,
};
use research_domain::{Config, ExperimentId};
use research_monitor::Clock;

pub fn at(seconds: f64) -> Timestamp {
    Timestamp((seconds * 1e6).round() as u64)
}

pub fn id(number: u64) -> ExperimentId {
    format!("abcdef01{number:08}").parse().unwrap()
}

pub fn run_started(seconds: f64, total: Option<u64>, n_iters: Option<u64>) -> Event {
    Event::RunStarted {
        at: at(seconds),
        pid: 100,
        workers: 2,
        total,
        n_iters,
        epoch: 0,
        host: None,
    }
}

pub fn run_ended(seconds: f64, outcome: Outcome) -> Event {
    Event::RunEnded {
        at: at(seconds),
        outcome,
    }
}

pub fn worker_started(seconds: f64, worker: u32) -> Event {
    Event::WorkerStarted {
        at: at(seconds),
        worker: WorkerNumber(worker),
        pid: 200 + worker,
        host: None,
        engine: None,
    }
}

pub fn worker_lost(seconds: f64, worker: u32, reason: &str) -> Event {
    Event::WorkerLost {
        at: at(seconds),
        worker: WorkerNumber(worker),
        reason: reason.to_owned(),
    }
}

pub fn worker_waits(seconds: f64, worker: u32, reason: &str) -> Event {
    Event::WorkerWaits {
        at: at(seconds),
        worker: WorkerNumber(worker),
        reason: Some(reason.to_owned()),
    }
}

pub fn started(seconds: f64, number: u64, worker: u32) -> Event {
    started_again(seconds, number, worker, 1)
}

pub fn started_again(seconds: f64, number: u64, worker: u32, attempt: u32) -> Event {
    Event::ExperimentStarted {
        at: at(seconds),
        experiment: ExperimentNumber(number),
        attempt,
        worker: WorkerNumber(worker),
        pid: 1000 + u32::try_from(number % 1000).unwrap(),
        record: Box::new(ExperimentRecord {
            id: id(number),
            place: number,
            config: Config::from_pairs([("a", number as i64)]).with("b", "x"),
            repetition: 0,
            updates: 0,
            seed: number,
        }),
        epoch: 0,
        added: Default::default(),
    }
}

pub fn progress(seconds: f64, number: u64, iterations: u64) -> Event {
    Event::Progress {
        at: at(seconds),
        experiment: ExperimentNumber(number),
        iterations,
    }
}

pub fn exception(seconds: f64, number: u64, unit: Option<&str>, message: &str) -> Event {
    Event::Exception {
        at: at(seconds),
        experiment: ExperimentNumber(number),
        exception: Box::new(ExceptionRecord {
            unit: unit.map(str::to_owned),
            iteration: 0,
            kind: FailureKind::Error,
            message: message.to_owned(),
            backtrace: None,
        }),
        command: None,
    }
}

pub fn ended(seconds: f64, number: u64, status: Status) -> Event {
    ended_after(seconds, number, status, 1)
}

pub fn ended_after(seconds: f64, number: u64, status: Status, iterations: u64) -> Event {
    attempt_ended(seconds, number, 1, status, iterations)
}

pub fn attempt_ended(
    seconds: f64,
    number: u64,
    attempt: u32,
    status: Status,
    iterations: u64,
) -> Event {
    Event::ExperimentEnded {
        at: at(seconds),
        experiment: ExperimentNumber(number),
        attempt,
        status,
        reason: (!status.is_success()).then(|| "its process was killed by signal 9".to_owned()),
        iterations,
        usage: Default::default(),
    }
}

pub fn message(seconds: f64, number: Option<u64>, level: LogLevel, text: &str) -> Event {
    Event::Message {
        at: at(seconds),
        experiment: number.map(ExperimentNumber),
        level,
        text: text.to_owned(),
    }
}

/// A clock that advances only when a test sets it.
#[derive(Clone, Default)]
pub struct HandClock(Arc<AtomicU64>);

impl HandClock {
    pub fn set(&self, seconds: f64) {
        self.0.store(at(seconds).0, Ordering::SeqCst);
    }

    pub fn clock(&self) -> Clock {
        let time = Arc::clone(&self.0);
        Arc::new(move || Timestamp(time.load(Ordering::SeqCst)))
    }
}

/// Returns a run of ten seconds with one event of most kinds.
pub fn eventful() -> Vec<Event> {
    vec![
        run_started(0.0, Some(8), None),
        worker_started(0.0, 0),
        worker_started(0.0, 1),
        started(0.0, 0, 0),
        started(0.0, 1, 1),
        ended(2.0, 0, Status::Finished),
        started(2.0, 2, 0),
        exception(3.0, 1, Some("train"), "loss is 0.25"),
        ended(3.0, 1, Status::Failed),
        started(3.0, 3, 1),
        exception(4.0, 2, Some("train"), "loss is 0.5"),
        ended(4.0, 2, Status::Failed),
        started(4.0, 4, 0),
        worker_lost(5.0, 1, "killed by signal 9"),
        ended_after(5.0, 3, Status::Killed, 0),
        started(6.0, 5, 0),
        ended(6.0, 4, Status::Stopped),
        progress(8.0, 5, 17),
    ]
}

pub fn values(number: u64, variable: &str, column: Column) -> Event {
    Event::Values {
        experiment: ExperimentNumber(number),
        variable: Arc::from(variable),
        iterations: Iterations::Run {
            first: 0,
            count: column.len() as u64,
        },
        column,
    }
}

pub fn domain_updated(seconds: f64, updates: u64, remaining: Option<u64>) -> Event {
    Event::DomainUpdated {
        at: at(seconds),
        update: Box::new(UpdateRecord {
            domain: "x=[1]".to_owned(),
            n_configs: None,
            n_reps: 1,
            repeat_each: None,
            generated: 0,
            updates,
            remaining,
        }),
    }
}
