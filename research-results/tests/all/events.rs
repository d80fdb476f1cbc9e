//! Events as an executor reports them.
#![allow(dead_code, reason = "each test file uses some of it")]

use research_core::events::LargeKind;
use research_core::{
    Column, Event, ExperimentNumber, ExperimentRecord, Iterations, LargeValue, Status, Timestamp,
    WorkerNumber,
};
use research_domain::{Config, ExperimentId};

/// Returns the start of an experiment whose index in the domain is its number.
pub(crate) fn started(number: u64, attempt: u32, config: Config) -> Event {
    started_at_place(number, number, attempt, config)
}

pub(crate) fn run_started(host: Option<&str>) -> Event {
    Event::RunStarted {
        at: Timestamp(0),
        pid: 1,
        workers: 1,
        total: None,
        n_iters: None,
        epoch: 0,
        host: host.map(str::to_owned),
    }
}

/// Returns the start of a worker on another host than the leader.
pub(crate) fn worker_started(worker: u32, host: &str) -> Event {
    Event::WorkerStarted {
        at: Timestamp(0),
        worker: WorkerNumber(worker),
        pid: 1,
        host: Some(host.to_owned()),
        engine: None,
    }
}

pub(crate) fn started_at_place(number: u64, place: u64, attempt: u32, config: Config) -> Event {
    Event::ExperimentStarted {
        at: Timestamp(1_000_000),
        experiment: ExperimentNumber(number),
        attempt,
        worker: WorkerNumber(0),
        pid: 1,
        record: Box::new(ExperimentRecord {
            id: ExperimentId::parse(&format!("e{number}")).unwrap(),
            place,
            config,
            repetition: number % 2,
            updates: 0,
            seed: 7,
        }),
        epoch: 0,
        added: Default::default(),
    }
}

pub(crate) fn saved(number: u64, variable: &str, first: u64, column: Column) -> Event {
    let iterations = Iterations::Run {
        first,
        count: column.len() as u64,
    };
    saved_at(number, variable, iterations, column)
}

pub(crate) fn saved_at(
    number: u64,
    variable: &str,
    iterations: Iterations,
    column: Column,
) -> Event {
    Event::Values {
        experiment: ExperimentNumber(number),
        variable: variable.into(),
        iterations,
        column,
    }
}

/// Returns the event of a large value of `bytes`, which is in a separate file.
pub(crate) fn saved_large(number: u64, variable: &str, iteration: u64, bytes: u64) -> Event {
    Event::LargeValue {
        experiment: ExperimentNumber(number),
        variable: variable.into(),
        iteration,
        value: LargeValue {
            kind: LargeKind::Text,
            bytes,
            sha256: "0".repeat(64),
        },
    }
}

pub(crate) fn ended(number: u64, attempt: u32, status: Status, reason: Option<&str>) -> Event {
    Event::ExperimentEnded {
        at: Timestamp(3_500_000),
        experiment: ExperimentNumber(number),
        attempt,
        status,
        reason: reason.map(str::to_owned),
        iterations: 2,
        usage: Default::default(),
    }
}
