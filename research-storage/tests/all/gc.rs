//! Garbage in the folder of a research: incomplete files of killed processes, and values to which
//! no event refers.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::common::{at, ended, record, started};
use research_core::domain::Value;
use research_core::{Event, ExperimentNumber, LargeValue, Status, Storage};
use research_storage::{LocalStorage, StoredResearch, check_folder};

fn touch(folder: &Path, names: &[&str]) -> Vec<PathBuf> {
    let paths: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
    for path in &paths {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "something").unwrap();
    }
    paths
}

fn are_there(paths: &[PathBuf]) -> Vec<bool> {
    paths.iter().map(|path| path.exists()).collect()
}

#[test]
fn what_a_killed_process_was_writing_is_removed_when_the_folder_is_opened() {
    let base = tempfile::tempdir().unwrap();
    drop(LocalStorage::create(base.path(), &record("study")).unwrap());
    let folder = base.path().join("study");
    let left = touch(
        &folder,
        &[".research-a1B2c3", ".events.salvaged", "values/.4242-0"],
    );
    let others = touch(
        &folder,
        &[
            ".hidden",
            "notes.txt",
            "research-a1B2c3",
            "values/notes.txt",
        ],
    );
    let written = touch(&folder, &[".research-d4E5f6"]);
    let writer = File::open(&written[0]).unwrap();
    writer.lock().unwrap();
    fs::create_dir(folder.join(".research-folder")).unwrap();

    let checkup = check_folder(&folder).unwrap();
    assert_eq!(checkup.leftovers.files.len(), 3, "{checkup:?}");
    assert_eq!(checkup.leftovers.bytes, 27);
    assert!(checkup.is_whole(), "that is not damage: {checkup:?}");
    assert_eq!(are_there(&left), [true; 3], "a checkup changes nothing");

    drop(LocalStorage::open(&folder).unwrap());
    assert_eq!(are_there(&left), [false; 3]);
    assert_eq!(are_there(&others), [true; 4]);
    assert_eq!(are_there(&written), [true], "it is being written");
    assert!(folder.join(".research-folder").exists());
    assert!(check_folder(&folder).unwrap().leftovers.files.is_empty());
    drop(writer);
    drop(LocalStorage::open(&folder).unwrap());
    assert_eq!(are_there(&written), [false]);
}

fn started_again(number: u64) -> Event {
    match started(number) {
        Event::ExperimentStarted {
            at,
            experiment,
            worker,
            pid,
            record,
            ..
        } => Event::ExperimentStarted {
            at,
            experiment,
            attempt: 2,
            worker,
            pid,
            record,
            epoch: 0,
            added: Default::default(),
        },
        other => other,
    }
}

fn saved(number: u64, value: &LargeValue) -> Event {
    Event::LargeValue {
        experiment: ExperimentNumber(number),
        variable: "model".into(),
        iteration: 0,
        value: value.clone(),
    }
}

#[test]
fn only_values_to_which_nothing_refers_are_collected() {
    let base = tempfile::tempdir().unwrap();
    let mut storage = LocalStorage::create(base.path(), &record("study")).unwrap();
    let folder = base.path().join("study");
    let write = |text: &str| LargeValue::write(&Value::from(text), &folder).unwrap();
    let path = |value: &LargeValue| folder.join(value.file());
    let (voided, shared) = (write("of a voided attempt"), write("of two experiments"));
    let (kept, failed) = (
        write("of the last attempt"),
        write("of a failed experiment"),
    );
    let running = write("of one that has not ended");
    let untold = LargeValue::write(&Value::List(vec![1.into()]), &folder).unwrap();
    let failure = Event::ExperimentEnded {
        at: at(1),
        experiment: ExperimentNumber(1),
        attempt: 1,
        status: Status::Failed,
        reason: None,
        iterations: 1,
        usage: Default::default(),
    };
    let events = [
        started(0),
        saved(0, &voided),
        saved(0, &shared),
        started(1),
        saved(1, &failed),
        saved(1, &shared),
        failure,
        started_again(0),
        saved(0, &kept),
        ended(0),
        started(2),
        saved(2, &running),
    ];
    storage.append(&events).unwrap();
    storage.commit(true).unwrap();
    let others = touch(&folder, &["values/notes.txt", "values/abc.txt"]);
    let unfinished = touch(&folder, &["values/.4242-0"]);
    let unused = [path(&voided), path(&untold)];
    let used = [&shared, &kept, &failed, &running].map(path);

    let stored = StoredResearch::load(&folder).unwrap();
    assert!(stored.collect().unwrap().files.is_empty(), "it is run");
    assert!(
        stored.collect_values().unwrap().files.is_empty(),
        "it is run"
    );
    let checkup = check_folder(&folder).unwrap();
    assert!(checkup.leftovers.files.is_empty() && checkup.unused_values.files.is_empty());
    drop(storage);

    let mut expected = unused.to_vec();
    expected.sort();
    let checkup = check_folder(&folder).unwrap();
    assert_eq!(checkup.leftovers.files, unfinished);
    assert_eq!(checkup.unused_values.files, expected);
    assert_eq!((checkup.values, checkup.damaged_values.len()), (4, 0));
    let removed = stored.collect().unwrap();
    assert_eq!(removed, checkup.leftovers);
    assert_eq!(
        are_there(&unused),
        [true; 2],
        "values are removed only where that is asked for"
    );
    assert_eq!(are_there(&unfinished), [false]);
    let removed = stored.collect_values().unwrap();
    assert_eq!(removed, checkup.unused_values);
    assert_eq!(are_there(&unused), [false; 2]);
    assert_eq!(are_there(&used), [true; 4]);
    assert_eq!(are_there(&others), [true; 2]);
    let checkup = check_folder(&folder).unwrap();
    assert!(checkup.is_whole(), "{checkup:?}");
    assert_eq!(stored.collect_values().unwrap().files.len(), 0);
    assert!(!folder.join("lock").exists());
}

#[test]
fn where_the_log_is_damaged_nothing_is_collected() {
    let base = tempfile::tempdir().unwrap();
    let mut storage = LocalStorage::create(base.path(), &record("study")).unwrap();
    let folder = base.path().join("study");
    let value = LargeValue::write(&Value::from("a value"), &folder).unwrap();
    let log = folder.join("events.log");
    let begin = fs::metadata(&log).unwrap().len();
    for event in [saved(0, &value), started(1), ended(1)] {
        storage.append(&[event]).unwrap();
        storage.commit(true).unwrap();
    }
    drop(storage);
    let bytes = fs::read(&log).unwrap();
    let begin = usize::try_from(begin).unwrap();
    let mut flipped = bytes.clone();
    flipped[begin + 14] ^= 1;
    let zeroed = [&bytes[..begin], &vec![0; bytes.len() - begin]].concat();
    // Damage in the middle, and zeros at the end, which some file systems leave.
    for damaged in [flipped, zeroed] {
        fs::write(&log, damaged).unwrap();
        let checkup = check_folder(&folder).unwrap();
        assert!(checkup.unused_values.files.is_empty() && !checkup.is_whole());
        let stored = StoredResearch::load(&folder).unwrap();
        let error = stored.collect_values().unwrap_err();
        assert!(error.to_string().contains("none is removed"), "{error}");
        assert!(folder.join(value.file()).exists());
    }
}

/// The target of a link may be the folder of other researches.
#[test]
fn of_values_behind_a_link_nothing_is_collected() {
    let base = tempfile::tempdir().unwrap();
    drop(LocalStorage::create(base.path(), &record("study")).unwrap());
    let folder = base.path().join("study");
    let elsewhere = base.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, folder.join("values")).unwrap();
    let value = LargeValue::write(&Value::from("of another"), &folder).unwrap();
    let unfinished = touch(&elsewhere, &[".4242-0"]);
    assert!(check_folder(&folder).unwrap().leftovers.files.is_empty());
    let stored = StoredResearch::load(&folder).unwrap();
    assert!(stored.collect().unwrap().files.is_empty());
    assert!(stored.collect_values().unwrap().files.is_empty());
    drop(LocalStorage::open(&folder).unwrap());
    assert!(folder.join(value.file()).exists());
    assert_eq!(are_there(&unfinished), [true]);
}

/// A value is written again if the file that should have it has the right length but wrong bytes.
#[test]
fn a_damaged_file_is_not_taken_for_an_equal_value() {
    let base = tempfile::tempdir().unwrap();
    drop(LocalStorage::create(base.path(), &record("study")).unwrap());
    let folder = base.path().join("study");
    let values = [
        Value::from("a string"),
        Value::Bytes(vec![7; 200_000]),
        Value::List(vec![Value::from("nested"); 10_000]),
    ];
    for value in values {
        let large = LargeValue::write(&value, &folder).unwrap();
        let path = folder.join(large.file());
        let whole = fs::read(&path).unwrap();
        for place in [0, whole.len() / 2, whole.len() - 1] {
            let mut damaged = whole.clone();
            damaged[place] ^= 1;
            fs::write(&path, damaged).unwrap();
            large.check(&folder).unwrap_err();
            assert_eq!(LargeValue::write(&value, &folder).unwrap(), large);
            assert_eq!(large.read(&folder).unwrap(), value);
        }
        // An intact file is not written again.
        let written = fs::metadata(&path).unwrap().modified().unwrap();
        LargeValue::write(&value, &folder).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);
    }
}

#[test]
fn no_value_brings_a_folder_into_being_that_was_removed() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("gone");
    let error = LargeValue::write(&Value::from("a string"), &folder).unwrap_err();
    assert!(error.to_string().contains("gone/values"), "{error}");
    assert!(!folder.exists());
}
