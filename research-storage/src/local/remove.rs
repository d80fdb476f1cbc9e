//! Removing a research.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use research_core::StorageError;

use super::StoredResearch;
use super::files::{EVENTS, hidden_folder};
use super::lock::{Lock, runner};
use crate::log::MAGIC;

/// Removes the folder of a research and all its content. Symbolic links in it are removed, not
/// followed.
///
/// The folder is renamed to a hidden name first, so no incomplete research is ever visible. `force`
/// removes it even if a process runs it.
///
/// # Errors
/// The folder is not a research, or is a symbolic link to one; a process runs it and `force` is
/// false; or it cannot be deleted.
pub fn remove(folder: &Path, force: bool) -> Result<(), StorageError> {
    let folder = plain_path(folder)?;
    let refuse = |reason: &str| StorageError::NoResearch {
        path: folder.clone(),
        reason: reason.to_owned(),
    };
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else {
        return Err(refuse("give the folder by its name"));
    };
    match fs::symlink_metadata(&folder) {
        Ok(metadata) if metadata.is_symlink() => {
            return Err(refuse("it is a symbolic link, which is not followed"));
        }
        Ok(_) => check_is_ours(&folder)?,
        Err(_) => {
            StoredResearch::load(&folder)?;
        }
    }
    // Held until the end, so that no other process starts to run the research in the meantime.
    let _lock = if force {
        None
    } else if let Some(runner) = runner(&folder)? {
        return Err(runner.locked(&folder));
    } else {
        Some(Lock::take(&folder)?)
    };
    let hidden = hidden_folder(parent)?;
    let moved = hidden.path().join(name);
    fs::rename(&folder, &moved).map_err(StorageError::io("remove", &folder))?;
    // Delete it here instead of in the guard's `drop`, which would ignore errors.
    let hidden = hidden.keep();
    fs::remove_dir_all(&hidden).map_err(StorageError::io("delete", &hidden))
}

/// Returns the absolute path without slashes and dots at its end, which would follow a symbolic
/// link.
fn plain_path(folder: &Path) -> Result<PathBuf, StorageError> {
    let path = std::path::absolute(folder).map_err(StorageError::io("find", folder))?;
    Ok(path.components().collect())
}

/// Returns an error for a folder that has neither the record nor the log of a research. One of the
/// two is enough, so that a damaged research can be removed.
fn check_is_ours(folder: &Path) -> Result<(), StorageError> {
    match StoredResearch::load(folder) {
        Ok(_) | Err(StorageError::TooNew { .. }) => Ok(()),
        Err(_) if has_event_log(folder) => Ok(()),
        Err(error) => Err(error),
    }
}

fn has_event_log(folder: &Path) -> bool {
    let path = folder.join(EVENTS);
    let mut begin = [0; MAGIC.len()];
    fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file())
        && fs::File::open(&path)
            .and_then(|mut file| file.read_exact(&mut begin))
            .is_ok_and(|()| begin == MAGIC)
}
