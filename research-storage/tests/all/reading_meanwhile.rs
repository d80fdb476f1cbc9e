//! Reads a log while it is being written.

use std::path::Path;

use crate::common::values;
use research_core::{Column, Event};
use research_storage::{FsyncPolicy, LogReader, LogWriter};

const EVENTS: u64 = 3000;

/// Returns the event with this number. Some events are larger than one read of the reader.
fn event(number: u64) -> Event {
    let len = if number.is_multiple_of(97) {
        150_000
    } else {
        number as usize % 300
    };
    values(number, Column::Float(vec![number as f64; len]))
}

fn write(path: &Path) {
    let mut writer = LogWriter::open(path, FsyncPolicy::Never).unwrap().0;
    for number in 0..EVENTS {
        writer.append(&[event(number)]).unwrap();
        if number % 5 == 0 {
            writer.commit(false).unwrap();
        }
    }
    writer.commit(false).unwrap();
}

/// Checks that the events are those from `from` on, and returns the number after the last one.
fn check(reader: &mut LogReader, from: u64) -> u64 {
    reader.flat_map(Result::unwrap).fold(from, |number, read| {
        assert!(read == event(number), "number {number}");
        number + 1
    })
}

/// Continues reading from the last position, until all events were read.
fn follow(path: &Path) {
    let mut reader = LogReader::open(path).unwrap();
    let mut seen = 0;
    while seen < EVENTS {
        seen = check(&mut reader, seen);
        std::thread::yield_now();
    }
    assert_eq!(reader.torn(), None);
}

/// Reads the log from the beginning, repeatedly, until all events were read.
fn reread(path: &Path) {
    let mut seen = 0;
    while seen < EVENTS {
        let now = check(&mut LogReader::open(path).unwrap(), 0);
        assert!(now >= seen);
        seen = now;
    }
}

#[test]
fn readers_see_whole_events_in_order_and_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.log");
    let mut writer = LogWriter::create(&path, FsyncPolicy::Never).unwrap();
    writer.commit(false).unwrap();
    drop(writer);
    std::thread::scope(|scope| {
        scope.spawn(|| follow(&path));
        scope.spawn(|| reread(&path));
        write(&path);
    });
}
