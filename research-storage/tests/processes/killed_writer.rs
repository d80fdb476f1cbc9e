//! Kills a leader while it writes: every event that it had committed is in the log once, in order.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::alone;
use crate::common::{record, values};
use research_core::{Column, Event, Storage};
use research_storage::{FsyncPolicy, LocalStorage, StoredResearch};

/// The environment variable with the folder, for the writer that this test starts.
const FOLDER: &str = "RESEARCH_STORAGE_TEST_FOLDER";

/// The number of kills per research.
const KILLS: usize = 5;

/// Returns the number of researches: 10, or enough for `RESEARCH_TEST_KILLS` kills.
fn researches() -> usize {
    let kills = std::env::var("RESEARCH_TEST_KILLS").ok();
    let kills = kills.and_then(|kills| kills.parse::<usize>().ok());
    kills.map_or(10, |kills| kills.div_ceil(KILLS))
}

/// Returns the event with this number: usually small, and sometimes larger than a frame.
fn event(number: u64) -> Event {
    let len = match number % 16 {
        15 => 60_000,
        rest => 50 * rest as usize,
    };
    values(number, Column::Float(vec![number as f64; len]))
}

/// Checks that the log has the events from the first on, each once and unchanged, and returns their
/// number.
fn count(folder: &Path) -> u64 {
    let frames = StoredResearch::load(folder).unwrap().events().unwrap();
    let mut count = 0;
    for read in frames.flat_map(Result::unwrap) {
        assert!(read == event(count), "number {count}");
        count += 1;
    }
    count
}

/// The process that is killed: it continues the log, and prints the number of each committed event.
#[test]
fn writer() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let first = count(Path::new(&folder));
    let (storage, _) = LocalStorage::open(Path::new(&folder)).unwrap();
    let mut storage = storage.with_fsync(FsyncPolicy::Never);
    let mut output = std::io::stdout().lock();
    writeln!(output, "\nbegin {first}").unwrap();
    for number in first.. {
        storage.append(&[event(number)]).unwrap();
        if number % 3 == 0 {
            storage.commit(true).unwrap();
            writeln!(output, "committed {number}").unwrap();
        }
    }
}

/// Runs a writer until it has committed `times` times, and kills it. Returns the first number that
/// it wrote, and the last one that it had committed.
fn run_and_kill(folder: &Path, times: usize) -> (u64, Option<u64>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed_writer::writer", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut begin, mut committed, mut seen) = (None, None, 0);
    for line in lines.map(Result::unwrap) {
        if let Some(number) = line.strip_prefix("begin ") {
            begin = number.parse().ok();
        } else if let Some(number) = line.strip_prefix("committed ") {
            committed = number.parse().ok();
            seen += 1;
        }
        // Read on: commits that it prints before it is dead count, too.
        if begin.is_some() && seen == times {
            child.kill().unwrap();
        }
    }
    assert!(!child.wait().unwrap().success());
    (begin.unwrap(), committed)
}

#[test]
fn what_was_committed_before_a_kill_is_there() {
    let _alone = alone();
    let base = tempfile::tempdir().unwrap();
    let mut kept = 0;
    for research in 0..researches() {
        let record = record(&research.to_string());
        drop(LocalStorage::create(base.path(), &record).unwrap());
        let folder = base.path().join(&record.name);
        let mut known = 0;
        for kill in 0..KILLS {
            let (begin, committed) = run_and_kill(&folder, kill);
            assert_eq!(begin, known, "an earlier kill lost something");
            known = count(&folder);
            assert!(committed.is_none_or(|committed| committed < known));
        }
        kept += known;
    }
    assert!(kept > 0);
}
