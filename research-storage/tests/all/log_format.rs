//! The format of the log: reads logs of older and newer versions of the program.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{KINDS, ended, kind, kinds, later_kinds, small_run, started, values};
use proptest::prelude::*;
use research_core::codec::{decode_payload, encode_event};
use research_core::domain::Value;
use research_core::events::{ResourceUsage, UnknownEvent};
use research_core::{
    Column, Event, EventLog as _, ExperimentNumber, FsyncPolicy, Iterations, LogLevel, Status,
    StorageError, Timestamp,
};
use research_storage::{LogReader, LogWriter, check_log, salvage_log};

const FILE_HEADER: usize = 16;
const FRAME_HEADER: usize = 12;

/// The header of an event: its kind and the version of its encoding.
const EXPERIMENT_ENDED: [u8; 2] = [8, 2];

/// Returns a log of format 1 with all of its kinds of events, in a temporary folder.
fn format_1() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.log");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/first_release/format_1.log");
    fs::copy(from, &path).unwrap();
    (folder, path)
}

/// Writes a log with one frame per payload.
fn log_of(payloads: &[Vec<u8>]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.log");
    LogWriter::create(&path, FsyncPolicy::Never).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    for payload in payloads {
        let offset = bytes.len() as u64;
        let mut header = (payload.len() as u32).to_le_bytes().to_vec();
        header.extend(crc32fast::hash(payload).to_le_bytes());
        let checked = [&offset.to_le_bytes()[..], &header].concat();
        header.extend(crc32fast::hash(&checked).to_le_bytes());
        bytes.extend([&header[..], payload].concat());
    }
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn payload(events: &[Event]) -> Vec<u8> {
    let mut payload = Vec::new();
    for event in events {
        encode_event(event, &mut payload).unwrap();
    }
    payload
}

fn read(path: &Path) -> Vec<Event> {
    LogReader::open(path)
        .unwrap()
        .flat_map(Result::unwrap)
        .collect()
}

/// Returns the offset of each frame and the end of the log.
fn bounds(bytes: &[u8]) -> Vec<usize> {
    let mut bounds = vec![FILE_HEADER];
    while let Some(length) = bytes[bounds[bounds.len() - 1]..].first_chunk() {
        let length = u32::from_le_bytes(*length) as usize;
        bounds.push(bounds[bounds.len() - 1] + FRAME_HEADER + length);
    }
    bounds
}

fn version(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[8..12].try_into().unwrap())
}

#[test]
fn every_kind_of_event_round_trips() {
    let events = small_run().concat();
    assert_eq!(kinds(&events).len(), KINDS);
    assert_eq!(decode_payload(&payload(&events)).unwrap(), events);
    for event in events {
        let name = kind(&event);
        let payload = payload(std::slice::from_ref(&event));
        assert_eq!(decode_payload(&payload).unwrap(), [event], "{name}");
    }
}

fn some_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<u64>().prop_map(Value::from),
        (-1e300..1e300).prop_map(Value::Float),
        ".{0,20}".prop_map(Value::Text),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::vec((".{0,5}", inner), 0..4).prop_map(Value::Map),
        ]
    })
}

fn some_event() -> impl Strategy<Value = Event> {
    let listed = small_run().concat();
    let number = any::<u64>().prop_map(ExperimentNumber);
    let saved = (
        number.clone(),
        ".{0,9}",
        prop::collection::vec(some_value(), 0..40),
    );
    let text = prop::option::of(".{0,300}");
    let message = (number, any::<u64>(), text);
    let usage = (
        any::<Option<u64>>(),
        prop::option::of(0.0..1e9),
        any::<Option<i32>>(),
    );
    prop_oneof![
        prop::sample::select(listed),
        saved.prop_map(|(experiment, variable, values)| Event::Values {
            experiment,
            variable: variable.into(),
            iterations: Iterations::List((0..values.len() as u64).rev().collect()),
            column: Column::Value(values),
        }),
        (message, usage).prop_map(|((experiment, at, reason), usage)| Event::ExperimentEnded {
            at: Timestamp(at),
            experiment,
            attempt: 1,
            status: Status::Cancelled,
            reason,
            iterations: at,
            usage: ResourceUsage {
                peak_memory: usage.0,
                cpu_seconds: usage.1,
                exit_code: usage.2,
            },
        }),
        ("\\PC{0,600}", any::<u64>()).prop_map(|(text, at)| Event::Message {
            at: Timestamp(at),
            experiment: None,
            level: LogLevel::Debug,
            text,
        }),
        (23_u8.., 1_u8.., prop::collection::vec(any::<u8>(), 0..600)).prop_map(
            |(kind, version, body)| Event::Unknown(UnknownEvent {
                kind,
                version,
                body
            })
        ),
    ]
}

proptest! {
    #[test]
    fn any_event_round_trips(events in prop::collection::vec(some_event(), 1..20)) {
        let payload = payload(&events);
        prop_assert_eq!(decode_payload(&payload).unwrap(), events);
    }

    /// A truncated payload is never decoded as a different one.
    #[test]
    fn a_part_of_a_payload_has_the_first_events_or_is_refused(
        events in prop::collection::vec(some_event(), 1..6),
        share in 0.0..1.0,
    ) {
        let payload = payload(&events);
        let length = (payload.len() as f64 * share) as usize;
        if let Ok(read) = decode_payload(&payload[..length]) {
            prop_assert_eq!(&read[..], &events[..read.len()]);
        }
    }
}

/// Returns an event of an unknown kind.
fn unknown() -> Event {
    Event::Unknown(UnknownEvent {
        kind: 99,
        version: 1,
        body: b"fields of a kind that came later".to_vec(),
    })
}

#[test]
fn events_of_unknown_kinds_are_skipped_and_counted() {
    let known = [started(3), values(3, Column::Int(vec![5])), ended(3)];
    let mixed = [&[unknown()], &known[..2], &[unknown()], &known[2..]].concat();
    let (folder, path) = log_of(&[payload(&mixed), payload(&[unknown()])]);
    let mut log = LogReader::open(&path).unwrap();
    let mut events = Vec::new();
    while let Some(batch) = log.next_batch().unwrap() {
        events.extend(batch);
    }
    assert_eq!(log.unknown_events(), 3);
    let mut found = events.clone();
    found.retain(|event| !matches!(event, Event::Unknown(_)));
    assert_eq!(found, known);
    let checkup = check_log(&path).unwrap();
    assert!(checkup.is_whole(), "{checkup:?}");
    assert_eq!((checkup.events, checkup.unknown_events), (6, 3));
    // Events that readers only skip are copied.
    let salvaged = folder.path().join("salvaged.log");
    salvage_log(&path, &salvaged).unwrap();
    assert_eq!(read(&salvaged), events);
    let (writer, torn) = LogWriter::open(&path, FsyncPolicy::Never).unwrap();
    assert_eq!((writer.unknown_events(), torn), (3, None));
}

#[test]
fn of_a_newer_version_of_a_kind_the_known_fields_are_read() {
    let event = ended(3);
    let mut newer = payload(std::slice::from_ref(&event));
    assert_eq!(newer[1..3], EXPERIMENT_ENDED);
    newer[2] += 1;
    // The length, and a field.
    newer[3] += 1;
    newer.push(7);
    let (_folder, path) = log_of(std::slice::from_ref(&newer));
    assert_eq!(read(&path), [event]);
    // In a known version an additional field is an error.
    newer[2] -= 1;
    assert!(decode_payload(&newer).is_err());
}

#[test]
fn of_a_newer_version_of_a_kind_unknown_fields_make_it_unknown() {
    let mut newer = payload(&[ended(3)]);
    newer[2] += 1;
    // The time takes all remaining bytes.
    newer[4] = 253;
    newer.truncate(8);
    newer[3] = 4;
    let (_folder, path) = log_of(&[newer]);
    assert!(matches!(read(&path)[..], [Event::Unknown(_)]));
}

#[test]
fn a_frame_of_a_newer_format_is_refused() {
    let mut newer = payload(&[ended(3)]);
    newer[0] += 1;
    let (folder, path) = log_of(&[payload(&[started(3)]), newer]);
    let is_refused = |error: StorageError| {
        matches!(
            error,
            StorageError::TooNew {
                found: 3,
                known: 2,
                ..
            }
        )
    };
    let error = LogReader::open(&path).unwrap().find_map(Result::err);
    assert!(is_refused(error.unwrap()));
    assert!(is_refused(check_log(&path).unwrap_err()));
    assert!(is_refused(
        LogWriter::open(&path, FsyncPolicy::Never).unwrap_err()
    ));
    let salvaged = folder.path().join("salvaged.log");
    assert!(is_refused(salvage_log(&path, &salvaged).unwrap_err()));
}

#[test]
fn a_frame_without_events_is_refused() {
    assert!(decode_payload(&[]).is_err());
    assert!(decode_payload(&payload(&[ended(3)])[..1]).is_err());
}

#[test]
fn a_log_of_format_1_is_appended_to_in_the_current_format() {
    let (_folder, path) = format_1();
    let before = fs::read(&path).unwrap();
    let old = read(&path);
    assert_eq!(version(&before), 1);
    let (mut writer, torn) = LogWriter::open(&path, FsyncPolicy::Never).unwrap();
    assert_eq!(torn, None);
    let new = [vec![started(900)], later_kinds(ExperimentNumber(900))].concat();
    writer.append(&new).unwrap();
    writer.commit(true).unwrap();
    let bytes = fs::read(&path).unwrap();
    // Programs that know only format 1 report a newer log, instead of reporting the new frames as
    // damage.
    assert_eq!(version(&bytes), 2);
    // The existing frames are unchanged.
    assert_eq!(bytes[FILE_HEADER..before.len()], before[FILE_HEADER..]);
    let all = [old, new].concat();
    assert_eq!(show(&read(&path)), show(&all));
    let checkup = check_log(&path).unwrap();
    assert!(checkup.is_whole(), "{checkup:?}");
    assert_eq!(checkup.events, all.len() as u64);
}

/// Formats events to compare them: some of the values are NaN, which is not equal to itself.
fn show(events: &[Event]) -> String {
    format!("{events:?}")
}

#[test]
fn a_torn_tail_of_format_1_is_cut_off() {
    let (_folder, path) = format_1();
    let bytes = fs::read(&path).unwrap();
    let bounds = bounds(&bytes);
    let last = bounds[bounds.len() - 2];
    fs::write(&path, &bytes[..last + 20]).unwrap();
    let (mut writer, torn) = LogWriter::open(&path, FsyncPolicy::Never).unwrap();
    assert_eq!(torn.map(|torn| torn.offset), Some(last as u64));
    writer.append(&[ended(3)]).unwrap();
    writer.commit(true).unwrap();
    assert_eq!(read(&path).pop(), Some(ended(3)));
    assert!(check_log(&path).unwrap().is_whole());
}

/// Damages, displaces and truncates at each frame of a log whose first half has format 1 and whose
/// second half has format 2.
#[test]
fn damage_in_a_log_of_both_formats_costs_the_damaged_frame_alone() {
    let (folder, path) = format_1();
    let mut writer = LogWriter::open(&path, FsyncPolicy::Never).unwrap().0;
    for batch in small_run() {
        writer.append(&batch).unwrap();
        writer.commit(false).unwrap();
    }
    let bytes = fs::read(&path).unwrap();
    let bounds = bounds(&bytes);
    let batches: Vec<Vec<Event>> = LogReader::open(&path)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(batches.len(), bounds.len() - 1);
    let damaged = folder.path().join("damaged.log");
    let salvaged = folder.path().join("salvaged.log");
    let is_salvaged = |bytes: &[u8], without: usize| {
        fs::write(&damaged, bytes).unwrap();
        fs::remove_file(&salvaged).ok();
        let checkup = salvage_log(&damaged, &salvaged).unwrap();
        assert!(!checkup.is_whole());
        let mut whole = batches.clone();
        whole.remove(without);
        assert_eq!(
            show(&read(&salvaged)),
            show(&whole.concat()),
            "without {without}"
        );
    };
    for (frame, &start) in bounds[..batches.len()].iter().enumerate() {
        let mut flipped = bytes.clone();
        flipped[start + FRAME_HEADER + 1] ^= 0x10;
        is_salvaged(&flipped, frame);
        if frame + 1 < batches.len() {
            let displaced = [&bytes[..start + 9], b"abc", &bytes[start + 9..]].concat();
            is_salvaged(&displaced, frame);
        }
        fs::write(&damaged, &bytes[..start]).unwrap();
        let (_, torn) = LogWriter::open(&damaged, FsyncPolicy::Never).unwrap();
        assert_eq!(torn, None);
    }
}
