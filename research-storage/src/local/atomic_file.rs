//! Files that replace others when they are complete.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::files::HIDDEN;

/// A new file in a folder, which replaces another when it is complete.
///
/// It is locked until then: [`collect`](super::StoredResearch::collect) removes a file without a
/// lock, because the process that wrote it was killed.
#[derive(Debug)]
pub struct Replacement {
    path: PathBuf,
    file: NamedTempFile,
}

impl Replacement {
    /// Creates the file under a hidden name in `folder`.
    ///
    /// # Errors
    /// It cannot be created.
    pub fn new(folder: &Path, name: &str) -> io::Result<Self> {
        loop {
            let file = tempfile::Builder::new()
                .prefix(HIDDEN)
                .permissions(fs::Permissions::from_mode(0o666))
                .tempfile_in(folder)?;
            // Where files cannot be locked, none is taken for a leftover.
            let _ = file.as_file().lock();
            // Before it was locked, it may have been removed as a leftover.
            if file.path().symlink_metadata().is_ok() {
                let path = folder.join(name);
                return Ok(Self { path, file });
            }
        }
    }

    /// Returns the path that the file will have.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the file, to write it.
    pub fn file_mut(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Replaces the file at the path.
    ///
    /// # Errors
    /// It cannot be renamed; then the file at the path is unchanged.
    pub fn persist(self) -> io::Result<()> {
        let persisted = self.file.persist(&self.path);
        persisted.map(drop).map_err(|error| error.error)
    }
}
