//! Locks that were copied, written by hand or deleted.

use std::fs;
use std::path::Path;
use std::process::Command;

use research_core::StorageError;
use research_storage::{LocalStorage, StoredResearch, remove};

use super::{Leader, research, system_file};
use crate::alone;

/// Copies the files of a folder.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// No process runs a copy of a running research, and commands on it have no effect on the original.
#[test]
fn a_copied_lock_means_nothing() {
    let _alone = alone();
    let base = tempfile::tempdir().unwrap();
    let folder = research(base.path());
    let mut leader = Leader::start(&folder);
    assert_eq!(leader.says(), "runs");
    let copied = base.path().join("copy");
    copy(&folder, &copied);
    assert!(copied.join("lock").exists());
    let original = StoredResearch::load(&folder).unwrap();
    let stored = StoredResearch::load(&copied).unwrap();
    let runner = original.runner().unwrap().unwrap();
    assert!(original.is_run_by(&runner) && !stored.is_run_by(&runner));
    assert_eq!(stored.runner().unwrap(), None);
    assert!(stored.left_behind().unwrap().is_empty());
    let (storage, _) = LocalStorage::open(&copied).unwrap();
    assert!(storage.left_behind().is_empty(), "it has not died");
    drop(storage);
    remove(&copied, false).unwrap();
    leader.kill();
}

/// Lock files of earlier versions do not contain the identity of the file.
#[test]
fn a_copied_lock_of_an_earlier_version_means_nothing_while_its_leader_lives() {
    let _alone = alone();
    let host = system_file("/proc/sys/kernel/hostname");
    let boot = system_file("/proc/sys/kernel/random/boot_id");
    let base = tempfile::tempdir().unwrap();
    let folder = research(base.path());
    let mut leader = Leader::start(&folder);
    assert_eq!(leader.says(), "runs");
    let stored = StoredResearch::load(&folder).unwrap();
    let runner = stored.runner().unwrap().unwrap();
    let copied = base.path().join("copy");
    copy(&folder, &copied);
    let since = runner.since;
    for left in [vec![], vec![format!("{}-{since}", runner.pid)]] {
        let text = serde_json::json!({
            "pid": runner.pid, "started": runner.started, "host": host, "since": since,
            "boot": boot, "left": left,
        });
        fs::write(copied.join("lock"), text.to_string()).unwrap();
        let copy = StoredResearch::load(&copied).unwrap();
        assert_eq!(copy.runner().unwrap(), None);
        assert!(copy.left_behind().unwrap().is_empty());
        let (storage, _) = LocalStorage::open(&copied).unwrap();
        assert!(storage.left_behind().is_empty(), "it has not died");
    }
    leader.kill();
}

#[test]
fn a_lock_that_names_another_process_has_no_holder() {
    let _alone = alone();
    let base = tempfile::tempdir().unwrap();
    let folder = research(base.path());
    let stored = StoredResearch::load(&folder).unwrap();
    let mut bystander = Command::new("sleep").arg("1000").spawn().unwrap();
    let (storage, _) = LocalStorage::open(&folder).unwrap();
    let mut text: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("lock")).unwrap()).unwrap();
    let stat = fs::read_to_string(format!("/proc/{}/stat", bystander.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    text["pid"] = bystander.id().into();
    text["started"] = fields[19].parse::<u64>().unwrap().into();
    // Write it to the file that this process has locked, then to one that is not locked.
    fs::write(folder.join("lock"), text.to_string()).unwrap();
    let runner = stored.runner().unwrap().unwrap();
    assert!(runner.is_seen() && !stored.is_run_by(&runner), "{runner:?}");
    drop(storage);
    fs::write(folder.join("lock"), text.to_string()).unwrap();
    assert_eq!(stored.runner().unwrap(), None);
    bystander.kill().unwrap();
    bystander.wait().unwrap();
}

/// Deleting the lock lets no other process write the log.
#[test]
fn who_has_lost_its_lock_still_runs_the_research() {
    let _alone = alone();
    let base = tempfile::tempdir().unwrap();
    let folder = research(base.path());
    let mut leader = Leader::start(&folder);
    assert_eq!(leader.says(), "runs");
    let pid = leader.child.id();
    fs::remove_file(folder.join("lock")).unwrap();
    let stored = StoredResearch::load(&folder).unwrap();
    let runner = stored.runner().unwrap().unwrap();
    assert_eq!(runner.pid, pid);
    assert!(stored.is_run_by(&runner));
    for _ in 0..2 {
        let error = LocalStorage::open(&folder).unwrap_err();
        assert!(
            matches!(&error, StorageError::Locked { pid: holder, .. } if *holder == pid),
            "{error}"
        );
        assert!(
            !folder.join("lock").exists(),
            "no empty one hides who runs it"
        );
    }
    leader.end();
    assert_eq!(stored.runner().unwrap(), None);
    LocalStorage::open(&folder).unwrap();
}
