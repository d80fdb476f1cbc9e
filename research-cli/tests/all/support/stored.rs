//! The program as a process, and the record of a research that is made by hand.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use research::core::{ResearchRecord, RunOptions, Timestamp};

/// Runs the program in a folder to its end.
pub(crate) fn research(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_research"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// What it has printed.
pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A moment, so many seconds after the researches of the tests were made.
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
        updates: Vec::new(),
        source: None,
        source_file: None,
    }
}
