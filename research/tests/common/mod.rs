//! What tests of whole researches share.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "not every test program needs all of it"
)]

use std::path::{Path, PathBuf};

use research::Finished;
use research::storage::{Format, TableOptions};

/// A folder that is new when the test begins, at the same path in all its processes.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if !is_worker() {
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
    }
    path
}

pub(crate) fn is_worker() -> bool {
    research::exec::Invitation::received().is_some()
}

pub(crate) fn csv(finished: &Finished) -> String {
    let mut text = Vec::new();
    let options = TableOptions::default();
    finished
        .results()
        .write(&options, Format::Csv, &mut text)
        .unwrap();
    String::from_utf8(text).unwrap()
}
