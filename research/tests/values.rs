//! Values of every kind and size, saved and read back.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::path::Path;

use common::folder;
use research::{Context, Finished, Research, ResearchError, Status, Value};

/// Values of every kind, with their names.
fn every_kind() -> Vec<(&'static str, Value)> {
    let map = |entries: &[(&str, Value)]| {
        let entries = entries.iter();
        Value::Map(
            entries
                .map(|(key, value)| ((*key).to_owned(), value.clone()))
                .collect(),
        )
    };
    vec![
        ("integer", Value::Int(i64::MIN)),
        ("float", Value::Float(0.1)),
        ("nan", Value::Float(f64::NAN)),
        ("infinity", Value::Float(f64::INFINITY)),
        ("minus_infinity", Value::Float(f64::NEG_INFINITY)),
        ("minus_zero", Value::Float(-0.0)),
        ("truth", Value::Bool(true)),
        ("text", Value::Text("größe, \"quoted\"\n\0 🦀".to_owned())),
        ("empty", Value::Text(String::new())),
        ("missing", Value::Null),
        ("bytes", Value::Bytes(vec![0, 255, 10, 34])),
        ("list", Value::from(vec![1, 2, 3])),
        (
            "mixed",
            Value::List(vec![Value::Null, 1.into(), "x".into(), f64::NAN.into()]),
        ),
        (
            "matrix",
            Value::from(vec![vec![1.0, f64::NAN], vec![3.0, f64::INFINITY]]),
        ),
        ("tensor", Value::from(vec![vec![vec![1, 2]; 3]; 2])),
        (
            "nested",
            map(&[
                ("a", map(&[("b", Value::List(vec![Value::Bytes(vec![1])]))])),
                ("empty", map(&[])),
            ]),
        ),
    ]
}

fn saving_all(name: &str) -> Research {
    Research::new(name).unit("save", |cx: &mut Context| {
        for (name, value) in every_kind() {
            cx.save(name, value)?;
        }
        Ok(())
    })
}

fn saved(finished: &Finished, variable: &str) -> Value {
    let results = finished.results().load().unwrap();
    let experiment = results.experiments().next().unwrap();
    assert_eq!(
        experiment.status,
        Some(Status::Finished),
        "{:?}",
        experiment.reason
    );
    let series = experiment.variable(variable).unwrap();
    series.column().get(0).unwrap()
}

#[test]
fn values_of_every_kind_come_back_as_they_were() {
    let in_folder = saving_all("kinds").folder(folder("kinds")).run().unwrap();
    let in_memory = saving_all("kinds").in_memory().run().unwrap();
    for finished in [in_folder, in_memory] {
        for (name, value) in every_kind() {
            // Bit by bit: values are equal only if their floats' bits are.
            assert_eq!(saved(&finished, name), value, "{name}");
        }
    }
}

/// Larger than what the log takes, of each form that a file has.
fn large() -> [(&'static str, Value); 3] {
    let numbers = (0..400_000).map(|n| Value::Float(f64::from(n)));
    [
        ("text", Value::Text("größe ".repeat(300_000))),
        (
            "bytes",
            Value::Bytes((0..3_000_000_u32).map(|n| (n % 251) as u8).collect()),
        ),
        (
            "list",
            Value::List(numbers.chain([Value::Float(f64::NAN)]).collect()),
        ),
    ]
}

fn saving_large(name: &str) -> Research {
    Research::new(name)
        .unit("save", |cx: &mut Context| {
            cx.save("small", 1)?;
            for (name, value) in large() {
                cx.save(name, value)?;
            }
            Ok(())
        })
        .n_iters(2)
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder.join("values")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn large_values_have_files_of_their_own() {
    let finished = saving_large("large").folder(folder("large")).run().unwrap();
    let folder = finished.folder().unwrap();
    let log = fs::metadata(folder.join("events.log")).unwrap().len();
    assert!(log < 10_000, "the log has {log} bytes");
    // The same value in both iterations is one file.
    assert_eq!(files(folder).len(), 3);
    let results = finished.results().load().unwrap();
    let experiment = results.experiments().next().unwrap();
    for (name, value) in large() {
        for iteration in 0..2 {
            let found = experiment.large_value(name, iteration).unwrap();
            assert!(finished.read_large(found).unwrap() == value, "{name}");
            let stand_in = saved(&finished, name);
            let file = found.file().to_string_lossy().into_owned();
            assert_eq!(stand_in.as_map().unwrap()[0].1, Value::Text(file));
        }
    }
    assert!(experiment.large_value("small", 0).is_none());
    assert_eq!(saved(&finished, "small"), Value::Int(1));
    // What a text and bytes are in, other programs can read.
    let text = experiment.large_value("text", 0).unwrap();
    assert!(fs::read_to_string(folder.join(text.file())).unwrap() == "größe ".repeat(300_000));
}

#[test]
fn a_large_value_whose_file_is_damaged_is_an_error_that_names_it() {
    let finished = saving_large("damaged")
        .folder(folder("damaged"))
        .run()
        .unwrap();
    let folder = finished.folder().unwrap();
    let results = finished.results().load().unwrap();
    let experiment = results.experiments().next().unwrap();
    let [text, bytes, list] =
        ["text", "bytes", "list"].map(|name| experiment.large_value(name, 0).unwrap());
    fs::remove_file(folder.join(text.file())).unwrap();
    let mut content = fs::read(folder.join(bytes.file())).unwrap();
    content[1_000_000] ^= 1;
    fs::write(folder.join(bytes.file()), &content).unwrap();
    for damaged in [text, bytes] {
        let error = finished.read_large(damaged).unwrap_err();
        assert!(matches!(error, ResearchError::LargeValue(_)));
        let file = damaged.file().to_string_lossy().into_owned();
        assert!(error.to_string().contains(&file), "{error}");
    }
    content.truncate(10);
    fs::write(folder.join(bytes.file()), &content).unwrap();
    assert!(finished.read_large(bytes).is_err());
    assert!(finished.read_large(list).is_ok());
    assert_eq!(saved(&finished, "small"), Value::Int(1));
}

#[test]
fn in_memory_a_large_value_is_a_value() {
    let finished = saving_large("memory").in_memory().run().unwrap();
    for (name, value) in large() {
        assert!(saved(&finished, name) == value, "{name}");
    }
}

#[test]
fn a_file_that_cannot_be_written_fails_the_unit_that_saves() {
    let base = folder("no-values");
    let finished = Research::new("file")
        .unit("save", |cx: &mut Context| {
            // Where the folder of values should be there is a file.
            let research = cx.folder().and_then(|folder| folder.ancestors().nth(2));
            fs::write(research.unwrap().join("values"), "in the way")?;
            cx.save("text", "x".repeat(2 << 20))
        })
        .folder(&base)
        .run()
        .unwrap();
    let results = finished.results().load().unwrap();
    let experiment = results.experiments().next().unwrap();
    assert_eq!(experiment.status, Some(Status::Failed));
    let reason = experiment.reason.clone().unwrap();
    assert!(reason.contains("`text` cannot be saved"), "{reason}");
    assert!(reason.contains("no-values/file/values/"), "{reason}");
}
