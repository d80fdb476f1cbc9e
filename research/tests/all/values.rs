//! Values of every kind and size, saved and read back.

use std::fs;
use std::path::Path;

use crate::common::folder;
use research::storage::{Format, TableOptions};
use research::{CompletedRun, Context, Isolation, Research, ResearchError, Status, Value, option};

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

fn saved(finished: &CompletedRun, variable: &str) -> Value {
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

/// Values larger than an event of the log, one for each format of a file.
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
    // Equal values of both iterations share one file.
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
    // Other programs can read the files of strings and bytes.
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

/// If a name is saved twice in an iteration, the later value counts, whatever the sizes.
#[test]
fn the_last_value_of_an_iteration_counts_whatever_its_size() {
    let text = |letter: &str| letter.repeat(2 << 20);
    let saving = move |name: &str| {
        Research::new(name)
            .n_iters(2)
            .unit("save", move |cx: &mut Context| {
                cx.save("small", text("a"))?;
                cx.save("small", 1)?;
                cx.save("large", 1)?;
                cx.save("large", text("b"))?;
                cx.save("both", 1)?;
                cx.save("both", text("c"))?;
                cx.save("both", 2)
            })
    };
    for isolation in [Isolation::Experiment, Isolation::Worker, Isolation::None] {
        let research = saving("twice").isolation(isolation);
        let base = folder(&format!("twice-{isolation:?}"));
        let finished = research.folder(base).run().unwrap();
        let results = finished.results().load().unwrap();
        let experiment = results.experiments().next().unwrap();
        for iteration in 0..2 {
            let at = |name: &str| {
                let column = experiment.variable(name).unwrap().column();
                column.get(usize::try_from(iteration).unwrap()).unwrap()
            };
            assert_eq!(at("small"), Value::Int(1), "{isolation:?}");
            assert_eq!(at("both"), Value::Int(2), "{isolation:?}");
            for name in ["small", "both"] {
                assert_eq!(experiment.large_value(name, iteration), None, "{name}");
            }
            let large = experiment.large_value("large", iteration).unwrap();
            assert_eq!(at("large"), large.stand_in(), "{isolation:?}");
            assert!(finished.read_large(large).unwrap() == Value::Text(text("b")));
        }
        let mut csv = Vec::new();
        let options = TableOptions::new().variables(["small", "both"]);
        let results = finished.results();
        results.write(&options, Format::Csv, &mut csv).unwrap();
        let csv = String::from_utf8(csv).unwrap();
        let rows = csv
            .lines()
            .skip(1)
            .map(|row| row.split_once(',').unwrap().1);
        assert_eq!(rows.collect::<Vec<_>>(), ["0,1,2", "1,1,2"]);
    }
}

/// The size of arrays and models of users, from code in a separate process, in its worker's, and in
/// the leader's.
#[test]
fn a_value_of_a_hundred_megabytes_is_kept_wherever_code_runs() {
    let value = || {
        let mut bytes = vec![7; 100_000_000];
        bytes.extend_from_slice(b"its end");
        bytes
    };
    let isolations = [Isolation::Experiment, Isolation::Worker, Isolation::None];
    let runs = isolations.map(|isolation| {
        let finished = Research::new("huge")
            .isolation(isolation)
            .unit("save", move |_: &mut Context| Ok(Value::Bytes(value())))
            .save_to("bytes")
            .folder(folder(&format!("huge-{isolation:?}")))
            .run()
            .unwrap();
        let results = finished.results().load().unwrap();
        let experiment = results.experiments().next().unwrap();
        assert_eq!(experiment.status, Some(Status::Finished), "{isolation:?}");
        let large = experiment.large_value("bytes", 0).unwrap();
        let file = finished.folder().unwrap().join(large.file());
        assert!(fs::read(&file).unwrap() == value(), "{isolation:?}");
        finished
    });
    // Checked after all runs: a worker of a later run reads the earlier ones.
    for finished in runs {
        fs::remove_dir_all(finished.folder().unwrap()).unwrap();
    }
}

#[test]
fn in_memory_a_large_value_is_a_value() {
    let finished = saving_large("memory").in_memory().run().unwrap();
    for (name, value) in large() {
        assert!(saved(&finished, name) == value, "{name}");
    }
}

/// A disk error is not a failure of the experiment: the run ends so that it can be resumed, and
/// stored values are kept.
fn a_file_that_cannot_be_written_ends_a_run(isolation: Isolation) {
    let base = folder(&format!("no-values-{isolation:?}"));
    let research = || {
        let domain = option("x", [1, 2, 3, 4]);
        Research::new("file")
            .isolation(isolation)
            .domain(domain)
            .unit("save", |cx: &mut Context| {
                let x: i64 = cx.config_item("x")?;
                cx.save("x", x)?;
                // A file temporarily takes the path of the folder of values.
                let research = cx.folder().and_then(|folder| folder.ancestors().nth(2));
                let values = research.unwrap().join("values");
                if x == 3 && fs::symlink_metadata(&values).is_err() {
                    fs::write(values, "in the way")?;
                }
                // An error that a unit ignores still ends the run.
                if x == 3 {
                    let _ = cx.save("text", "x".repeat(2 << 20));
                }
                Ok(())
            })
            .folder(&base)
    };
    let error = research().run().unwrap_err();
    let text = error.to_string();
    assert!(text.contains("file/values"), "{isolation:?}: {text}");
    let folder = base.join("file");
    let finished = CompletedRun::load(&folder).unwrap();
    let results = finished.results().load().unwrap();
    let ended = results.experiments().filter(|one| one.status.is_some());
    let ended: Vec<_> = ended
        .map(|one| {
            (
                one.status.unwrap(),
                one.variable("x").unwrap().column().get(0).unwrap(),
            )
        })
        .collect();
    let expected = [1, 2].map(|x| (Status::Finished, Value::Int(x)));
    assert_eq!(ended, expected, "{isolation:?}");

    fs::remove_file(folder.join("values")).unwrap();
    fs::create_dir(folder.join("values")).unwrap();
    let resumed = research().resume().unwrap();
    let results = resumed.results().load().unwrap();
    let done = results.experiments().map(|one| one.status);
    assert_eq!(done.collect::<Vec<_>>(), [Some(Status::Finished); 4]);
    let third = results.experiments().nth(2).unwrap();
    assert!(third.large_value("text", 0).is_some(), "{isolation:?}");
}

#[test]
fn a_file_that_cannot_be_written_ends_the_run() {
    a_file_that_cannot_be_written_ends_a_run(Isolation::Experiment);
}

#[test]
fn a_file_that_cannot_be_written_by_a_worker_ends_the_run() {
    a_file_that_cannot_be_written_ends_a_run(Isolation::Worker);
}

#[test]
fn a_file_that_cannot_be_written_by_the_leader_ends_the_run() {
    a_file_that_cannot_be_written_ends_a_run(Isolation::None);
}
