//! Truncates and changes a log at every byte: reading it never panics, never returns a wrong event,
//! and returns all events before the damage.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{KINDS, kinds, small_run, started};
use research_core::{Event, StorageError};
use research_storage::{FsyncPolicy, LogReader, LogWriter, TornTail, check_log};

const FILE_HEADER: usize = 16;

/// The log of the small run, with one frame per batch.
struct Log {
    folder: tempfile::TempDir,
    bytes: Vec<u8>,
    batches: Vec<Vec<Event>>,
    /// The offset of each frame, and the end of the last one.
    bounds: Vec<usize>,
}

impl Log {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("whole.log");
        let batches = small_run();
        let mut writer = LogWriter::create(&path, FsyncPolicy::Never).unwrap();
        writer.commit(false).unwrap();
        let mut bounds = vec![FILE_HEADER];
        for batch in &batches {
            writer.append(batch).unwrap();
            writer.commit(false).unwrap();
            bounds.push(fs::read(&path).unwrap().len());
        }
        let bytes = fs::read(&path).unwrap();
        Self {
            folder,
            bytes,
            batches,
            bounds,
        }
    }

    fn write(&self, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join("damaged.log");
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Returns the number of frames that end at or before `offset`.
    fn whole_before(&self, offset: usize) -> usize {
        self.bounds[1..]
            .iter()
            .filter(|end| **end <= offset)
            .count()
    }
}

/// All batches that can be read, and the result at the end.
type Reading = (Vec<Vec<Event>>, Result<Option<TornTail>, StorageError>);

fn read(path: &Path) -> Reading {
    let mut reader = match LogReader::open(path) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Err(error)),
    };
    let mut batches = Vec::new();
    for next in &mut reader {
        match next {
            Ok(batch) => batches.push(batch),
            Err(error) => return (batches, Err(error)),
        }
    }
    (batches, Ok(reader.torn()))
}

#[test]
fn the_small_run_has_every_kind_of_event() {
    assert_eq!(kinds(&small_run().concat()).len(), KINDS);
}

#[test]
fn cut_anywhere_it_ends_with_the_last_whole_frame() {
    let log = Log::new();
    for len in 0..=log.bytes.len() {
        let path = log.write(&log.bytes[..len]);
        let (batches, end) = read(&path);
        let whole = log.whole_before(len);
        assert_eq!(batches, log.batches[..whole], "cut to {len} bytes");
        let begin = if len < FILE_HEADER {
            0
        } else {
            log.bounds[whole]
        };
        let torn = (len > begin).then_some(TornTail {
            offset: begin as u64,
            bytes: (len - begin) as u64,
        });
        assert_eq!(end.unwrap(), torn, "cut to {len} bytes");
        let checked = check_log(&path).unwrap();
        assert_eq!((checked.torn, checked.damaged), (torn, Vec::new()), "{len}");
    }
}

#[test]
fn a_log_cut_anywhere_can_be_continued() {
    let log = Log::new();
    let more = vec![started(99)];
    for len in 0..=log.bytes.len() {
        let path = log.write(&log.bytes[..len]);
        let (_, torn_before) = read(&path);
        let (mut writer, torn) = LogWriter::open(&path, FsyncPolicy::Never).unwrap();
        assert_eq!(torn, torn_before.unwrap());
        writer.append(&more).unwrap();
        writer.commit(false).unwrap();
        let (batches, end) = read(&path);
        assert_eq!(end.unwrap(), None);
        let (last, before) = batches.split_last().unwrap();
        assert_eq!(last, &more);
        assert_eq!(before, &log.batches[..log.whole_before(len)]);
    }
}

#[test]
fn changed_anywhere_it_ends_before_the_damage() {
    let log = Log::new();
    let last = log.bounds[log.bounds.len() - 2];
    for position in 0..log.bytes.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut bytes = log.bytes.clone();
            bytes[position] ^= change;
            let path = log.write(&bytes);
            let (batches, end) = read(&path);
            let whole = log.whole_before(position);
            assert_eq!(batches, log.batches[..whole], "byte {position}");
            let begin = if position < FILE_HEADER {
                0
            } else {
                log.bounds[whole]
            };
            match end {
                Err(StorageError::Damaged {
                    offset,
                    path: named,
                    reason,
                }) => {
                    assert!(begin < last, "byte {position}");
                    assert_eq!(offset, begin as u64, "byte {position}");
                    assert_eq!(named, path);
                    assert!(!reason.is_empty());
                    // Opening the log to continue it must not remove intact frames.
                    LogWriter::open(&path, FsyncPolicy::Never).unwrap_err();
                    assert_eq!(fs::read(&path).unwrap(), bytes);
                }
                // Damage at the end cannot be distinguished from an interrupted write.
                end => {
                    let torn = end.unwrap().unwrap();
                    assert_eq!(
                        (torn.offset, begin),
                        (begin as u64, last),
                        "byte {position}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_follows_the_frames_is_a_torn_tail() {
    let log = Log::new();
    let end = log.bytes.len();
    // A second log represents bytes that look like frames and are at the wrong offset.
    let tails: [&[u8]; 4] = [&[0; 5000], b"text\n", &[0xff; 300], &log.bytes];
    for tail in tails {
        let path = log.write(&[&log.bytes, tail].concat());
        let (batches, torn) = read(&path);
        assert_eq!(batches, log.batches);
        let torn = torn.unwrap().unwrap();
        assert_eq!((torn.offset, torn.bytes), (end as u64, tail.len() as u64));
    }
}

#[test]
fn bytes_lost_in_the_middle_are_damage() {
    let log = Log::new();
    let (from, to) = (log.bounds[2], log.bounds[3]);
    let hole = [&log.bytes[..from], &vec![0; to - from], &log.bytes[to..]].concat();
    let (batches, end) = read(&log.write(&hole));
    assert_eq!(batches, log.batches[..2]);
    assert!(matches!(end, Err(StorageError::Damaged { offset, .. }) if offset == from as u64));
}

#[test]
fn what_is_not_a_log_is_refused() {
    let log = Log::new();
    for bytes in [
        &b"name = \"power\""[..],
        b"\x89PNG\r\n\x1a\n and more than sixteen",
        &[0; 100],
    ] {
        let (batches, end) = read(&log.write(bytes));
        assert!(batches.is_empty());
        assert!(matches!(end, Err(StorageError::Damaged { offset: 0, .. })));
    }
    let missing = log.folder.path().join("missing.log");
    let error = read(&missing).1.unwrap_err().to_string();
    assert!(error.contains("missing.log"), "{error}");
    assert!(matches!(
        read(log.folder.path()).1,
        Err(StorageError::Io { .. })
    ));
}

#[test]
fn a_later_version_is_refused() {
    let log = Log::new();
    let mut bytes = log.bytes.clone();
    bytes[8] = 3;
    let check = crc32fast::hash(&bytes[..12]);
    bytes[12..16].copy_from_slice(&check.to_le_bytes());
    let (_, end) = read(&log.write(&bytes));
    assert!(matches!(
        end,
        Err(StorageError::TooNew {
            found: 3,
            known: 2,
            ..
        })
    ));
}

#[test]
fn after_damage_a_reader_stays_at_its_end() {
    let log = Log::new();
    let mut bytes = log.bytes.clone();
    bytes[FILE_HEADER] ^= 1;
    let mut reader = LogReader::open(&log.write(&bytes)).unwrap();
    assert!(matches!(
        reader.next(),
        Some(Err(StorageError::Damaged { .. }))
    ));
    assert!(reader.next().is_none());
    assert!(reader.next().is_none());
}

#[test]
fn a_reader_sees_what_is_appended_after_it_came_to_the_end() {
    let log = Log::new();
    let path = log.write(&[]);
    let mut reader = LogReader::open(&path).unwrap();
    let mut read = 0;
    // Read after each byte: each frame must be read as soon as it is complete.
    for len in 0..=log.bytes.len() {
        fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .and_then(|mut file| {
                std::io::Write::write_all(&mut file, &log.bytes[len.saturating_sub(1)..len])
            })
            .unwrap();
        if let Some(batch) = reader.next() {
            assert_eq!(batch.unwrap(), log.batches[read]);
            read += 1;
        }
        assert_eq!(read, log.whole_before(len));
    }
    assert_eq!(read, log.batches.len());
    assert_eq!(reader.torn(), None);
}
