//! What the tests of storage share.
#![allow(dead_code, reason = "each test file uses a part of it")]

use research_core::domain::{Config, Value};
use research_core::{
    Column, Event, ExceptionRecord, ExperimentNumber, ExperimentRecord, FailureKind, Iterations,
    LogLevel, Outcome, ResearchRecord, RunOptions, Status, Timestamp, WorkerNumber,
};

/// A research with this name.
pub(crate) fn record(name: &str) -> ResearchRecord {
    ResearchRecord {
        format: ResearchRecord::FORMAT,
        name: name.to_owned(),
        created: 1_785_000_000_000_000,
        program: "test 0.1.0".to_owned(),
        build: None,
        directory: std::path::PathBuf::from("/"),
        domain: "a=[1, 2]".to_owned(),
        options: RunOptions::default(),
        units: vec!["power (callable, when always, saved as power)".to_owned()],
        updates: Vec::new(),
        source: Some(serde_json::json!({"name": name, "unit": [{"run": "true"}]})),
    }
}

/// The id of an experiment, by its number.
pub(crate) fn id(number: u64) -> String {
    format!("0123abcd{number:08}")
}

/// The beginning of an experiment.
pub(crate) fn started(number: u64) -> Event {
    let mut config = Config::default();
    config.insert("a", i64::try_from(number).unwrap());
    config.insert("größe", "a text");
    Event::ExperimentStarted {
        at: at(number),
        experiment: ExperimentNumber(number),
        attempt: 1,
        worker: WorkerNumber(0),
        pid: 4242,
        record: Box::new(ExperimentRecord {
            id: id(number).parse().unwrap(),
            place: number,
            config,
            repetition: 0,
            updates: 0,
            seed: 7,
        }),
    }
}

/// Values of an experiment; none of them is NaN, so that events can be compared.
pub(crate) fn values(number: u64, column: Column) -> Event {
    Event::Values {
        experiment: ExperimentNumber(number),
        variable: "power".into(),
        iterations: Iterations::Run {
            first: 0,
            count: column.len() as u64,
        },
        column,
    }
}

/// The end of an experiment.
pub(crate) fn ended(number: u64) -> Event {
    Event::ExperimentEnded {
        at: at(number),
        experiment: ExperimentNumber(number),
        attempt: 1,
        status: Status::Finished,
        reason: None,
        iterations: 3,
    }
}

/// A message, about an experiment or about none.
pub(crate) fn message(experiment: Option<u64>, text: &str) -> Event {
    Event::Message {
        at: at(0),
        experiment: experiment.map(ExperimentNumber),
        level: LogLevel::Info,
        text: text.to_owned(),
    }
}

/// An exception of a unit.
pub(crate) fn exception(number: u64) -> Event {
    Event::Exception {
        at: at(number),
        experiment: ExperimentNumber(number),
        exception: Box::new(ExceptionRecord {
            unit: Some("power".to_owned()),
            iteration: 2,
            kind: FailureKind::Panic,
            message: "no such number".to_owned(),
            backtrace: Some("0: here\n1: there".to_owned()),
        }),
    }
}

/// A run with every kind of event and of column, batch by batch.
pub(crate) fn small_run() -> Vec<Vec<Event>> {
    let columns = [
        Column::Float(vec![0.5, f64::INFINITY, -0.0]),
        Column::Int(vec![i64::MIN, 0, i64::MAX]),
        Column::Bool(vec![true, false]),
        Column::Text(vec!["ü".to_owned(), String::new()]),
        Column::Value(vec![
            Value::Null,
            Value::List(vec![Value::Int(1), Value::Bytes(vec![0, 255])]),
        ]),
    ];
    let mut batches = vec![vec![
        Event::RunStarted {
            at: at(0),
            pid: 4241,
            workers: 1,
            total: Some(5),
            n_iters: None,
        },
        Event::WorkerStarted {
            at: at(0),
            worker: WorkerNumber(0),
            pid: 4242,
        },
    ]];
    for (number, column) in (0..).zip(columns) {
        batches.push(vec![started(number), values(number, column)]);
        batches.push(vec![
            message(Some(number), "half"),
            exception(number),
            ended(number),
        ]);
    }
    batches.push(vec![
        Event::WorkerLost {
            at: at(9),
            worker: WorkerNumber(0),
            reason: "signal 9".to_owned(),
        },
        Event::RunEnded {
            at: at(9),
            outcome: Outcome::Interrupted,
        },
    ]);
    batches
}

/// A moment.
pub(crate) fn at(second: u64) -> Timestamp {
    Timestamp(1_785_000_000_000_000 + second * 1_000_000)
}
