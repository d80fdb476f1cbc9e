//! The Parquet tables in the folder of a research.

use std::fs;
use std::path::Path;

use research::base::{
    Column, Event, ExperimentNumber, ExperimentRecord, Iterations, Outcome, ResearchRecord,
    RunOptions, Status, Storage, StorageError, Timestamp, WorkerNumber,
};
use research::domain::{Config, ExperimentId, Rules};
use research::storage::{
    LocalStorage, LostEnd, ReplaceTables, StoredResearch, check_folder, table_rows, write_tables,
};

fn create(base: &Path) -> LocalStorage {
    let record = ResearchRecord {
        format: ResearchRecord::FORMAT,
        rules: Rules::LATEST,
        name: "power".to_owned(),
        created: 0,
        program: "test".to_owned(),
        build: None,
        directory: base.to_owned(),
        directory_from_folder: None,
        domain: "a=[1, 2]".to_owned(),
        options: RunOptions::default(),
        units: Vec::new(),
        commands: Vec::new(),
        updates: Vec::new(),
        source: None,
        source_file: None,
    };
    LocalStorage::create(base, &record).unwrap()
}

fn started(number: u64, attempt: u32) -> Event {
    Event::ExperimentStarted {
        at: Timestamp(1),
        experiment: ExperimentNumber(number),
        attempt,
        worker: WorkerNumber(0),
        pid: 1,
        record: Box::new(ExperimentRecord {
            id: ExperimentId::parse(&format!("e{number}")).unwrap(),
            place: number,
            config: Config::from_pairs([("a", number)]),
            repetition: 0,
            updates: 0,
            seed: 7,
        }),
        epoch: 0,
        added: Config::new(),
    }
}

fn saved(number: u64, count: u64) -> Event {
    Event::Values {
        experiment: ExperimentNumber(number),
        variable: "power".into(),
        iterations: Iterations::Run { first: 0, count },
        column: Column::Int(vec![1; usize::try_from(count).unwrap()]),
    }
}

fn ended(number: u64) -> Event {
    Event::ExperimentEnded {
        at: Timestamp(2),
        experiment: ExperimentNumber(number),
        attempt: 1,
        status: Status::Finished,
        reason: None,
        iterations: 1,
        usage: Default::default(),
    }
}

fn run_started() -> Event {
    Event::RunStarted {
        at: Timestamp(0),
        pid: 1,
        workers: 1,
        total: Some(2),
        n_iters: None,
        epoch: 0,
        host: None,
    }
}

fn run_ended() -> Event {
    Event::RunEnded {
        at: Timestamp(3),
        outcome: Outcome::Complete,
    }
}

fn commit(storage: &mut LocalStorage, events: &[Event]) {
    storage.append(events).unwrap();
    storage.commit(false).unwrap();
}

/// Returns the numbers of rows of the tables of results and experiments.
fn rows(folder: &Path) -> [Option<u64>; 2] {
    ["results.parquet", "experiments.parquet"].map(|name| table_rows(&folder.join(name)))
}

#[test]
fn both_tables_are_written_and_replaced() {
    let base = tempfile::tempdir().unwrap();
    let mut storage = create(base.path());
    commit(&mut storage, &[started(0, 1), saved(0, 4)]);
    let stored = StoredResearch::load(storage.folder()).unwrap();
    write_tables(&stored, ReplaceTables::UnlessFewerRows).unwrap();
    assert_eq!(rows(storage.folder()), [Some(4), Some(1)]);
    commit(&mut storage, &[ended(0), started(1, 1), saved(1, 1)]);
    write_tables(&stored, ReplaceTables::UnlessFewerRows).unwrap();
    assert_eq!(rows(storage.folder()), [Some(5), Some(2)]);
    let hidden = fs::read_dir(storage.folder()).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.as_encoded_bytes().starts_with(b".")
    });
    assert_eq!(hidden.count(), 0);
}

#[test]
fn tables_with_fewer_rows_replace_none() {
    let base = tempfile::tempdir().unwrap();
    let mut storage = create(base.path());
    commit(&mut storage, &[started(0, 1), saved(0, 4)]);
    let stored = StoredResearch::load(storage.folder()).unwrap();
    write_tables(&stored, ReplaceTables::UnlessFewerRows).unwrap();
    // The attempt voids the values of the one before.
    commit(&mut storage, &[started(0, 2), saved(0, 1)]);
    let refused = write_tables(&stored, ReplaceTables::UnlessFewerRows).unwrap_err();
    let expected = (4, 1);
    assert!(
        matches!(refused, StorageError::FewerRows { before, now, .. } if (before, now) == expected)
    );
    assert_eq!(rows(storage.folder()), [Some(4), Some(1)]);
    write_tables(&stored, ReplaceTables::UnlessFewerExperiments).unwrap();
    assert_eq!(rows(storage.folder()), [Some(1), Some(1)]);
}

#[test]
fn the_error_names_the_file_that_cannot_be_written() {
    let base = tempfile::tempdir().unwrap();
    let storage = create(base.path());
    fs::create_dir(storage.folder().join("results.parquet")).unwrap();
    let stored = StoredResearch::load(storage.folder()).unwrap();
    let error = write_tables(&stored, ReplaceTables::UnlessFewerRows).unwrap_err();
    assert!(error.to_string().contains("results.parquet"), "{error}");
}

/// A log that was cut at the end of a frame has no damaged bytes, but lacks experiments of the
/// table.
#[test]
fn the_table_of_experiments_shows_what_the_log_has_lost() {
    let base = tempfile::tempdir().unwrap();
    let mut storage = create(base.path());
    let log = storage.folder().join("events.log");
    let mut ends = Vec::new();
    for events in [
        vec![run_started()],
        vec![started(0, 1), ended(0)],
        vec![run_ended()],
        vec![run_started(), started(1, 1), ended(1), run_ended()],
    ] {
        ends.push(fs::metadata(&log).unwrap().len());
        commit(&mut storage, &events);
    }
    let folder = storage.folder().to_owned();
    drop(storage);
    let stored = StoredResearch::load(&folder).unwrap();
    write_tables(&stored, ReplaceTables::Always).unwrap();
    assert_eq!(stored.lost_end().unwrap(), None);
    let bytes = fs::read(&log).unwrap();
    for (index, end) in ends.into_iter().enumerate() {
        fs::write(&log, &bytes[..usize::try_from(end).unwrap()]).unwrap();
        assert!(!check_folder(&folder).unwrap().is_log_whole(), "{index}");
        let lost = stored.lost_end().unwrap();
        let is_by_rows = matches!(lost, Some(LostEnd::LostRows(_)));
        assert!(
            lost.is_some() && is_by_rows == [0, 3].contains(&index),
            "{index}: {lost:?}"
        );
        let replaced = write_tables(&stored, ReplaceTables::UnlessFewerRows);
        assert!(replaced.is_err(), "{index}");
    }
}
