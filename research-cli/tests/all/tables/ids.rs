//! Users name experiments by their ids, or by unique prefixes of ids.

use std::path::Path;

use research::base::events::Measure;
use research::base::{Column, Event, ExperimentNumber, Iterations, LogLevel, Storage, Timestamp};
use research::domain::{Config, ExperimentId};
use research::storage::LocalStorage;

use super::{printed, refused};
use crate::support::{record, started};

/// One id is a prefix of another.
const IDS: [&str; 3] = ["b1", "abc", "ab"];

/// Stores experiments with these ids, each with a value, a message, a file and the time of a unit.
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
        started(
            number,
            ExperimentId::parse(id).unwrap(),
            Config::from_pairs([("n", number)]),
            0,
        ),
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
fn every_command_accepts_a_unique_prefix_of_an_id() {
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
        // A complete id is not a prefix of another.
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
