//! Shared code of the tests: projects in temporary folders, and stored researches.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

mod project;
mod stored;

pub(crate) use project::{CommandOutput, Gated, Project, Running, SHOW, names, send, wait_for};
pub(crate) use stored::{at, ended, record, research, started, text};

/// Returns a Python with these packages: `RESEARCH_PYTHON`, the one that `cargo xtask test`
/// installs, or the system's. If there is none, prints a note, and the caller skips its test.
pub(crate) fn python_with(packages: &str) -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/python/bin/python3");
    let named = std::env::var_os("RESEARCH_PYTHON").map(PathBuf::from);
    let candidates = named.into_iter().chain([own, PathBuf::from("python3")]);
    let found = candidates.into_iter().find(|python| {
        let has_all = Command::new(python)
            .args(["-c", &format!("import {packages}")])
            .stderr(Stdio::null())
            .status();
        has_all.is_ok_and(|status| status.success())
    });
    if found.is_none() {
        println!("skipped: there is no Python with {packages}");
    }
    found
}
