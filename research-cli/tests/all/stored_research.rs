//! Commands on stored researches: status, results, list and remove.

use std::path::Path;

use crate::support::{at, ended, record, research, started, text};
use research::base::{
    Column, Event, ExperimentNumber, Iterations, Outcome, Status, Storage, WorkerNumber,
};
use research::domain::{Config, Identity};
use research::storage::LocalStorage;

/// Stores a research of three experiments, one of which has finished and one has failed.
fn begin(folder: &Path, name: &str) -> LocalStorage {
    let mut storage = LocalStorage::create(folder, &record(name, "a=[1, 2, 3]")).unwrap();
    let mut events = vec![Event::RunStarted {
        at: at(0),
        pid: std::process::id(),
        workers: 1,
        total: Some(3),
        n_iters: Some(1),
        epoch: 0,
        host: None,
    }];
    for (number, status) in [(0, Status::Finished), (1, Status::Killed)] {
        events.extend(experiment(number, status));
    }
    storage.append(&events).unwrap();
    storage.commit(false).unwrap();
    storage
}

fn experiment(number: u64, status: Status) -> [Event; 3] {
    let config = Config::from_pairs([("a", number + 1)]);
    let identity = Identity {
        config: &config,
        repetition: 0,
        updates: 0,
        seed: 0,
        occurrence: 0,
    };
    let id = identity.id("");
    let saved = Event::Values {
        experiment: ExperimentNumber(number),
        variable: "x".into(),
        iterations: Iterations::Run { first: 0, count: 1 },
        column: Column::Float(vec![number as f64 / 2.0]),
    };
    [
        started(number, id, config, 0),
        saved,
        ended(number, status, 1),
    ]
}

fn end(mut storage: LocalStorage) {
    let mut events = experiment(2, Status::Finished).to_vec();
    events.push(Event::RunEnded {
        at: at(3),
        outcome: Outcome::Complete,
    });
    storage.append(&events).unwrap();
    storage.commit(false).unwrap();
}

#[test]
fn the_status_is_current() {
    let folder = tempfile::tempdir().unwrap();
    let storage = begin(folder.path(), "power");
    let running = research(folder.path(), &["status", "power"]);
    assert_eq!(running.status.code(), Some(0));
    assert!(
        text(&running.stdout).starts_with(&format!(
            "power: running, process {}\n2/3 experiments, ",
            std::process::id()
        )),
        "{running:?}"
    );

    end(storage);
    let complete = research(folder.path(), &["status", "power"]);
    assert_eq!(
        text(&complete.stdout),
        "power: complete\n\
         3/3 experiments, 3.0 s, complete\n\
         2 finished, 1 killed, 0 left\n\
         failures:\n  \
         1 × killed: killed by signal 9\n      \
         experiment aa8e2ffa84703162: a=2\n"
    );
    let json = research(folder.path(), &["status", "power", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["state"], "complete");
    assert_eq!((&json["ended"], &json["finished"]), (&3.into(), &2.into()));
}

#[test]
fn a_run_without_process_is_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    drop(begin(folder.path(), "power"));
    let broken = research(folder.path(), &["status", "power"]);
    assert!(
        text(&broken.stdout).starts_with("power: ended unexpectedly: its process is gone"),
        "{broken:?}"
    );
    // `--watch` prints one line and ends, because the research will not change.
    let watched = research(folder.path(), &["status", "power", "--watch"]);
    let line = "power: ended unexpectedly, 2/3 experiments, ";
    assert!(text(&watched.stdout).starts_with(line), "{watched:?}");
    assert_eq!(text(&watched.stdout).lines().count(), 1, "{watched:?}");
}

#[test]
fn results_are_printed_in_each_format() {
    let folder = tempfile::tempdir().unwrap();
    end(begin(folder.path(), "power"));
    let printed = |flags: &[&str]| {
        let output = research(folder.path(), &[&["results", "power"], flags].concat());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        text(&output.stdout).to_owned()
    };
    assert_eq!(printed(&[]).lines().count(), 5);
    let flags = ["--format", "csv", "--where", "a=2"];
    assert_eq!(
        printed(&flags),
        "id,a,iteration,x\naa8e2ffa84703162,2,0,0.5\n"
    );
    let flags = [
        "--format", "jsonl", "--long", "--domain", "a=[1, 3]", "--var", "x",
    ];
    assert_eq!(printed(&flags).lines().count(), 2);
    let flags = [
        "--format",
        "json",
        "--id",
        "aa8e2ffa84703162",
        "--aux",
        "--iterations",
        "0,1",
    ];
    let json: serde_json::Value = serde_json::from_str(&printed(&flags)).unwrap();
    assert_eq!(json[0]["repetition"], 0);
}

#[test]
fn unknown_names_in_filters_are_usage_errors() {
    let folder = tempfile::tempdir().unwrap();
    end(begin(folder.path(), "power"));
    let wrong = [
        (["--where", "b=1"], "no experiment has a parameter `b`"),
        (["--where", "a"], "`a` is the integer 1, not true or false"),
        (["--where", "a >= "], "`--where`: "),
        (["--where", "b > 1"], "no experiment has a parameter `b`"),
        (["--domain", "b=[1]"], "no experiment has a parameter `b`"),
        (["--var", "loss"], "no experiment has saved `loss`"),
        (["--domain", "a=["], "expected a value"),
    ];
    for (flags, expected) in wrong {
        let output = research(
            folder.path(),
            &[&["results", "power"], flags.as_slice()].concat(),
        );
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(text(&output.stderr).contains(expected), "{output:?}");
    }
}

#[test]
fn researches_are_listed_by_name() {
    let folder = tempfile::tempdir().unwrap();
    end(begin(folder.path(), "power"));
    drop(begin(folder.path(), "first"));
    std::fs::create_dir(folder.path().join("something else")).unwrap();
    let listed = research(folder.path(), &["list"]);
    assert_eq!(
        text(&listed.stdout),
        "name   state     finished  failed  total\n\
         first  broken           1       1      3\n\
         power  complete         2       1      3\n"
    );
    let json = research(folder.path(), &["list", ".", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json[1]["name"], "power");
    assert_eq!(json[1]["created"], at(0).0);
}

#[test]
fn removal_without_a_terminal_needs_the_flag() {
    let folder = tempfile::tempdir().unwrap();
    end(begin(folder.path(), "power"));
    let asked = research(folder.path(), &["remove", "power"]);
    assert_eq!(asked.status.code(), Some(2));
    assert_eq!(
        text(&asked.stderr),
        "error: confirmation is required, and there is no terminal: use `-y`\n"
    );
    assert!(folder.path().join("power").is_dir());
    assert_eq!(
        research(folder.path(), &["remove", "power", "-y"])
            .status
            .code(),
        Some(0)
    );
    assert!(!folder.path().join("power").exists());
}

#[test]
fn running_researches_and_other_folders_are_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    let storage = begin(folder.path(), "power");
    let locked = research(folder.path(), &["remove", "power", "-y"]);
    assert_eq!(locked.status.code(), Some(3));
    assert!(
        text(&locked.stderr).contains("is being run by process"),
        "{locked:?}"
    );
    drop(storage);

    std::fs::create_dir(folder.path().join("photos")).unwrap();
    for name in ["photos", "nothing"] {
        for command in [["remove", name, "-y"].as_slice(), &["status", name]] {
            let refused = research(folder.path(), command);
            assert_eq!(refused.status.code(), Some(2), "{refused:?}");
            assert!(
                text(&refused.stderr).contains("is not a research"),
                "{refused:?}"
            );
        }
    }
    assert!(folder.path().join("photos").is_dir());
}

#[test]
fn a_waiting_worker_shows_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut storage = begin(folder.path(), "power");
    let reason = "GPU 0 has 4.1 GiB free of the 6 GiB that an experiment declares";
    let events = [
        Event::WorkerStarted {
            at: at(3),
            worker: WorkerNumber(1),
            pid: 77,
            host: None,
            engine: None,
        },
        Event::WorkerWaits {
            at: at(4),
            worker: WorkerNumber(1),
            reason: Some(reason.to_owned()),
        },
    ];
    storage.append(&events).unwrap();
    storage.commit(false).unwrap();
    let status = |format| research(folder.path(), &["status", "power", "--format", format]);
    let shown = status("text");
    let line = format!("  1, process 77, 0 experiments done, waits: {reason}");
    assert!(text(&shown.stdout).contains(&line), "{shown:?}");
    let json: serde_json::Value = serde_json::from_slice(&status("json").stdout).unwrap();
    let workers = json["workers"].as_array().unwrap();
    assert!(
        workers.iter().any(|worker| worker["waits"] == reason),
        "{json}"
    );

    let no_longer = Event::WorkerWaits {
        at: at(5),
        worker: WorkerNumber(1),
        reason: None,
    };
    storage.append(&[no_longer]).unwrap();
    storage.commit(false).unwrap();
    assert!(!text(&status("text").stdout).contains("waits: "));
    let log = std::fs::read_to_string(storage.folder().join("research.log")).unwrap();
    assert!(log.contains(&format!("worker 1 waits: {reason}")), "{log}");
}

#[test]
fn a_byte_order_mark_in_front_of_the_record_is_skipped() {
    let folder = tempfile::tempdir().unwrap();
    end(begin(folder.path(), "power"));
    let record = folder.path().join("power/research.json");
    let json = std::fs::read_to_string(&record).unwrap();
    std::fs::write(&record, format!("\u{feff}{json}")).unwrap();
    let status = research(folder.path(), &["status", "power"]);
    assert_eq!(status.status.code(), Some(0), "{status:?}");
}
