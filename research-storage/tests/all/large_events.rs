//! Events that are much larger than a usual frame.

use crate::common::{ended, started, values};
use research_core::domain::Value;
use research_core::{Column, Event, StorageError};
use research_storage::{FsyncPolicy, LogReader, LogWriter};

fn write_and_read(events: &[Event]) -> Vec<Vec<Event>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.log");
    let mut writer = LogWriter::create(&path, FsyncPolicy::Never).unwrap();
    writer.append(events).unwrap();
    writer.commit(false).unwrap();
    LogReader::open(&path)
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn a_string_of_100_megabytes_comes_back() {
    let text = "0123456789".repeat(10_000_000);
    let events = [started(0), values(0, Column::Text(vec![text])), ended(0)];
    assert!(write_and_read(&events).concat() == events);
}

#[test]
fn one_append_of_many_events_becomes_many_frames() {
    let events: Vec<Event> = (0..1000)
        .map(|number| values(number, Column::Float(vec![0.5; 1000])))
        .collect();
    let batches = write_and_read(&events);
    assert!(batches.len() > 20);
    assert!(batches.concat() == events);
}

#[test]
fn what_could_not_be_read_back_is_refused_and_the_rest_is_kept() {
    // Small integers take one byte each in the file and eight in the reader's memory.
    let events = [
        started(0),
        values(0, Column::Int(vec![1; 40_000_000])),
        ended(0),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.log");
    let mut writer = LogWriter::create(&path, FsyncPolicy::Never).unwrap();
    let error = writer.append(&events).unwrap_err();
    assert!(matches!(error, StorageError::TooLarge { len } if len > 40_000_000));
    writer.append(&events[2..]).unwrap();
    writer.commit(false).unwrap();
    let read: Vec<Event> = LogReader::open(&path)
        .unwrap()
        .flat_map(Result::unwrap)
        .collect();
    assert_eq!(read, [started(0), ended(0)]);
}

#[test]
fn values_that_are_not_numbers_keep_their_bits() {
    let nan = f64::from_bits(0x7ff8_0000_0000_1234);
    let column = Column::Value(vec![Value::Float(nan), Value::Float(f64::NEG_INFINITY)]);
    for column in [Column::Float(vec![nan, f64::NEG_INFINITY, -0.0]), column] {
        let expected = bits(&column);
        match write_and_read(&[values(0, column)]).concat().as_slice() {
            [Event::Values { column, .. }] => assert_eq!(bits(column), expected),
            other => panic!("{other:?}"),
        }
    }
}

fn bits(column: &Column) -> Vec<u64> {
    let values = (0..column.len()).map(|position| column.get(position).unwrap());
    let bits = values.map(|value| match value {
        Value::Float(value) => value.to_bits(),
        other => panic!("{other:?}"),
    });
    bits.collect()
}
