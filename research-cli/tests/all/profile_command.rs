//! `research profile`, on a stored research.

use std::path::Path;
use std::process::Output;

use crate::support::{Project, record, research, started, text};
use research::base::events::{Measure, SpanTime};
use research::base::{Column, Event, ExperimentNumber, Iterations, Storage};
use research::domain::{Config, Identity};
use research::storage::LocalStorage;

fn profile(folder: &Path, arguments: &[&str]) -> Output {
    research(folder, &[&["profile"], arguments].concat())
}

fn store(folder: &Path, name: &str, profile: u8, events: &[Event]) {
    let mut record = record(name, "a=[1]");
    record.options.profile = profile;
    let mut storage = LocalStorage::create(folder, &record).unwrap();
    storage.append(events).unwrap();
    storage.commit(false).unwrap();
}

fn measured(unit: Option<&str>, seconds: &[f64]) -> Event {
    Event::Profile {
        experiment: ExperimentNumber(0),
        unit: unit.map(Into::into),
        measure: Measure::Seconds,
        iterations: Iterations::Run {
            first: 0,
            count: seconds.len() as u64,
        },
        values: Column::Float(seconds.to_vec()),
    }
}

fn span(name: &str, calls: u64, own: f64, total: f64) -> SpanTime {
    SpanTime {
        name: name.to_owned(),
        target: "study".to_owned(),
        calls,
        own,
        total,
    }
}

/// Stores two iterations of one experiment; returns its id.
fn stored(folder: &Path) -> String {
    let config = Config::from_pairs([("a", 1)]);
    let identity = Identity {
        config: &config,
        repetition: 0,
        updates: 0,
        seed: 0,
        occurrence: 0,
    };
    let id = identity.id("");
    let spans = Event::Spans {
        experiment: ExperimentNumber(0),
        unit: "train".into(),
        spans: vec![span("epoch", 2, 0.5, 2.5), span("step", 20, 2.0, 2.0)],
    };
    let events = [
        started(0, id.clone(), config, 0),
        measured(None, &[1.5, 2.5]),
        measured(Some("train"), &[1.0, 2.0]),
        measured(Some("test"), &[0.5]),
        spans,
    ];
    store(folder, "study", 2, &events);
    id.to_string()
}

#[test]
fn profiles_have_times_of_units_and_spans() {
    let folder = tempfile::tempdir().unwrap();
    let id = stored(folder.path());
    let shown = profile(folder.path(), &["study"]);
    assert!(shown.status.success(), "{}", text(&shown.stderr));
    assert_eq!(
        text(&shown.stdout),
        "\
unit         calls  total  mean  longest  share
───────────  ─────  ─────  ────  ───────  ─────
(iteration)      2    4.0   2.0      2.5    1.0
train            2    3.0   1.5      2.0   0.75
test             1    0.5   0.5      0.5  0.125

span   unit   calls  own  total  target
─────  ─────  ─────  ───  ─────  ──────
step   train     20  2.0    2.0  study
epoch  train      2  0.5    2.5  study
"
    );
    let spans = profile(
        folder.path(),
        &["study", "--spans", "--format", "csv", "--id", &id],
    );
    assert_eq!(
        text(&spans.stdout),
        "span,unit,calls,own,total,target\nstep,train,20,2.0,2.0,study\nepoch,train,2,0.5,2.5,study\n"
    );
    let iterations = profile(
        folder.path(),
        &["study", "--iterations", "--format", "jsonl"],
    );
    let lines: Vec<_> = text(&iterations.stdout).lines().collect();
    assert_eq!(lines.len(), 5, "{lines:?}");
    let rows = |flags: &[&str]| {
        let flags = [&["study", "--format", "csv"], flags].concat();
        text(&profile(folder.path(), &flags).stdout).replace(&id, "ID")
    };
    assert_eq!(
        rows(&["--experiments", "--sort", "total"]),
        "id,unit,calls,total,mean,longest\nID,test,1,0.5,0.5,0.5\nID,train,2,3.0,1.5,2.0\n\
         ID,(iteration),2,4.0,2.0,2.5\n"
    );
    assert_eq!(
        rows(&[
            "--experiments",
            "--iterations",
            "--sort",
            "total",
            "--descending",
            "--limit",
            "2"
        ]),
        "id,iteration,unit,calls,total,mean,longest\nID,1,(iteration),1,2.5,2.5,2.5\n\
         ID,1,train,1,2.0,2.0,2.0\n"
    );
    let unknown = profile(folder.path(), &["study", "--sort", "totl"]);
    let message = text(&unknown.stderr);
    assert!(
        message.contains("no column `totl`; did you mean `total`?"),
        "{message}"
    );
    assert_eq!(
        lines[3],
        r#"{"iteration":1,"unit":"(iteration)","calls":1,"total":2.5,"mean":2.5,"longest":2.5}"#
    );
}

#[test]
fn a_missing_profile_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path(), "plain", 0, &[]);
    let shown = profile(folder.path(), &["plain"]);
    assert_eq!(shown.status.code(), Some(2));
    assert!(
        text(&shown.stderr).contains("profile = 1"),
        "{}",
        text(&shown.stderr)
    );
    stored(folder.path());
    let unknown = profile(folder.path(), &["study", "--id", "abc"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        text(&unknown.stderr).contains("no experiment whose id begins with `abc`"),
        "{}",
        text(&unknown.stderr)
    );
}

/// The peak is unknown because the system reports no peak below that of the process that started
/// the program.
#[test]
fn an_unknown_peak_of_memory_is_missing_and_not_zero() {
    let project =
        Project::with("name = \"p\"\nprofile = 2\n[[unit]]\nname = \"small\"\nrun = \"true\"\n");
    project.run(&[]);
    let table = project
        .research(&["profile", "p", "--format", "csv"])
        .stdout;
    let row = table
        .lines()
        .find(|line| line.starts_with("small,"))
        .unwrap();
    let peak = row.rsplit(',').next().unwrap();
    assert!(
        peak.is_empty() || peak.parse::<u64>().unwrap() > 1 << 20,
        "{table}"
    );
}
