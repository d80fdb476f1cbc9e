//! The forms in which tables are written.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod events;

use events::{csv, ended, saved, saved_at, started, written};
use research_core::{Column, Iterations, Status};
use research_domain::{Config, Value};
use research_storage::{Format, Results, TableOptions};

/// Two experiments, the second of which ended first and has a parameter of its own.
fn small() -> Results {
    let first = Config::from_pairs([("lr", Value::from(0.1)), ("model", "small".into())]);
    let second = Config::from_pairs([("lr", Value::from(1e-5)), ("model", "größer, 大".into())])
        .with("dropout", 0.5);
    let events = [
        started(1, 1, second),
        saved(1, "loss", 0, Column::Float(vec![1234.5678, f64::NAN])),
        ended(1, 1, Status::Finished, None),
        started(0, 1, first),
        saved(
            0,
            "note",
            0,
            Column::Text(vec!["a \"b\"".into(), String::new()]),
        ),
        saved(0, "loss", 1, Column::Float(vec![0.333_333_333_333])),
        saved_at(
            0,
            "shape",
            Iterations::List(vec![0, 4]),
            Column::Value(vec![Value::from(vec![1, 2]), Value::Null]),
        ),
    ];
    events.iter().collect()
}

#[test]
fn text_is_aligned_for_people() {
    let expected = "\
id    lr  model       dropout  iteration  note       loss  shape
──  ────  ──────────  ───────  ─────────  ─────  ────────  ──────
e0   0.1  small                        0  a \"b\"            [1, 2]
e0   0.1  small                        1         0.333333
e0   0.1  small                        4
e1  1e-5  größer, 大      0.5          0          1234.57
e1  1e-5  größer, 大      0.5          1              NaN
";
    assert_eq!(small().table().unwrap(), expected);
}

#[test]
fn csv_is_quoted_where_it_must_be() {
    let expected = "\
id,lr,model,dropout,iteration,note,loss,shape
e0,0.1,small,,0,\"a \"\"b\"\"\",,\"[1,2]\"
e0,0.1,small,,1,\"\",0.333333333333,
e0,0.1,small,,4,,,
e1,1e-5,\"größer, 大\",0.5,0,,1234.5678,
e1,1e-5,\"größer, 大\",0.5,1,,NaN,
";
    assert_eq!(csv(&small(), &TableOptions::new()), expected);
}

#[test]
fn json_has_an_object_per_row() {
    let lines = written(&small(), &TableOptions::new(), Format::JsonLines);
    let first = r#"{"id":"e0","lr":0.1,"model":"small","dropout":null,"iteration":0,"note":"a \"b\"","loss":null,"shape":[1,2]}"#;
    let last = r#"{"id":"e1","lr":1e-5,"model":"größer, 大","dropout":0.5,"iteration":1,"note":null,"loss":"NaN","shape":null}"#;
    assert_eq!(lines.lines().next(), Some(first));
    assert_eq!(lines.lines().last(), Some(last));

    let array = written(&small(), &TableOptions::new(), Format::Json);
    let array: Vec<serde_json::Value> = serde_json::from_str(&array).unwrap();
    let lines: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(array, lines);
}
