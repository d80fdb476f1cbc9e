//! Folders with a damaged log: the reported damage, and the repair.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::common::{ended, record, started, values};
use research_core::{Column, Event, Outcome, Storage, StorageError, Timestamp};
use research_storage::{
    LocalStorage, LostEnd, StoredResearch, check_folder, remove, salvage_folder,
};

/// Creates a research with one frame for each of these events, and returns the length of the log
/// before each frame.
fn research(base: &Path, events: &[Event]) -> Vec<u64> {
    let mut storage = LocalStorage::create(base, &record("study")).unwrap();
    let log = base.join("study/events.log");
    let mut lengths = Vec::new();
    for event in events {
        lengths.push(fs::metadata(&log).unwrap().len());
        storage.append(std::slice::from_ref(event)).unwrap();
        storage.commit(false).unwrap();
    }
    lengths
}

/// Returns, for the last attempt of each experiment, the number of values and whether it has ended.
fn outcomes(folder: &Path) -> BTreeMap<u64, (usize, bool)> {
    let events = StoredResearch::load(folder).unwrap().events().unwrap();
    let events: Vec<Event> = events.flat_map(Result::unwrap).collect();
    assert!(matches!(
        events.last(),
        Some(Event::RunEnded {
            outcome: Outcome::Interrupted,
            ..
        })
    ));
    let mut outcomes = BTreeMap::new();
    for event in &events {
        match event {
            Event::ExperimentStarted { experiment, .. } => {
                outcomes.insert(experiment.0, (0, false));
            }
            Event::Values {
                experiment, column, ..
            } => {
                if let Some(outcome) = outcomes.get_mut(&experiment.0) {
                    outcome.0 += column.len();
                }
            }
            Event::ExperimentEnded { experiment, .. } => {
                if let Some(outcome) = outcomes.get_mut(&experiment.0) {
                    outcome.1 = true;
                }
            }
            _ => {}
        }
    }
    outcomes
}

fn run() -> Vec<Event> {
    let column = || Column::Int(vec![1, 2, 3]);
    vec![
        started(0),
        values(0, column()),
        ended(0),
        started(1),
        started(2),
        values(1, column()),
        values(2, column()),
        ended(1),
        ended(2),
        started(3),
        values(3, column()),
        ended(3),
    ]
}

/// Damages each frame in turn: experiments that were running there count as not ended, all others
/// as ended, and no experiment that counts as ended lacks a value.
#[test]
fn what_may_have_lost_a_value_is_not_done() {
    let meanwhile: [&[u64]; 12] = [
        &[0],
        &[0],
        &[0],
        &[1],
        &[1, 2],
        &[1, 2],
        &[1, 2],
        &[1, 2],
        &[2],
        &[3],
        &[3],
        &[3],
    ];
    for (frame, meanwhile) in meanwhile.into_iter().enumerate() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("study");
        let lengths = research(base.path(), &run());
        let log = folder.join("events.log");
        let mut bytes = fs::read(&log).unwrap();
        bytes[usize::try_from(lengths[frame]).unwrap() + 13] ^= 1;
        fs::write(&log, &bytes).unwrap();
        let checkup = check_folder(&folder).unwrap();
        assert!(
            !checkup.is_whole(),
            "a torn end is damage where no process writes: {frame}"
        );
        assert_eq!(checkup.log.events, 11);
        let kept = salvage_folder(&folder).unwrap();
        assert!(fs::read(kept.unwrap()).unwrap() == bytes);
        assert!(check_folder(&folder).unwrap().is_whole());
        for (number, (values, is_done)) in outcomes(&folder) {
            assert_eq!(is_done, !meanwhile.contains(&number), "{frame}: {number}");
            assert!(!is_done || values == 3, "{frame}: {number}");
        }
    }
}

#[test]
fn damaged_logs_are_kept_under_names_of_their_own() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("study");
    research(base.path(), &run());
    for name in ["events.damaged.log", "events.damaged-2.log"] {
        let log = folder.join("events.log");
        let mut bytes = fs::read(&log).unwrap();
        bytes[30] ^= 1;
        fs::write(&log, &bytes).unwrap();
        assert_eq!(salvage_folder(&folder).unwrap(), Some(folder.join(name)));
        assert!(fs::read(folder.join(name)).unwrap() == bytes);
    }
    // The salvaged log can be continued, and removed.
    drop(LocalStorage::open(&folder).unwrap());
    remove(&folder, false).unwrap();
}

#[test]
fn a_research_that_runs_is_not_salvaged() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("study");
    let storage = LocalStorage::create(base.path(), &record("study")).unwrap();
    assert!(check_folder(&folder).unwrap().runner.is_some());
    let error = salvage_folder(&folder).unwrap_err();
    assert!(matches!(error, StorageError::Locked { .. }), "{error}");
    drop(storage);
    assert_eq!(salvage_folder(&folder).unwrap(), None);
}

#[test]
fn a_damaged_file_header_is_damage() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("study");
    research(base.path(), &run());
    let log = folder.join("events.log");
    let mut bytes = fs::read(&log).unwrap();
    bytes[9] ^= 1;
    fs::write(&log, &bytes).unwrap();
    assert!(!check_folder(&folder).unwrap().is_whole());
    assert!(salvage_folder(&folder).unwrap().is_some());
    assert_eq!(outcomes(&folder).len(), 4);
}

/// `check_folder` and `lost_end` agree, at whichever byte the log is truncated.
#[test]
fn a_lost_end_is_found_wherever_the_check_of_the_folder_finds_one() {
    let begun = || Event::RunStarted {
        at: Timestamp::now(),
        pid: 1,
        workers: 1,
        total: Some(5),
        n_iters: None,
        epoch: 0,
        host: None,
    };
    let end = || Event::RunEnded {
        at: Timestamp::now(),
        outcome: Outcome::Complete,
    };
    let mut events = vec![begun()];
    events.extend(run());
    events.extend([end(), begun(), started(4), ended(4), end()]);
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("study");
    let bounds = research(base.path(), &events);
    let stored = StoredResearch::load(&folder).unwrap();
    assert_eq!(stored.lost_end().unwrap(), None);
    let log = folder.join("events.log");
    let bytes = fs::read(&log).unwrap();
    let mut at_bounds = 0;
    for len in 0..=bytes.len() {
        fs::write(&log, &bytes[..len]).unwrap();
        let check = check_folder(&folder).unwrap();
        if len < 16 {
            assert!(!check.is_log_whole(), "{len}");
            assert_eq!(check.log.damaged.len(), 1, "{len}");
            assert_eq!(check.log.torn, None, "{len}");
            assert!(stored.events().is_err(), "{len}");
            continue;
        }
        let lost = stored.lost_end().unwrap();
        assert_eq!(lost.is_none(), check.is_log_whole(), "{len}: {lost:?}");
        let is_bound = bounds.contains(&(len as u64));
        at_bounds += u64::from(is_bound && lost.is_some());
        assert!(lost.is_some() || is_bound || len == bytes.len(), "{len}");
    }
    // After the header and after the end of the first run, only a table would show that events are
    // missing.
    assert_eq!(at_bounds, bounds.len() as u64 - 2);
}

#[test]
fn the_end_of_an_active_run_is_not_lost() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("study");
    let begun = Event::RunStarted {
        at: Timestamp::now(),
        pid: 1,
        workers: 1,
        total: Some(5),
        n_iters: None,
        epoch: 0,
        host: None,
    };
    research(base.path(), &[begun]);
    let stored = StoredResearch::load(&folder).unwrap();
    assert!(matches!(
        stored.lost_end().unwrap(),
        Some(LostEnd::NoRunEnd { .. })
    ));
    // While a process runs the research, it may still write the end of the run.
    let storage = LocalStorage::open(&folder).unwrap();
    assert_eq!(stored.lost_end().unwrap(), None);
    drop(storage);
}

/// Zeros that a file system leaves may begin inside a frame whose header is intact.
#[test]
fn a_torn_tail_begins_with_the_first_damaged_frame() {
    let base = tempfile::tempdir().unwrap();
    let lengths = research(base.path(), &run());
    let folder = base.path().join("study");
    let whole = fs::read(folder.join("events.log")).unwrap();
    let ends = lengths[1..].iter().copied().chain([whole.len() as u64]);
    for (frame, end) in lengths.iter().copied().zip(ends) {
        // The last byte of a frame may be zero anyway, but not all of its checksum.
        for from in [frame + 16, end - 4] {
            let mut bytes = whole.clone();
            bytes[usize::try_from(from).unwrap()..].fill(0);
            if bytes == whole {
                continue;
            }
            fs::write(folder.join("events.log"), &bytes).unwrap();
            let lost = StoredResearch::load(&folder).unwrap().lost_end().unwrap();
            let Some(LostEnd::Torn(torn)) = lost else {
                panic!("zeros from {from}: {lost:?}");
            };
            assert_eq!(torn.offset, frame, "zeros from {from}");
            assert_eq!(torn.bytes, whole.len() as u64 - frame);
        }
    }
}
