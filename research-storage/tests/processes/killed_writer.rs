//! A leader that is killed while it writes: what it had committed is there, in order and once.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::alone;
use crate::common::{record, values};
use research_core::{Column, Event, Storage};
use research_storage::{FsyncPolicy, LocalStorage, StoredResearch};

/// Names the folder, in the environment of the writer that this test starts.
const FOLDER: &str = "RESEARCH_STORAGE_TEST_FOLDER";

/// How often each is killed.
const KILLS: usize = 5;

/// How many: ten, or as many as make up the number of kills that `RESEARCH_TEST_KILLS` asks for.
fn researches() -> usize {
    let kills = std::env::var("RESEARCH_TEST_KILLS").ok();
    let kills = kills.and_then(|kills| kills.parse::<usize>().ok());
    kills.map_or(10, |kills| kills.div_ceil(KILLS))
}

/// The event with a number: small mostly, and sometimes larger than a frame.
fn event(number: u64) -> Event {
    let len = match number % 16 {
        15 => 60_000,
        rest => 50 * rest as usize,
    };
    values(number, Column::Float(vec![number as f64; len]))
}

/// How many events are in the log: those from the first on, each once and as it was written.
fn count(folder: &Path) -> u64 {
    let frames = StoredResearch::load(folder).unwrap().events().unwrap();
    let mut count = 0;
    for read in frames.flat_map(Result::unwrap) {
        assert!(read == event(count), "number {count}");
        count += 1;
    }
    count
}

/// The process that is killed: it continues the log, and prints what was committed.
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

/// Runs a writer until it has committed something `times` times, and kills it. Gives the first
/// number that it wrote, and the last one that it had committed.
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
        // What it says until it is dead still counts.
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
