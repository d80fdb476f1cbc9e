//! Finds the intact frames of a damaged log, wherever the damage is.

use std::fs;
use std::path::Path;

use crate::common::small_run;
use research_core::Event;
use research_storage::{FsyncPolicy, LogReader, LogWriter, check_log, salvage_log};

/// The length of the file header.
const HEADER: u64 = 16;

/// Writes each batch as one frame; returns the offset of each frame and the end of the last one.
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

        // Creating a log waits for the disk, so only some of the logs are written.
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

/// Returns the batches without the last frame that begins at or before `place`, and the offset of
/// that frame.
fn without_the_frame_at(
    bounds: &[u64],
    batches: &[Vec<Event>],
    place: usize,
) -> (Vec<Event>, u64, bool) {
    let mut rest = batches.to_vec();
    match bounds.iter().rposition(|begin| *begin <= place as u64) {
        None => (rest.concat(), 0, false),
        Some(frame) if frame >= batches.len() => (rest.concat(), bounds[frame], true),
        Some(frame) => {
            rest.remove(frame);
            let is_last = frame + 1 == batches.len();
            (rest.concat(), bounds[frame], is_last)
        }
    }
}

#[test]
fn an_inserted_or_removed_byte_costs_one_frame_and_readers_call_it_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.log");
    let batches = small_run();
    let bounds = write_frames(&path, &batches);
    let bytes = fs::read(&path).unwrap();
    for place in 0..bytes.len() {
        for is_inserted in [true, false] {
            let mut changed = bytes.clone();
            // Insert a different byte: an equal one would leave this frame intact and damage only
            // the next.
            match is_inserted {
                true => changed.insert(place, !bytes[place]),
                false => drop(changed.remove(place)),
            }
            fs::write(&path, &changed).unwrap();
            let (mut expected, begin, is_last) = without_the_frame_at(&bounds, &batches, place);
            let at_bound = bounds.contains(&(place as u64));
            if is_inserted && at_bound {
                expected = batches.concat();
            }
            let checkup = check_log(&path).unwrap();
            let context = format!("{place}, inserted: {is_inserted}: {checkup:?}");
            assert_eq!(checkup.events, expected.len() as u64, "{context}");
            if is_last && !(is_inserted && at_bound) {
                assert_eq!(checkup.torn.unwrap().offset, begin, "{context}");
                continue;
            }
            let [span] = checkup.damaged.as_slice() else {
                panic!("{context}");
            };
            let displaced = if is_inserted { 1 } else { -1 };
            assert_eq!(
                (span.offset, span.displaced),
                (begin, displaced),
                "{context}"
            );
            assert_eq!(checkup.torn, None, "{context}");
            // Readers must not report all that follows as a torn tail, nor remove it.
            let reading =
                LogReader::open(&path).and_then(|reader| reader.collect::<Result<Vec<_>, _>>());
            assert!(reading.is_err(), "{context}");
            assert!(
                LogWriter::open(&path, FsyncPolicy::Never).is_err(),
                "{context}"
            );
            if place % 64 == 0 {
                let into = folder.path().join(format!("{place}-{is_inserted}.log"));
                assert_eq!(salvage_log(&path, &into).unwrap(), checkup);
                assert_eq!(read(&into), expected, "{context}");
            }
        }
    }
}

#[test]
fn whole_frames_that_are_missing_are_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.log");
    let batches = small_run();
    let bounds = write_frames(&path, &batches);
    let bytes = fs::read(&path).unwrap();
    let at = |frame: usize| usize::try_from(bounds[frame]).unwrap();
    fs::write(&path, [&bytes[..at(2)], &bytes[at(4)..]].concat()).unwrap();
    let checkup = check_log(&path).unwrap();
    let expected = [&batches[..2], &batches[4..]].concat().concat();
    assert_eq!(checkup.events, expected.len() as u64);
    let missing = i64::try_from(at(4) - at(2)).unwrap();
    let span = &checkup.damaged[0];
    assert_eq!(
        (span.offset, span.bytes, span.displaced),
        (bounds[2], 0, -missing)
    );
}

/// A program that translates line ends displaces most frames by another distance than the frames
/// before them.
#[test]
fn frames_without_a_line_end_outlive_its_translation() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.log");
    let batches: Vec<Vec<Event>> = small_run().into_iter().cycle().take(300).collect();
    let bounds = write_frames(&path, &batches);
    let bytes = fs::read(&path).unwrap();
    let translated: Vec<u8> = bytes
        .iter()
        .flat_map(|byte| {
            if *byte == b'\n' {
                vec![b'\r', b'\n']
            } else {
                vec![*byte]
            }
        })
        .collect();
    fs::write(&path, &translated).unwrap();
    let has_line_end = |frame: usize| {
        let (begin, end) = (bounds[frame] as usize, bounds[frame + 1] as usize);
        bytes[begin..end].contains(&b'\n')
    };
    let kept = (0..batches.len()).filter(|frame| !has_line_end(*frame));
    let expected: Vec<Event> = kept.flat_map(|frame| batches[frame].clone()).collect();
    assert!(!expected.is_empty() && expected.len() < batches.concat().len());
    let into = folder.path().join("salvaged.log");
    let checkup = salvage_log(&path, &into).unwrap();
    assert_eq!(checkup.damaged[0].offset, 0, "the header, too");
    let found = read(&into);
    let differ = found
        .iter()
        .zip(&expected)
        .position(|(found, expected)| found != expected);
    assert_eq!((found.len(), differ), (expected.len(), None));
}

/// A damaged frame has another log as a value: none of its frames counts as a frame of this log.
#[test]
fn a_log_within_a_damaged_frame_is_not_salvaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.log");
    let inner = folder.path().join("inner.log");
    let mut others: Vec<Vec<Event>> = small_run();
    others.truncate(5);
    write_frames(&inner, &others);
    let inner = fs::read(&inner).unwrap();
    for before in [0, 1, 5, 9] {
        for damage_at in [0, 5, 12, 40] {
            let mut batches: Vec<Vec<Event>> = small_run().into_iter().take(before).collect();
            let column = research_core::Column::Value(vec![research_core::domain::Value::Bytes(
                inner.clone(),
            )]);
            batches.push(vec![crate::common::values(1, column)]);
            fs::remove_file(&path).ok();
            let bounds = write_frames(&path, &batches);
            let mut bytes = fs::read(&path).unwrap();
            bytes[bounds[before] as usize + damage_at] ^= 1;
            fs::write(&path, &bytes).unwrap();
            let checkup = check_log(&path).unwrap();
            let expected = batches[..before].concat().len() as u64;
            assert_eq!(
                checkup.events, expected,
                "{before}, {damage_at}: {checkup:?}"
            );
        }
    }
}

/// A file system may have extended the file without writing its bytes, or with bytes of another
/// file. The time to scan them must not grow with the square of their number.
#[test]
fn long_tails_without_a_frame_are_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.log");
    let batches = small_run();
    write_frames(&path, &batches);
    let len = fs::metadata(&path).unwrap().len();
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    // Much more than could be read: only the data must be read, not the hole.
    let hole = 1_u64 << 40;
    file.set_len(len + hole).unwrap();
    let checkup = check_log(&path).unwrap();
    assert_eq!(checkup.events, batches.concat().len() as u64);
    assert_eq!(checkup.torn.unwrap().bytes, hole);

    // Noise in which each possible header has a plausible length, up to the end of the noise.
    let mut noise = vec![0_u8; 4 << 20];
    let mut state = 1_u64;
    for place in (0..noise.len()).step_by(4) {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let word = (state >> 33) as u32 % (noise.len() as u32);
        noise[place..place + 4].copy_from_slice(&word.to_le_bytes());
    }
    file.set_len(len).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &noise, len).unwrap();
    let checkup = check_log(&path).unwrap();
    assert_eq!(checkup.events, batches.concat().len() as u64);
    assert_eq!(checkup.torn.unwrap().bytes, noise.len() as u64);
}
