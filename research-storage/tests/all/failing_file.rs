//! Lets the disk be full, or fail, at every write: the error names the file, the committed events
//! can be read, and the log can be continued.

use std::fs;
use std::io;
use std::sync::{Arc, Mutex};

use crate::common::{small_run, values};
use research_core::{Column, Event, StorageError};
use research_storage::{FsyncPolicy, LogFile, LogReader, LogWriter};

/// The operations that fail, counted over all calls of that kind.
#[derive(Clone, Copy, Debug, Default)]
struct Faults {
    /// Writing beyond this many bytes fails; the bytes that fit are written.
    full_at: Option<u64>,
    /// Truncating the file fails.
    no_cut: bool,
    /// The first sync fails.
    no_sync: bool,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    faults: Faults,
    syncs: usize,
}

/// A file in memory that the test can read, too.
#[derive(Clone, Debug, Default)]
struct Disk(Arc<Mutex<State>>);

impl Disk {
    fn new(faults: Faults) -> Self {
        let disk = Self::default();
        disk.0.lock().unwrap().faults = faults;
        disk
    }

    fn repair(&self) {
        self.0.lock().unwrap().faults = Faults::default();
    }

    /// Returns the events that a new process would read, and whether a torn tail follows them.
    fn read(&self) -> (Vec<Event>, bool) {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), &self.0.lock().unwrap().bytes).unwrap();
        let mut reader = LogReader::open(file.path()).unwrap();
        let events = reader.by_ref().flat_map(Result::unwrap).collect();
        (events, reader.torn().is_some())
    }
}

impl LogFile for Disk {
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        let limit = state.faults.full_at.unwrap_or(u64::MAX);
        let fits = bytes
            .len()
            .min(usize::try_from(limit.saturating_sub(offset)).unwrap());
        let offset = usize::try_from(offset).unwrap();
        let end = state.bytes.len().max(offset + fits);
        state.bytes.resize(end, 0);
        state.bytes[offset..offset + fits].copy_from_slice(&bytes[..fits]);
        if fits < bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        if state.faults.no_cut {
            return Err(io::Error::other("the disk is gone"));
        }
        state.bytes.truncate(usize::try_from(len).unwrap());
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.syncs += 1;
        if state.faults.no_sync {
            return Err(io::Error::other("the disk is gone"));
        }
        Ok(())
    }
}

/// Appends and commits batch by batch, until an error. Returns the writer, the committed events and
/// the number of committed batches.
fn run(disk: &Disk) -> Result<(LogWriter<Disk>, Vec<Event>, usize), StorageError> {
    let mut writer = LogWriter::begin(disk.clone(), "events.log", FsyncPolicy::Experiment)?;
    let mut committed = Vec::new();
    let mut count = 0;
    for batch in small_run() {
        writer.append(&batch).unwrap();
        if let Err(error) = writer.commit(true) {
            assert_eq!(
                error.to_string(),
                "cannot write events.log: no storage space"
            );
            break;
        }
        committed.extend(batch);
        count += 1;
    }
    Ok((writer, committed, count))
}

fn whole_len() -> u64 {
    let disk = Disk::default();
    run(&disk).unwrap();
    let len = disk.0.lock().unwrap().bytes.len();
    len as u64
}

#[test]
fn a_disk_that_is_full_at_any_byte_keeps_what_was_committed() {
    for full_at in 16..whole_len() {
        for no_cut in [false, true] {
            let faults = Faults {
                full_at: Some(full_at),
                no_cut,
                no_sync: false,
            };
            let disk = Disk::new(faults);
            let (_, committed, _) = run(&disk).unwrap();
            let (events, torn) = disk.read();
            assert_eq!(events, committed, "{faults:?}");
            assert!(no_cut || !torn, "{faults:?}");
        }
    }
}

#[test]
fn a_full_disk_that_has_room_again_has_everything_once() {
    let batches = small_run();
    for full_at in 16..whole_len() {
        for no_cut in [false, true] {
            let disk = Disk::new(Faults {
                full_at: Some(full_at),
                no_cut,
                no_sync: false,
            });
            let (mut writer, _, count) = run(&disk).unwrap();
            writer.commit(true).unwrap_err();
            disk.repair();
            writer.commit(true).unwrap();
            for batch in &batches[count + 1..] {
                writer.append(batch).unwrap();
                writer.commit(true).unwrap();
            }
            assert_eq!(disk.read(), (batches.concat(), false));
        }
    }
}

#[test]
fn a_log_that_cannot_be_begun_is_an_error() {
    for full_at in 0..16 {
        let disk = Disk::new(Faults {
            full_at: Some(full_at),
            ..Faults::default()
        });
        let error = run(&disk).unwrap_err().to_string();
        assert_eq!(error, "cannot write events.log: no storage space");
    }
}

#[test]
fn many_events_are_written_before_a_commit_and_a_failure_shows_then() {
    let disk = Disk::new(Faults {
        full_at: Some(3 << 20),
        ..Faults::default()
    });
    let mut writer = LogWriter::begin(disk.clone(), "events.log", FsyncPolicy::Never).unwrap();
    let batch = vec![values(0, Column::Float(vec![0.5; 10_000]))];
    let mut appended = 0;
    let error = loop {
        match writer.append(&batch) {
            Ok(()) => appended += 1,
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("events.log"));
    let (events, torn) = disk.read();
    assert!(
        (20..=appended).contains(&events.len()),
        "{} of {appended}",
        events.len()
    );
    assert!(!torn);
    disk.repair();
    writer.commit(false).unwrap();
    assert_eq!(disk.read().0.len(), appended + 1);
}

#[test]
fn after_a_failed_wait_for_the_disk_none_succeeds() {
    let disk = Disk::new(Faults {
        no_sync: true,
        ..Faults::default()
    });
    let mut writer = LogWriter::begin(disk.clone(), "events.log", FsyncPolicy::Experiment).unwrap();
    let batches = small_run();
    writer.append(&batches[0]).unwrap();
    let error = writer.commit(true).unwrap_err().to_string();
    assert!(
        error.contains("events.log") && error.contains("the disk is gone"),
        "{error}"
    );
    disk.repair();
    let error = writer.commit(true).unwrap_err().to_string();
    assert!(error.contains("an earlier attempt failed"), "{error}");
}

#[test]
fn the_policy_says_when_to_wait_for_the_disk() {
    for (policy, expected) in [
        (FsyncPolicy::Always, 4),
        (FsyncPolicy::Experiment, 2),
        (FsyncPolicy::Never, 0),
    ] {
        let disk = Disk::default();
        let mut writer = LogWriter::begin(disk.clone(), "events.log", policy).unwrap();
        for batch in &small_run()[..2] {
            for durable in [false, true] {
                writer.append(batch).unwrap();
                writer.commit(durable).unwrap();
            }
        }
        // Nothing was written since the last sync, so this commit must not sync.
        writer.commit(true).unwrap();
        assert_eq!(disk.0.lock().unwrap().syncs, expected, "{policy:?}");
    }
}
