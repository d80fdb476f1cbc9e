//! What tests of whole researches share.

use std::path::{Path, PathBuf};

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
