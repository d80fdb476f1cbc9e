//! Finds the process that holds a `flock`, as far as `/proc` shows it.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The identity of a file, independent of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileId {
    pub(super) device: u64,
    pub(super) inode: u64,
}

impl FileId {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }

    /// Returns the id of the file at a path, without following a symbolic link; `None` if it is
    /// missing.
    pub(super) fn at(path: &Path) -> Option<Self> {
        fs::symlink_metadata(path)
            .ok()
            .map(|found| Self::of(&found))
    }

    /// Returns the id of the file at a path, following symbolic links; `None` if it is missing.
    pub(super) fn at_end_of_links(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|found| Self::of(&found))
    }
}

/// Returns the process that holds an exclusive `flock` on a file, if the system shows it.
pub(super) fn holder(file: FileId) -> Option<u32> {
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let inode = format!(":{}", file.inode);
    let mut pids = locks.lines().filter_map(|line| {
        // `1: FLOCK  ADVISORY  WRITE 4242 fe:00:1234 0 EOF`
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, "FLOCK", _, "WRITE", pid, id, ..] = fields.as_slice() else {
            return None;
        };
        id.ends_with(&inode).then(|| pid.parse().ok()).flatten()
    });
    // On some file systems `/proc/locks` shows other device numbers, so check the descriptors of
    // the process.
    pids.find(|pid| has_locked(*pid, file))
}

/// Whether a process has a file open and holds an exclusive `flock` on it.
pub(super) fn has_locked(pid: u32, file: FileId) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    descriptors.flatten().any(|descriptor| {
        fs::metadata(descriptor.path()).is_ok_and(|found| FileId::of(&found) == file)
            && descriptor
                .file_name()
                .to_str()
                .is_some_and(|name| is_locked_by(pid, name))
    })
}

/// Whether a process itself has locked the file of its descriptor. A process that has inherited or
/// received the descriptor of the holder has not.
fn is_locked_by(pid: u32, descriptor: &str) -> bool {
    let path = format!("/proc/{pid}/fdinfo/{descriptor}");
    let Ok(info) = fs::read_to_string(path) else {
        return false;
    };
    let pid = pid.to_string();
    info.lines()
        .filter_map(|line| line.strip_prefix("lock:"))
        .any(|lock| {
            let mut fields = lock
                .split_whitespace()
                .skip_while(|field| *field != "WRITE");
            fields.nth(1) == Some(pid.as_str())
        })
}
