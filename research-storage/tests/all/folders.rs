//! The files that a local storage creates, and the folders that it rejects.

mod lost_log;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::common::{ended, exception, id, message, record, small_run, started, values};
use research_core::{Column, Storage, StorageError};
use research_storage::{LocalStorage, StoredResearch, check_name, list};

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_new_folder_has_what_users_look_for() {
    let base = tempfile::tempdir().unwrap();
    let storage = LocalStorage::create(base.path(), &record("power")).unwrap();
    let folder = base.path().join("power");
    assert_eq!(storage.folder(), folder);
    assert_eq!(names_in(base.path()), ["power"]);
    let expected = [
        "events.log",
        "lock",
        "research.json",
        "research.log",
        "research.txt",
    ];
    assert_eq!(names_in(&folder), expected);
    drop(storage);
    assert_eq!(
        names_in(&folder),
        [expected[0], expected[2], expected[3], expected[4]]
    );

    let stored = StoredResearch::load(&folder).unwrap();
    let written = serde_json::to_value(record("power")).unwrap();
    assert_eq!(serde_json::to_value(stored.record()).unwrap(), written);
    let text = fs::read_to_string(folder.join("research.txt")).unwrap();
    for fact in [
        "power",
        "2026-07-25 17:20:00.000Z",
        "a=[1, 2]",
        "power (callable",
    ] {
        assert!(text.contains(fact), "{text}");
    }
}

#[test]
fn a_new_folder_has_the_permissions_of_the_umask() {
    let base = tempfile::tempdir().unwrap();
    let ordinary = base.path().join("ordinary");
    fs::create_dir(&ordinary).unwrap();
    let storage = LocalStorage::create(base.path(), &record("power")).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(storage.folder()), mode(&ordinary));
}

#[test]
fn whatever_is_there_already_is_left_as_it_is() {
    let base = tempfile::tempdir().unwrap();
    fs::create_dir(base.path().join("folder")).unwrap();
    fs::write(base.path().join("file"), "mine").unwrap();
    symlink("nowhere", base.path().join("link")).unwrap();
    drop(LocalStorage::create(base.path(), &record("power")).unwrap());
    let refused = |name| LocalStorage::create(base.path(), &record(name)).unwrap_err();
    let error = refused("power");
    assert!(matches!(&error, StorageError::Exists { name, .. } if name == "power"));
    assert!(error.to_string().contains("resume"), "{error}");
    for name in ["folder", "file", "link"] {
        let error = refused(name);
        assert!(matches!(&error, StorageError::Occupied { path } if path.ends_with(name)));
    }
    assert_eq!(names_in(base.path()), ["file", "folder", "link", "power"]);
    assert!(names_in(&base.path().join("folder")).is_empty());
    assert_eq!(fs::read(base.path().join("file")).unwrap(), b"mine");
}

#[test]
fn a_base_that_is_none_is_named() {
    let base = tempfile::tempdir().unwrap();
    fs::write(base.path().join("file"), "mine").unwrap();
    for (name, reason) in [
        ("missing", "No such file or directory"),
        ("file", "Not a directory"),
    ] {
        let place = base.path().join(name);
        let error = LocalStorage::create(&place, &record("power")).unwrap_err();
        let expected = format!("cannot create a folder in {}: {reason}", place.display());
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
    assert_eq!(names_in(base.path()), ["file"]);
}

#[test]
fn names_that_are_safe_are_taken() {
    let base = tempfile::tempdir().unwrap();
    let long = "x".repeat(200);
    let wide = "ü".repeat(100);
    let names = [
        "a",
        "größe",
        "実験 42",
        "a b",
        "*",
        "$HOME",
        "a;b",
        "'",
        "\"",
        "a\u{301}",
        "🦀",
        "a..b",
        "a.b",
        "~",
        "%s",
        "con",
        &long,
        &wide,
    ];
    for name in names {
        let storage = LocalStorage::create(base.path(), &record(name)).unwrap();
        assert_eq!(storage.folder(), base.path().join(name));
        let stored = StoredResearch::load(storage.folder()).unwrap();
        assert_eq!(stored.record().name, name);
    }
    assert_eq!(list(base.path()).unwrap().len(), names.len());
}

#[test]
fn names_that_are_not_safe_are_refused() {
    let base = tempfile::tempdir().unwrap();
    let long = "x".repeat(201);
    let names = [
        "",
        ".",
        "..",
        "../up",
        "a/b",
        "/etc",
        "a\\b",
        ".hidden",
        "-rf",
        "--help",
        "a\nb",
        "a\0b",
        "a\u{1b}[2J",
        "a\u{7f}",
        " a",
        "a ",
        "\ta",
        "a\u{202e}b",
        "\u{feff}a",
        "a\u{200b}",
        "\u{a0}",
        &long,
    ];
    for name in names {
        let error = check_name(name).unwrap_err();
        assert!(matches!(error, StorageError::BadName { .. }));
        assert!(
            error.to_string().chars().all(|c| !c.is_control()),
            "{error:?}"
        );
        LocalStorage::create(base.path(), &record(name)).unwrap_err();
        assert!(names_in(base.path()).is_empty(), "{name:?}");
    }
}

#[test]
fn a_folder_that_is_not_a_research_says_what_is_missing() {
    let base = tempfile::tempdir().unwrap();
    let place = |name: &str| base.path().join(name);
    fs::create_dir(place("empty")).unwrap();
    fs::write(place("file"), "mine").unwrap();
    fs::create_dir_all(place("strange").join("research.json")).unwrap();
    for (name, reason) in [
        ("missing", "there is nothing with this name"),
        ("empty", "it has no research.json"),
        ("file", "it has no research.json"),
        ("strange", "its research.json is not a file"),
    ] {
        let error = StoredResearch::load(&place(name)).unwrap_err();
        assert!(matches!(error, StorageError::NoResearch { .. }));
        assert!(error.to_string().contains(reason), "{error}");
        let error = LocalStorage::open(&place(name)).unwrap_err();
        assert!(matches!(error, StorageError::NoResearch { .. }));
    }
    assert!(names_in(&place("empty")).is_empty());
}

fn with_record(base: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let folder = base.join(name);
    drop(LocalStorage::create(base, &record(name)).unwrap());
    fs::write(folder.join("research.json"), bytes).unwrap();
    folder
}

#[test]
fn a_damaged_record_says_where() {
    let base = tempfile::tempdir().unwrap();
    let folder = with_record(
        base.path(),
        "text",
        b"{\n  \"format\": 1,\n  \"name\": power\n}",
    );
    let error = StoredResearch::load(&folder).unwrap_err();
    assert!(
        matches!(error, StorageError::Damaged { offset: 27, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("research.json"), "{error}");
    for (name, bytes) in [
        ("none", &b""[..]),
        ("binary", b"\xff\xfe"),
        ("other", b"{\"format\": 1}"),
    ] {
        let error = StoredResearch::load(&with_record(base.path(), name, bytes)).unwrap_err();
        assert!(matches!(error, StorageError::Damaged { .. }), "{error}");
    }
    let deep = "[".repeat(100_000);
    StoredResearch::load(&with_record(base.path(), "deep", deep.as_bytes())).unwrap_err();
    let new = with_record(base.path(), "new", b"{\"format\": 3, \"title\": \"power\"}");
    let error = StoredResearch::load(&new).unwrap_err();
    assert!(
        matches!(
            error,
            StorageError::TooNew {
                found: 3,
                known: 2,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_list_has_the_researches_alone() {
    let base = tempfile::tempdir().unwrap();
    fs::create_dir(base.path().join("other")).unwrap();
    fs::write(base.path().join("file"), "mine").unwrap();
    with_record(base.path(), "damaged", b"{}");
    for name in ["b", "a"] {
        drop(LocalStorage::create(base.path(), &record(name)).unwrap());
    }
    // A folder that is being created or removed has such a name.
    fs::rename(base.path().join("b"), base.path().join(".research-b")).unwrap();
    drop(LocalStorage::create(base.path(), &record("b")).unwrap());
    let found = list(base.path()).unwrap();
    let names: Vec<&str> = found
        .iter()
        .map(|found| found.record().name.as_str())
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert!(list(&base.path().join("missing")).is_err());
}

#[test]
fn a_torn_end_is_cut_off_and_reported_and_the_log_continued() {
    let base = tempfile::tempdir().unwrap();
    let batches = small_run();
    let mut storage = LocalStorage::create(base.path(), &record("power")).unwrap();
    storage.append(&batches.concat()).unwrap();
    storage.commit(true).unwrap();
    let folder = storage.folder().to_owned();
    drop(storage);
    let path = folder.join("events.log");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [&whole[..], &[7; 30]].concat()).unwrap();

    let (mut storage, torn) = LocalStorage::open(&folder).unwrap();
    let torn = torn.unwrap();
    assert_eq!((torn.offset, torn.bytes), (whole.len() as u64, 30));
    storage.append(&[started(9)]).unwrap();
    storage.commit(true).unwrap();
    drop(storage);
    let (_storage, torn) = LocalStorage::open(&folder).unwrap();
    assert_eq!(torn, None);
    let events = StoredResearch::load(&folder).unwrap().events().unwrap();
    let events: Vec<_> = events.flat_map(Result::unwrap).collect();
    assert_eq!(events, [batches.concat(), vec![started(9)]].concat());
}

#[test]
fn text_logs_say_what_happened() {
    let base = tempfile::tempdir().unwrap();
    let mut storage = LocalStorage::create(base.path(), &record("power")).unwrap();
    let folder = storage.folder().to_owned();
    for batch in small_run() {
        storage.append(&batch).unwrap();
    }
    storage
        .append(&[started(7), values(7, Column::Int(vec![1])), ended(7)])
        .unwrap();
    storage
        .append(&[message(None, "one\nrun ended\n"), message(Some(8), "late")])
        .unwrap();
    storage.commit(false).unwrap();

    let text = fs::read_to_string(folder.join("research.log")).unwrap();
    let begin = format!(
        "2026-07-25 17:20:00.000Z info    run started by process 4241: 1 worker, 5 experiments\n\
         2026-07-25 17:20:00.000Z info    experiment {0}: half\n\
         2026-07-25 17:20:00.000Z error   experiment {0}: \
         unit power panicked at iteration 2: no such number\n    command: power 3\n    \
         0: here\n    1: there\n",
        id(0)
    );
    assert!(text.starts_with(&begin), "{text}");
    let end = "2026-07-25 17:20:09.000Z warning worker 0 was lost: signal 9\n\
               2026-07-25 17:20:09.000Z info    run ended: interrupted, it can be resumed\n\
               2026-07-25 17:20:00.000Z info    one\n    run ended\n\
               2026-07-25 17:20:00.000Z info    experiment number 8: late\n";
    assert!(text.ends_with(end), "{text}");

    let experiments = folder.join("experiments");
    assert_eq!(names_in(&experiments), [id(0), id(1), id(2), id(3), id(4)]);
    let text = fs::read_to_string(experiments.join(id(1)).join("experiment.log")).unwrap();
    let expected = [
        "2026-07-25 17:20:00.000Z info    half",
        "2026-07-25 17:20:01.000Z error   unit power panicked at iteration 2: no such number",
        "    command: power 3",
        "    0: here",
        "    1: there",
        "2026-07-25 17:20:01.000Z info    attempt 1 ended after 0.000 s and 3 iterations: finished",
    ];
    let lines: Vec<&str> = text.lines().collect();
    let start = "2026-07-25 17:20:01.000Z info    attempt 1 started in worker 0, process 4242, seed 0: \
                 a=1, ";
    assert!(lines[0].starts_with(start), "{text}");
    assert_eq!(lines[1..], expected);
}

#[test]
fn a_folder_that_a_unit_has_spoilt_does_not_end_the_run() {
    let base = tempfile::tempdir().unwrap();
    let mut storage = LocalStorage::create(base.path(), &record("power")).unwrap();
    let folder = storage.folder().to_owned();
    fs::create_dir(folder.join("experiments")).unwrap();
    fs::write(folder.join("experiments").join(id(0)), "a file").unwrap();
    storage.append(&[started(0), exception(0)]).unwrap();
    storage.commit(true).unwrap();
    let text = fs::read_to_string(folder.join("research.log")).unwrap();
    assert!(
        text.contains(&format!(
            "the log of experiment {} could not be written",
            id(0)
        )),
        "{text}"
    );
}
