//! Reads logs of earlier releases. Every version must read the same events from the log of the
//! first release, so `events.log` and `events.txt` must never be changed. Kinds of events that were
//! added later are in `later.log` and `later.txt`; future kinds get their own files.
//!
//! With `RESEARCH_WRITE_FIRST_RELEASE` set, this test writes missing files.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::common::{at, ended, kinds, small_run, started, values};
use research_core::domain::Value;
use research_core::events::{LargeKind, Measure, UpdateRecord};
use research_core::{
    Column, Event, ExceptionRecord, ExperimentNumber, FailureKind, FsyncPolicy, Iterations,
    LargeValue, LogLevel, Outcome, OutputStream, Status,
};
use research_storage::{LogReader, LogWriter, check_log};

fn path(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/first_release");
    folder.join(name)
}

/// Formats events in Rust's syntax, one per line.
fn show(events: &[Event]) -> String {
    let mut text = String::new();
    for event in events {
        writeln!(text, "{event:?}").unwrap();
    }
    text
}

/// Fields that were added to events after format 1, with the values that a log of format 1 gives.
const LATER_FIELDS: [&str; 5] = [
    ", epoch: 0, added: {}",
    ", epoch: 0, host: None",
    ", host: None, engine: None",
    ", command: None",
    ", usage: ResourceUsage { peak_memory: None, cpu_seconds: None, exit_code: None }",
];

/// Reads a log, compares it with its text file, and returns the events.
fn check(name: &str) -> Vec<Event> {
    write_what_is_missing();
    let log = path(&format!("{name}.log"));
    let batches = LogReader::open(&log).unwrap();
    let events: Vec<Event> = batches.flat_map(Result::unwrap).collect();
    let expected = std::fs::read_to_string(path(&format!("{name}.txt"))).unwrap();
    let mut shown = show(&events);
    for fields in LATER_FIELDS {
        shown = shown.replace(fields, "");
    }
    for (line, (found, expected)) in shown.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "event {line}");
    }
    assert_eq!(events.len(), expected.lines().count());
    let checkup = check_log(&log).unwrap();
    assert!(checkup.is_whole(), "{checkup:?}");
    events
}

#[test]
fn the_log_of_the_first_release_is_read() {
    let events = check("events");
    let is_start = |event: &&Event| matches!(event, Event::ExperimentStarted { .. });
    assert!(events.iter().filter(is_start).count() > 5);
    let kinds = kinds(&events);
    assert_eq!(kinds.len(), KINDS_OF_FORMAT_1 - LATER.len(), "{kinds:?}");
    assert!(
        LATER.iter().all(|later| !kinds.contains(later)),
        "{kinds:?}"
    );
}

#[test]
fn the_kinds_of_events_that_came_later_are_read() {
    let kinds = kinds(&check("later"));
    assert!(LATER.iter().all(|later| kinds.contains(later)), "{kinds:?}");
}

#[test]
fn every_kind_of_event_of_format_1_is_read() {
    assert_eq!(kinds(&check("format_1")).len(), KINDS_OF_FORMAT_1);
}

/// The kinds of events that were added after the first release.
const LATER: [&str; 3] = ["WorkerWaits", "Spans", "Device"];

/// The number of kinds of events in format 1.
const KINDS_OF_FORMAT_1: usize = 18;

/// Returns all kinds of events, each with all variants of its content.
fn everything() -> Vec<Vec<Event>> {
    let mut batches = small_run();
    let number = 100;
    let experiment = ExperimentNumber(number);
    let mut batch = vec![
        started(number),
        Event::Values {
            experiment,
            variable: "some iterations".into(),
            iterations: Iterations::List(vec![0, 7, u64::MAX]),
            column: Column::Float(vec![f64::NAN, f64::NEG_INFINITY, 0.1]),
        },
        values(
            number,
            Column::Value(vec![
                Value::Map(vec![(
                    "größe".to_owned(),
                    Value::List(vec![Value::Bool(true)]),
                )]),
                Value::Text("\u{0}\n".to_owned()),
                Value::Float(f64::NAN),
            ]),
        ),
        Event::Progress {
            at: at(1),
            experiment,
            iterations: 3,
        },
        Event::Moved {
            experiment,
            place: 17,
        },
        Event::DomainUpdated {
            at: at(1),
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
        Event::LargeValue {
            experiment,
            variable: "model".into(),
            iteration: 2,
            value: LargeValue {
                kind: LargeKind::Bytes,
                bytes: 104_857_600,
                sha256: "20492a4d0d84f8beb1767f6616229f85d44c2827b64bdbfb260ee12fa1109e0e"
                    .to_owned(),
            },
        },
    ];
    for level in LogLevel::ALL {
        batch.push(Event::Message {
            at: at(2),
            experiment: None,
            level,
            text: format!("of level {level}"),
        });
    }
    for stream in OutputStream::ALL {
        batch.push(Event::Output {
            experiment,
            stream,
            text: "a line\n".to_owned(),
        });
    }
    for measure in Measure::ALL {
        batch.push(Event::Profile {
            experiment,
            unit: (measure != Measure::Seconds).then(|| "power".into()),
            measure,
            iterations: Iterations::Run { first: 0, count: 1 },
            values: Column::Float(vec![1.5]),
        });
    }
    batch.push(ended(number));
    batches.push(batch);
    let kinds = [
        FailureKind::Error,
        FailureKind::Panic,
        FailureKind::Killed,
        FailureKind::TimedOut,
    ];
    for (number, (status, kind)) in
        (200..).zip(Status::ALL.into_iter().zip(kinds.into_iter().cycle()))
    {
        batches.push(vec![
            started(number),
            Event::Exception {
                at: at(3),
                experiment: ExperimentNumber(number),
                exception: Box::new(ExceptionRecord {
                    unit: None,
                    iteration: 0,
                    kind,
                    message: "a message".to_owned(),
                    backtrace: None,
                }),
                command: None,
            },
            Event::ExperimentEnded {
                at: at(4),
                experiment: ExperimentNumber(number),
                attempt: 1,
                status,
                reason: Some("a reason".to_owned()),
                iterations: 1,
                usage: Default::default(),
            },
        ]);
    }
    for outcome in [Outcome::Complete, Outcome::Interrupted, Outcome::Aborted] {
        batches.push(vec![Event::RunEnded { at: at(5), outcome }]);
    }
    batches
}

fn write_what_is_missing() {
    use std::sync::Once;
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if std::env::var_os("RESEARCH_WRITE_FIRST_RELEASE").is_some() {
            write("events", &everything());
            write("later", &small_run());
            write("format_1", &everything());
        }
    });
}

fn write(name: &str, batches: &[Vec<Event>]) {
    let log = path(&format!("{name}.log"));
    if log.exists() {
        return;
    }
    let mut writer = LogWriter::create(&log, FsyncPolicy::Never).unwrap();
    for batch in batches {
        writer.append(batch).unwrap();
        writer.commit(false).unwrap();
    }
    std::fs::write(path(&format!("{name}.txt")), show(&batches.concat())).unwrap();
}
