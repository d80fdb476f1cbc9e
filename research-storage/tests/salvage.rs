//! What is whole in a damaged log is found, wherever the damage is.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::fs;
use std::path::Path;

use common::small_run;
use research_core::Event;
use research_storage::{FsyncPolicy, LogReader, LogWriter, check_log, salvage_log};

/// The length of the file's header.
const HEADER: u64 = 16;

/// Writes each batch as a frame of its own; returns where the frames begin, and the last one's end.
fn write_frames(path: &Path, batches: &[Vec<Event>]) -> Vec<u64> {
    let mut writer = LogWriter::create(path, FsyncPolicy::Never).unwrap();
    let ends = batches.iter().map(|batch| {
        writer.append(batch).unwrap();
        writer.commit(false).unwrap();
        fs::metadata(path).unwrap().len()
    });
    std::iter::once(HEADER).chain(ends).collect()
}

fn read(path: &Path) -> Vec<Event> {
    LogReader::open(path)
        .unwrap()
        .flat_map(Result::unwrap)
        .collect()
}

#[test]
fn a_whole_log_is_found_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.log");
    let batches = small_run();
    write_frames(&path, &batches);
    let checkup = check_log(&path).unwrap();
    assert!(checkup.is_whole());
    assert_eq!(checkup.events, batches.concat().len() as u64);
}

#[test]
fn damage_at_any_byte_costs_the_frame_that_it_is_in_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.log");
    let batches = small_run();
    let bounds = write_frames(&path, &batches);
    let bytes = fs::read(&path).unwrap();
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x11;
        fs::write(&path, &damaged).unwrap();
        let checkup = check_log(&path).unwrap();

        let mut expected = batches.clone();
        let hit = bounds.iter().rposition(|begin| *begin <= place as u64);
        let begin = hit.map_or(0, |frame| bounds[frame]);
        if let Some(frame) = hit {
            expected.remove(frame);
        }
        assert_eq!(checkup.events, expected.concat().len() as u64);
        let told = match (checkup.damaged.as_slice(), checkup.torn) {
            ([span], None) => span.offset,
            ([], Some(torn)) => torn.offset,
            other => panic!("damage at {place}: {other:?}"),
        };
        assert_eq!(told, begin);

        // Each new log waits for the disk, so not every one of them is written.
        if place % 16 == 0 {
            let into = folder.path().join(format!("{place}.log"));
            assert_eq!(salvage_log(&path, &into).unwrap(), checkup);
            assert_eq!(read(&into), expected.concat(), "damage at {place}");
            assert!(check_log(&into).unwrap().is_whole());
        }
    }
}

#[test]
fn nothing_that_exists_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.log");
    write_frames(&path, &small_run());
    let into = folder.path().join("mine.txt");
    fs::write(&into, "mine").unwrap();
    salvage_log(&path, &into).unwrap_err();
    assert_eq!(fs::read_to_string(&into).unwrap(), "mine");
}
