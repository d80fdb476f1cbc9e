//! Functions that the tests of storage share.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeSet;

use research_core::domain::{Config, Value};
use research_core::events::{
    LargeKind, Measure, ResourceUsage, SpanTime, UnknownEvent, UpdateRecord,
};
use research_core::{
    Column, Event, ExceptionRecord, ExperimentNumber, ExperimentRecord, FailureKind, Iterations,
    LargeValue, LogLevel, Outcome, OutputStream, ResearchRecord, RunOptions, Status, Timestamp,
    WorkerNumber,
};

/// Returns the record of a research with this name.
pub(crate) fn record(name: &str) -> ResearchRecord {
    ResearchRecord {
        format: ResearchRecord::FORMAT,
        rules: research_domain::Rules::LATEST,
        name: name.to_owned(),
        created: 1_785_000_000_000_000,
        program: "test 0.1.0".to_owned(),
        build: None,
        directory: std::path::PathBuf::from("/"),
        directory_from_folder: None,
        domain: "a=[1, 2]".to_owned(),
        options: RunOptions::default(),
        units: vec!["power (callable, when always, saved as power)".to_owned()],
        commands: Vec::new(),
        updates: Vec::new(),
        source: Some(serde_json::json!({"name": name, "unit": [{"run": "true"}]})),
        source_file: None,
    }
}

/// Returns the id of the experiment with this number.
pub(crate) fn id(number: u64) -> String {
    format!("0123abcd{number:08}")
}

/// Returns the start of an experiment.
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
        epoch: 0,
        added: Default::default(),
    }
}

/// Returns values of an experiment. None of them is NaN, so that events can be compared.
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

/// Returns the end of an experiment.
pub(crate) fn ended(number: u64) -> Event {
    Event::ExperimentEnded {
        at: at(number),
        experiment: ExperimentNumber(number),
        attempt: 1,
        status: Status::Finished,
        reason: None,
        iterations: 3,
        usage: Default::default(),
    }
}

/// Returns a message, about an experiment or about the run.
pub(crate) fn message(experiment: Option<u64>, text: &str) -> Event {
    Event::Message {
        at: at(0),
        experiment: experiment.map(ExperimentNumber),
        level: LogLevel::Info,
        text: text.to_owned(),
    }
}

/// Returns an exception of a unit.
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
        command: Some("power 3".to_owned()),
    }
}

/// Returns the batches of a run with every kind of event and of column.
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
            epoch: 0,
            host: None,
        },
        Event::WorkerStarted {
            at: at(0),
            worker: WorkerNumber(0),
            pid: 4242,
            host: None,
            engine: None,
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
    let experiment = ExperimentNumber(7);
    let [first, second] = other_kinds(experiment);
    batches.push([vec![started(7)], first].concat());
    batches.push([second, vec![ended(7)]].concat());
    batches.push(later_kinds(experiment));
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

/// Returns the rarer kinds of events of an experiment and of a run.
fn other_kinds(experiment: ExperimentNumber) -> [Vec<Event>; 2] {
    let iterations = Iterations::List(vec![0, 2, 5]);
    let first = vec![
        Event::Device {
            experiment,
            device: Value::List(vec!["0".into(), "1".into()]),
        },
        Event::Progress {
            at: at(1),
            experiment,
            iterations: 3,
        },
        Event::Output {
            experiment,
            stream: OutputStream::Stderr,
            text: "a line\n".to_owned(),
        },
        Event::LargeValue {
            experiment,
            variable: "model".into(),
            iteration: 2,
            value: LargeValue {
                kind: LargeKind::Text,
                bytes: 2_000_000,
                sha256: "0f".repeat(32),
            },
        },
        Event::Moved {
            experiment,
            place: 17,
        },
    ];
    let second = vec![
        Event::Profile {
            experiment,
            unit: Some("power".into()),
            measure: Measure::Seconds,
            iterations,
            values: Column::Float(vec![0.25, 0.5, 1.0]),
        },
        Event::Spans {
            experiment,
            unit: "power".into(),
            spans: vec![SpanTime {
                target: "power".to_owned(),
                name: "step".to_owned(),
                calls: 3,
                own: 0.25,
                total: 0.5,
            }],
        },
        Event::DomainUpdated {
            at: at(2),
            update: Box::new(UpdateRecord {
                domain: "a=[1, 2]".to_owned(),
                n_configs: Some(2),
                n_reps: 1,
                repeat_each: None,
                generated: 4,
                updates: 1,
                remaining: Some(2),
            }),
        },
        Event::WorkerWaits {
            at: at(2),
            worker: WorkerNumber(0),
            reason: Some("no memory".to_owned()),
        },
    ];
    [first, second]
}

/// Returns events of the kinds, and with the fields, that format 2 has added.
pub(crate) fn later_kinds(experiment: ExperimentNumber) -> Vec<Event> {
    let mut config = Config::default();
    config.insert("rate", 0.5);
    vec![
        Event::RunStarted {
            at: at(3),
            pid: 4241,
            workers: 1,
            total: None,
            n_iters: Some(3),
            epoch: 2,
            host: Some("node1".to_owned()),
        },
        Event::WorkerStarted {
            at: at(3),
            worker: WorkerNumber(1),
            pid: 7,
            host: Some("node7".to_owned()),
            engine: Some("slurm".to_owned()),
        },
        Event::WorkerRejoined {
            at: at(3),
            worker: WorkerNumber(1),
            pid: 7,
            epoch: 2,
        },
        Event::ExperimentCancelled {
            at: at(3),
            experiment: ExperimentNumber(900),
            status: Status::Cancelled,
            reason: Some("asked for".to_owned()),
        },
        Event::Asked {
            at: at(3),
            ask: 4,
            config,
            parent: Some(experiment),
            known: 3,
        },
        Event::Told {
            at: at(3),
            ask: 4,
            experiment,
            objectives: vec![0.25, f64::INFINITY],
        },
        Event::ExperimentEnded {
            at: at(3),
            experiment: ExperimentNumber(900),
            attempt: 1,
            status: Status::Pruned,
            reason: None,
            iterations: 2,
            usage: ResourceUsage {
                peak_memory: Some(1 << 30),
                cpu_seconds: Some(1.5),
                exit_code: Some(-1),
            },
        },
        Event::Unknown(UnknownEvent {
            kind: 200,
            version: 3,
            body: vec![0; 300],
        }),
    ]
}

/// The number of kinds of events.
pub(crate) const KINDS: usize = 23;

/// Returns the name of an event's kind.
pub(crate) fn kind(event: &Event) -> &'static str {
    match event {
        Event::RunStarted { .. } => "RunStarted",
        Event::WorkerStarted { .. } => "WorkerStarted",
        Event::WorkerLost { .. } => "WorkerLost",
        Event::ExperimentStarted { .. } => "ExperimentStarted",
        Event::Values { .. } => "Values",
        Event::Progress { .. } => "Progress",
        Event::Message { .. } => "Message",
        Event::Exception { .. } => "Exception",
        Event::ExperimentEnded { .. } => "ExperimentEnded",
        Event::RunEnded { .. } => "RunEnded",
        Event::Moved { .. } => "Moved",
        Event::Profile { .. } => "Profile",
        Event::DomainUpdated { .. } => "DomainUpdated",
        Event::Output { .. } => "Output",
        Event::LargeValue { .. } => "LargeValue",
        Event::WorkerWaits { .. } => "WorkerWaits",
        Event::Spans { .. } => "Spans",
        Event::Device { .. } => "Device",
        Event::WorkerRejoined { .. } => "WorkerRejoined",
        Event::ExperimentCancelled { .. } => "ExperimentCancelled",
        Event::Asked { .. } => "Asked",
        Event::Told { .. } => "Told",
        Event::Unknown(_) => "Unknown",
        _ => panic!("a kind without a name: {event:?}"),
    }
}

/// Returns the kinds of some events.
pub(crate) fn kinds<'e>(events: impl IntoIterator<Item = &'e Event>) -> BTreeSet<&'static str> {
    events.into_iter().map(kind).collect()
}

/// Returns the time at this second of the test.
pub(crate) fn at(second: u64) -> Timestamp {
    Timestamp(1_785_000_000_000_000 + second * 1_000_000)
}
