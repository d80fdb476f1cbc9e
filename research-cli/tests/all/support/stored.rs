//! The program as a process, and records and events of stored researches.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use research::base::{
    Event, ExperimentNumber, ExperimentRecord, ResearchRecord, RunOptions, Status, Timestamp,
    WorkerNumber,
};
use research::domain::{Config, ExperimentId};

/// Runs the program in a folder to its end.
pub(crate) fn research(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_research"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The time this many seconds after the creation of the researches of the tests.
pub(crate) fn at(seconds: u64) -> Timestamp {
    Timestamp(1_700_000_000_000_000 + seconds * 1_000_000)
}

/// A research with one unit.
pub(crate) fn record(name: &str, domain: &str) -> ResearchRecord {
    ResearchRecord {
        format: ResearchRecord::FORMAT,
        rules: research::domain::Rules::LATEST,
        name: name.to_owned(),
        created: at(0).0,
        program: "test".to_owned(),
        build: None,
        directory: PathBuf::from("/"),
        directory_from_folder: None,
        domain: domain.to_owned(),
        options: RunOptions::default(),
        units: vec!["u (callable, when 1)".to_owned()],
        commands: Vec::new(),
        updates: Vec::new(),
        source: None,
        source_file: None,
    }
}

/// The start of an experiment.
pub(crate) fn started(number: u64, id: ExperimentId, config: Config, repetition: u64) -> Event {
    Event::ExperimentStarted {
        at: at(number),
        experiment: ExperimentNumber(number),
        attempt: 1,
        worker: WorkerNumber(0),
        pid: 7,
        record: Box::new(ExperimentRecord {
            id,
            place: number,
            config,
            repetition,
            updates: 0,
            seed: 0,
        }),
        epoch: 0,
        added: Default::default(),
    }
}

/// Returns the end of an experiment; `killed` is the reason of one without success.
pub(crate) fn ended(number: u64, status: Status, iterations: u64) -> Event {
    Event::ExperimentEnded {
        at: at(number + 1),
        experiment: ExperimentNumber(number),
        attempt: 1,
        status,
        reason: (!status.is_success()).then(|| "killed by signal 9".to_owned()),
        iterations,
        usage: Default::default(),
    }
}
