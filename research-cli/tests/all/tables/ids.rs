//! Experiments are called by their ids, or by as much of the beginning as no other has.

use std::path::Path;

use research::core::events::Measure;
use research::core::{
    Column, Event, ExperimentNumber, ExperimentRecord, Iterations, LogLevel, Storage, Timestamp,
    WorkerNumber,
};
use research::domain::{Config, ExperimentId};
use research::storage::LocalStorage;

use super::{printed, refused};
use crate::common::record;

/// One of them begins as another is called.
const IDS: [&str; 3] = ["b1", "abc", "ab"];

/// Experiments with these ids, each with a value, a message, a file and the time of a unit.
fn kept(base: &Path) {
    let mut record = record("kept", "n=[0, 1, 2]");
    record.options.profile = 1;
    let mut storage = LocalStorage::create(base, &record).unwrap();
    for (number, id) in (0..).zip(IDS) {
        storage.append(&experiment(number, id)).unwrap();
    }
    storage.commit(false).unwrap();
    for id in IDS {
        let own = base.join("kept/experiments").join(id);
        std::fs::create_dir_all(&own).unwrap();
        std::fs::write(own.join(format!("model-{id}")), "").unwrap();
    }
}

fn experiment(number: u64, id: &str) -> [Event; 4] {
    let experiment = ExperimentNumber(number);
    let value = 1.0 + number as f64;
    let iterations = || Iterations::Run { first: 0, count: 1 };
    [
        Event::ExperimentStarted {
            at: Timestamp(0),
            experiment,
            attempt: 1,
            worker: WorkerNumber(0),
            pid: 1,
            record: Box::new(ExperimentRecord {
                id: ExperimentId::parse(id).unwrap(),
                place: number,
                config: Config::from_pairs([("n", number)]),
                repetition: 0,
                updates: 0,
                seed: 0,
            }),
            epoch: 0,
            added: Default::default(),
        },
        Event::Values {
            experiment,
            variable: "x".into(),
            iterations: iterations(),
            column: Column::Float(vec![value]),
        },
        Event::Profile {
            experiment,
            unit: Some("train".into()),
            measure: Measure::Seconds,
            iterations: iterations(),
            values: Column::Float(vec![value]),
        },
        Event::Message {
            at: Timestamp(0),
            experiment: Some(experiment),
            level: LogLevel::Info,
            text: format!("hello from {id}"),
        },
    ]
}

#[test]
fn a_beginning_that_no_other_has_is_enough_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    kept(folder.path());
    let commands: [&[&str]; 5] = [
        &["results", "kept", "--format", "csv"],
        &["artifacts", "kept", "--format", "csv"],
        &["plot", "kept", "--x", "n", "--width", "40"],
        &["profile", "kept", "--format", "csv"],
        &["logs", "kept"],
    ];
    for command in commands {
        let of = |id| printed(folder.path(), &[command, &["--id", id]].concat());
        assert_eq!(of("b"), of("b1"), "{command:?}");
        assert_ne!(of("b"), of("ab"), "{command:?}");
        // What is an id is no beginning of another.
        assert_ne!(of("ab"), of("abc"), "{command:?}");
        let refusal = |id| refused(folder.path(), &[command, &["--id", id]].concat());
        let several = "several experiments whose id begins with `a`: ab, abc; use a longer prefix";
        assert!(refusal("a").contains(several), "{}", refusal("a"));
        let none = "`kept` has no experiment whose id begins with `b2`";
        assert!(refusal("b2").contains(none), "{}", refusal("b2"));
    }
    let both = ["--id", "b", "--id", "ab", "--id", "b1"];
    let rows = printed(folder.path(), &[commands[0], &both].concat());
    assert_eq!(rows, "id,n,iteration,x\nb1,0,0,1.0\nab,2,0,3.0\n");
}
