//! `remove` removes a whole research, and refuses any other folder.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::common::record;
use research_core::StorageError;
use research_storage::{LocalStorage, StoredResearch, remove};

fn research(base: &Path, name: &str) -> PathBuf {
    LocalStorage::create(base, &record(name))
        .unwrap()
        .folder()
        .to_owned()
}

fn count(base: &Path) -> usize {
    fs::read_dir(base).unwrap().count()
}

#[track_caller]
fn assert_refused(folder: &Path, reason: &str) {
    for force in [false, true] {
        let error = remove(folder, force).unwrap_err();
        assert!(matches!(error, StorageError::NoResearch { .. }), "{error}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn a_research_is_removed_with_all_that_is_in_it() {
    let base = tempfile::tempdir().unwrap();
    for name in ["power", "größe 🦀", "a;b", "*"] {
        let folder = research(base.path(), name);
        fs::create_dir_all(folder.join("experiments/0123abcd00000000/deep/er")).unwrap();
        fs::write(folder.join("experiments/artifact"), "bytes").unwrap();
        remove(&folder, false).unwrap();
        assert_eq!(count(base.path()), 0);
    }
}

#[test]
fn links_in_a_research_are_not_followed() {
    let base = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("precious"), "bytes").unwrap();
    let folder = research(base.path(), "power");
    symlink(outside.path(), folder.join("experiments")).unwrap();
    symlink(outside.path().join("precious"), folder.join("file")).unwrap();
    symlink("/", folder.join("root")).unwrap();
    symlink("..", folder.join("up")).unwrap();
    remove(&folder, false).unwrap();
    assert_eq!(count(base.path()), 0);
    assert_eq!(fs::read(outside.path().join("precious")).unwrap(), b"bytes");
}

#[test]
fn what_is_not_a_research_is_refused() {
    let base = tempfile::tempdir().unwrap();
    let place = |name: &str| base.path().join(name);
    fs::create_dir_all(place("empty")).unwrap();
    fs::create_dir_all(place("full")).unwrap();
    fs::write(place("full").join("events.log"), "a log of another program").unwrap();
    fs::create_dir_all(place("lookalike")).unwrap();
    fs::write(
        place("lookalike").join("research.json"),
        "{\"title\": \"ours\"}",
    )
    .unwrap();
    fs::write(place("file"), "bytes").unwrap();
    assert_refused(&place("missing"), "there is nothing with this name");
    assert_refused(&place("empty"), "it has no research.json");
    assert_refused(&place("full"), "it has no research.json");
    assert_refused(&place("file"), "it has no research.json");
    assert_refused(Path::new("/"), "give the folder by its name");
    for force in [false, true] {
        remove(&place("lookalike"), force).unwrap_err();
    }
    assert_eq!(count(base.path()), 4);
}

#[test]
fn a_link_to_a_research_is_refused() {
    let base = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = research(elsewhere.path(), "power");
    let link = base.path().join("power");
    symlink(&folder, &link).unwrap();
    for end in ["", "/", "//", "/."] {
        let path = PathBuf::from(format!("{}{end}", link.display()));
        assert_refused(&path, "symbolic link");
    }
    assert_refused(&folder.join(".."), "give the folder by its name");
    StoredResearch::load(&folder).unwrap();
    assert!(link.is_symlink());
}

#[test]
fn a_research_that_runs_is_refused_unless_forced() {
    let base = tempfile::tempdir().unwrap();
    let storage = LocalStorage::create(base.path(), &record("power")).unwrap();
    let folder = storage.folder().to_owned();
    let error = remove(&folder, false).unwrap_err();
    let pid = std::process::id();
    assert!(matches!(error, StorageError::Locked { pid: holder, .. } if holder == pid));
    assert_eq!(count(base.path()), 1);
    remove(&folder, true).unwrap();
    assert_eq!(count(base.path()), 0);
    // The previous runner does not remove the lock of the next one.
    let next = LocalStorage::create(base.path(), &record("power")).unwrap();
    drop(storage);
    assert!(matches!(
        LocalStorage::open(&folder),
        Err(StorageError::Locked { .. })
    ));
    drop(next);
    LocalStorage::open(&folder).unwrap();
}

#[test]
fn a_damaged_research_can_be_removed() {
    let base = tempfile::tempdir().unwrap();
    let folder = research(base.path(), "no record");
    fs::remove_file(folder.join("research.json")).unwrap();
    remove(&folder, false).unwrap();
    let folder = research(base.path(), "no log");
    fs::remove_file(folder.join("events.log")).unwrap();
    remove(&folder, false).unwrap();
    let folder = research(base.path(), "damaged");
    fs::write(folder.join("research.json"), "{").unwrap();
    remove(&folder, false).unwrap();
    assert_eq!(count(base.path()), 0);
}
