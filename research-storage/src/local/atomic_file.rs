//! New files that replace existing ones when they are complete.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::files::HIDDEN;

/// A new file in a folder, which replaces an existing one when it is complete.
///
/// The file is locked until then: [`collect`](super::StoredResearch::collect) removes files that
/// are not locked, because the processes that wrote them were killed.
#[derive(Debug)]
pub struct Replacement {
    path: PathBuf,
    file: NamedTempFile,
}

impl Replacement {
    /// Creates the file under a hidden name in `folder`.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn new(folder: &Path, name: &str) -> io::Result<Self> {
        loop {
            let file = tempfile::Builder::new()
                .prefix(HIDDEN)
                .permissions(fs::Permissions::from_mode(0o666))
                .tempfile_in(folder)?;
            // If the file system cannot lock files, no such file counts as garbage.
            let _ = file.as_file().lock();
            // Another process may have removed it as garbage before it was locked.
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
    /// The file cannot be renamed; the file at the path is then unchanged.
    pub fn persist(self) -> io::Result<()> {
        let persisted = self.file.persist(&self.path);
        persisted.map(drop).map_err(|error| error.error)
    }
}
