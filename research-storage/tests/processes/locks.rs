//! Only one leader at a time can open a research.

mod copies;

use std::fs;
use std::io::{BufRead, BufReader, Lines, Read};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::alone;
use crate::common::record;
use research_core::StorageError;
use research_storage::{LocalStorage, StoredResearch, remove};

/// The environment variable with the folder, for the processes that this test starts.
const FOLDER: &str = "RESEARCH_STORAGE_TEST_FOLDER";

/// The leader in another process: it opens the folder, prints whether that succeeded, and holds the
/// lock until its input ends.
#[test]
fn another_leader() {
    let _alone = alone();
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let opened = LocalStorage::open(Path::new(&folder));
    println!(
        "\nleader: {}",
        match &opened {
            Ok(_) => "runs",
            Err(StorageError::Locked { .. }) => "locked",
            Err(_) => "failed",
        }
    );
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

struct Leader {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Leader {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "locks::another_leader", "--nocapture"])
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn says(&mut self) -> String {
        let mut said = self.lines.by_ref().map(Result::unwrap);
        said.find_map(|line| line.strip_prefix("leader: ").map(str::to_owned))
            .unwrap()
    }

    fn end(mut self) {
        drop(self.child.stdin.take());
        self.lines.for_each(drop);
        assert!(self.child.wait().unwrap().success());
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn research(base: &Path) -> PathBuf {
    LocalStorage::create(base, &record("power"))
        .unwrap()
        .folder()
        .to_owned()
}

#[test]
fn a_second_leader_is_refused_while_the_first_lives() {
    let _alone = alone();
    let base = tempfile::tempdir().unwrap();
    let folder = research(base.path());
    let stored = StoredResearch::load(&folder).unwrap();
    assert_eq!(stored.runner().unwrap(), None);
    let mut leader = Leader::start(&folder);
    assert_eq!(leader.says(), "runs");
    let pid = leader.child.id();

    let error = LocalStorage::open(&folder).unwrap_err();
    assert!(matches!(error, StorageError::Locked { pid: holder, .. } if holder == pid));
    assert!(error.to_string().contains(&pid.to_string()), "{error}");
    let runner = stored.runner().unwrap().unwrap();
    assert_eq!(runner.pid, pid);
    assert!(runner.is_seen() && runner.started > 0 && !runner.host.is_empty());
    assert!(matches!(
        remove(&folder, false),
        Err(StorageError::Locked { .. })
    ));
    let mut third = Leader::start(&folder);
    assert_eq!(third.says(), "locked");
    third.end();

    leader.end();
    assert!(!runner.is_seen());
    assert_eq!(stored.runner().unwrap(), None);
    assert!(!folder.join("lock").exists());
    LocalStorage::open(&folder).unwrap();
}

#[test]
fn the_lock_of_a_leader_that_was_killed_is_taken_over() {
    let _alone = alone();
    let base = tempfile::tempdir().unwrap();
    let folder = research(base.path());
    let mut leader = Leader::start(&folder);
    assert_eq!(leader.says(), "runs");
    leader.kill();
    assert!(folder.join("lock").exists());
    assert_eq!(
        StoredResearch::load(&folder).unwrap().runner().unwrap(),
        None
    );
    let (storage, _) = LocalStorage::open(&folder).unwrap();
    let runner = StoredResearch::load(&folder)
        .unwrap()
        .runner()
        .unwrap()
        .unwrap();
    assert_eq!(runner.pid, std::process::id());
    drop(storage);
    remove(&folder, false).unwrap();
}

#[test]
fn of_many_processes_one_runs() {
    let _alone = alone();
    let base = tempfile::tempdir().unwrap();
    let folder = research(base.path());
    for _ in 0..5 {
        let mut leaders: Vec<Leader> = (0..8).map(|_| Leader::start(&folder)).collect();
        let mut said: Vec<String> = leaders.iter_mut().map(Leader::says).collect();
        said.sort();
        assert_eq!(said[..7], ["locked"; 7]);
        assert_eq!(said[7], "runs");
        // A killed leader leaves a stale lock for the next round.
        leaders.into_iter().for_each(Leader::kill);
    }
}

/// Calls `run` in eight threads at once, and returns the number of calls that succeeded.
fn at_once(run: impl Fn() -> Result<LocalStorage, StorageError> + Sync) -> usize {
    let start = Barrier::new(8);
    let end = Barrier::new(8);
    let compete = || {
        start.wait();
        let result = run();
        end.wait();
        match result {
            Ok(_) => true,
            Err(StorageError::Locked { .. } | StorageError::Exists { .. }) => false,
            Err(error) => panic!("{error}"),
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(compete)).collect();
        let won = threads.into_iter().map(|thread| thread.join().unwrap());
        won.filter(|won| *won).count()
    })
}

#[test]
fn of_many_threads_one_makes_the_folder_and_one_runs_it() {
    let _alone = alone();
    let base = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let record = record(&round.to_string());
        assert_eq!(at_once(|| LocalStorage::create(base.path(), &record)), 1);
        let folder = base.path().join(&record.name);
        for _ in 0..10 {
            assert_eq!(
                at_once(|| LocalStorage::open(&folder).map(|opened| opened.0)),
                1
            );
        }
    }
    assert_eq!(fs::read_dir(base.path()).unwrap().count(), 20);
}

#[test]
fn leaders_that_come_and_go_never_meet() {
    let _alone = alone();
    let base = tempfile::tempdir().unwrap();
    let folder = research(base.path());
    let inside = AtomicUsize::new(0);
    let come_and_go = || {
        let mut times = 0;
        while times < 50 {
            if let Ok((storage, _)) = LocalStorage::open(&folder) {
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                inside.fetch_sub(1, Ordering::SeqCst);
                drop(storage);
                times += 1;
            }
            std::thread::yield_now();
        }
    };
    std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(come_and_go))));
}

/// Writes a lock file as another process could have left it.
fn leave_lock(folder: &Path, pid: u32, started: u64, host: &str, boot: &str) {
    let text = serde_json::json!({
        "pid": pid, "started": started, "host": host, "since": 1_785_000_000_000_000_u64,
        "boot": boot,
    });
    fs::write(folder.join("lock"), text.to_string()).unwrap();
}

fn system_file(path: &str) -> String {
    fs::read_to_string(path).unwrap().trim_end().to_owned()
}

#[test]
fn stale_locks_are_taken_over() {
    let _alone = alone();
    let host = system_file("/proc/sys/kernel/hostname");
    let boot = system_file("/proc/sys/kernel/random/boot_id");
    let base = tempfile::tempdir().unwrap();
    let folder = research(base.path());
    let stored = StoredResearch::load(&folder).unwrap();
    let assert_stale = || {
        assert_eq!(stored.runner().unwrap(), None);
        let (mut storage, _) = LocalStorage::open(&folder).unwrap();
        assert_eq!(stored.runner().unwrap().unwrap().pid, std::process::id());
        storage.nothing_left().unwrap();
        drop(storage);
        assert!(!folder.join("lock").exists());
    };
    // The process has ended; its pid belongs to another process now; the machine was restarted; the
    // process ran in a container that does not exist any more.
    leave_lock(&folder, 4_000_000_000, 5, &host, &boot);
    assert_stale();
    leave_lock(&folder, std::process::id(), 5, &host, &boot);
    assert_stale();
    leave_lock(&folder, std::process::id(), 5, &host, "an earlier life");
    assert_stale();
    leave_lock(&folder, 4_000_000_000, 5, "a container", &boot);
    assert_stale();
    for text in ["", "{", "4242", "{\"pid\": -1}", "\0\0\0\0"] {
        fs::write(folder.join("lock"), text).unwrap();
        assert_stale();
    }
}

/// The mark of a killed run is kept until a later run has recorded that none of its processes is
/// left, even if a run in between is killed, too. A run from before the machine started has no
/// processes left.
#[test]
fn the_marks_of_runs_that_died_are_kept_until_nothing_is_left_of_them() {
    let _alone = alone();
    let base = tempfile::tempdir().unwrap();
    let folder = research(base.path());
    let stored = StoredResearch::load(&folder).unwrap();
    let left = || stored.left_behind().unwrap();
    assert!(left().is_empty());
    let mut pids = Vec::new();
    for _ in 0..2 {
        let mut leader = Leader::start(&folder);
        assert_eq!(leader.says(), "runs");
        assert!(left().is_empty(), "who runs it has seen to it");
        pids.push(leader.child.id());
        leader.kill();
    }
    let marks = left();
    let begins: Vec<bool> = marks
        .iter()
        .zip(&pids)
        .map(|(mark, pid)| mark.starts_with(&format!("{pid}-")))
        .collect();
    assert_eq!(begins, [true, true], "{marks:?} of {pids:?}");

    let (storage, _) = LocalStorage::open(&folder).unwrap();
    assert_eq!(storage.left_behind(), marks);
    assert!(!marks.contains(&storage.mark()));
    drop(storage);
    assert_eq!(left(), marks, "who ended in an orderly way leaves nothing");
    let (mut storage, _) = LocalStorage::open(&folder).unwrap();
    storage.nothing_left().unwrap();
    assert!(storage.left_behind().is_empty());
    drop(storage);
    assert!(left().is_empty() && !folder.join("lock").exists());

    let host = system_file("/proc/sys/kernel/hostname");
    leave_lock(&folder, 4_000_000_000, 5, &host, "an earlier life");
    assert!(left().is_empty());
}

#[test]
fn a_lock_of_another_machine_is_left_to_the_user() {
    let _alone = alone();
    let base = tempfile::tempdir().unwrap();
    let folder = research(base.path());
    leave_lock(&folder, 4242, 5, "node17", "another life");
    let error = LocalStorage::open(&folder).unwrap_err();
    assert!(matches!(
        &error,
        StorageError::LockedElsewhere { pid: 4242, .. }
    ));
    let text = error.to_string();
    assert!(
        text.contains("node17") && text.contains("delete that file"),
        "{text}"
    );
    let runner = StoredResearch::load(&folder)
        .unwrap()
        .runner()
        .unwrap()
        .unwrap();
    assert_eq!((runner.pid, runner.host.as_str()), (4242, "node17"));
    assert!(!runner.is_seen());
    assert!(matches!(
        remove(&folder, false),
        Err(StorageError::Locked { .. })
    ));
    fs::remove_file(folder.join("lock")).unwrap();
    LocalStorage::open(&folder).unwrap();
}

#[test]
fn what_is_not_a_lock_file_is_not_touched() {
    let _alone = alone();
    let base = tempfile::tempdir().unwrap();
    let folder = research(base.path());
    fs::write(base.path().join("precious"), "bytes").unwrap();
    symlink("../precious", folder.join("lock")).unwrap();
    let error = LocalStorage::open(&folder).unwrap_err();
    assert!(error.to_string().contains("lock"), "{error}");
    assert_eq!(fs::read(base.path().join("precious")).unwrap(), b"bytes");
    assert_eq!(
        StoredResearch::load(&folder).unwrap().runner().unwrap(),
        None
    );
    fs::remove_file(folder.join("lock")).unwrap();
    fs::create_dir(folder.join("lock")).unwrap();
    assert!(LocalStorage::open(&folder).is_err());
    remove(&folder, true).unwrap();
}
