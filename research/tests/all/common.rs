//! Shared functions of tests of whole researches.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "not every test program needs all of it"
)]

use std::path::{Path, PathBuf};

use research::storage::{Format, TableOptions};
use research::{CompletedRun, Research, ec, option};

/// Returns a folder that is new when the test begins, at the same path in all its processes.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if !is_worker() {
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
    }
    path
}

pub(crate) fn is_worker() -> bool {
    research::exec::WorkerBootstrap::received().is_some()
}

pub(crate) fn csv(finished: &CompletedRun) -> String {
    csv_with(finished, &TableOptions::default())
}

pub(crate) fn csv_with(finished: &CompletedRun, options: &TableOptions) -> String {
    let mut text = Vec::new();
    let results = finished.results();
    results.write(options, Format::Csv, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// Returns the last column of the results.
pub(crate) fn last_values(finished: &CompletedRun) -> Vec<String> {
    let text = csv(finished);
    let lines = text.lines().skip(1);
    lines
        .map(|line| line.rsplit(',').next().unwrap().to_owned())
        .collect()
}

/// A research that squares the numbers from 0 to 3, for tests that update its domain.
pub(crate) fn square(name: &str) -> Research {
    Research::new(name)
        .domain(option("x", 0..4_i64))
        .callable("square", |x: i64| x * x, (ec("x"),))
        .save_to("square")
        .seed(5)
}

/// Returns the values of x that were run, in the order of their indices, each with the number of
/// updates.
pub(crate) fn runs(finished: &CompletedRun) -> Vec<(i64, u64)> {
    let results = finished.results().load().unwrap();
    let run = |one: &research::storage::ExperimentResult| {
        (one.record.config.read("x").unwrap(), one.record.updates)
    };
    results.experiments().map(run).collect()
}
