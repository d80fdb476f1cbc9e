//! Reads logs with arbitrary bytes: reading always ends, without a panic and without a wrong event.

use std::fs;

use crate::common::small_run;
use proptest::prelude::*;
use research_core::{Event, StorageError};
use research_storage::{FsyncPolicy, LogReader, LogWriter};

/// Returns the log of the small run.
fn log() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.log");
    let mut writer = LogWriter::create(&path, FsyncPolicy::Never).unwrap();
    for batch in small_run() {
        writer.append(&batch).unwrap();
        writer.commit(false).unwrap();
    }
    fs::read(&path).unwrap()
}

/// Returns the events that can be read, and the error that ended the reading, if there was one.
fn read(bytes: &[u8]) -> (Vec<Event>, Option<StorageError>) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    let mut events = Vec::new();
    let reader = match LogReader::open(file.path()) {
        Ok(reader) => reader,
        Err(error) => return (events, Some(error)),
    };
    for batch in reader {
        match batch {
            Ok(batch) => events.extend(batch),
            Err(error) => return (events, Some(error)),
        }
    }
    (events, None)
}

/// Replaces one part of the log by another part of it; both are given as fractions of its length.
#[derive(Debug)]
struct Splice {
    to: (f64, f64),
    from: (f64, f64),
    noise: Vec<u8>,
}

fn splices() -> impl Strategy<Value = Splice> {
    let share = || (0.0..1.0, 0.0..1.0).prop_map(|(a, b): (f64, f64)| (a.min(b), a.max(b)));
    let noise = prop::collection::vec(any::<u8>(), 0..20);
    (share(), share(), noise).prop_map(|(to, from, noise)| Splice { to, from, noise })
}

fn part(bytes: &[u8], (from, to): (f64, f64)) -> std::ops::Range<usize> {
    let len = bytes.len() as f64;
    (len * from) as usize..(len * to) as usize
}

fn apply(bytes: &[u8], splice: &Splice) -> Vec<u8> {
    let (to, from) = (part(bytes, splice.to), part(bytes, splice.from));
    let mut changed = bytes[..to.start].to_vec();
    changed.extend_from_slice(&bytes[from]);
    changed.extend_from_slice(&splice.noise);
    changed.extend_from_slice(&bytes[to.end..]);
    changed
}

proptest! {
    #[test]
    fn of_noise_nothing_is_read(noise in prop::collection::vec(any::<u8>(), 0..2000)) {
        let (events, _) = read(&noise);
        prop_assert!(events.is_empty());
        let (events, error) = read(&[&log()[..16], &noise[..]].concat());
        prop_assert!(events.is_empty());
        prop_assert!(error.is_none());
    }

    #[test]
    fn of_a_mangled_log_true_events_are_read(splices in prop::collection::vec(splices(), 1..4)) {
        let bytes = splices.iter().fold(log(), |bytes, splice| apply(&bytes, splice));
        let (events, _) = read(&bytes);
        prop_assert!(small_run().concat().starts_with(&events));
    }
}
