//! Garbage collection in the folder of a research: files that killed processes had not completed,
//! and saved values to which no event refers.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use research_core::events::VALUES;
use research_core::{Event, ExperimentNumber, Fold, LargeValue, StorageError};

use super::StoredResearch;
use super::files::{DAMAGED, EVENTS, HIDDEN, SALVAGED};
use super::lock::Lock;
use super::verify::check;
use crate::log::walk;

/// Garbage in the folder of a research.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// The files.
    pub files: Vec<PathBuf>,
    /// Their total size in bytes.
    pub bytes: u64,
}

impl Leftovers {
    fn add(&mut self, path: PathBuf) {
        self.bytes += fs::symlink_metadata(&path).map_or(0, |metadata| metadata.len());
        self.files.push(path);
    }

    fn remove(&self) -> Result<(), StorageError> {
        self.files.iter().try_for_each(|path| {
            match fs::remove_file(path) {
                // Another process has removed the file.
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                removed => removed.map_err(StorageError::io("remove", path)),
            }
        })
    }
}

impl StoredResearch {
    /// Removes the files in the folder that killed processes were writing, and returns them.
    /// Removes nothing while a process runs the research.
    ///
    /// # Errors
    /// The folder cannot be locked, or a file cannot be removed.
    pub fn collect(&self) -> Result<Leftovers, StorageError> {
        let Some(_lock) = self.lock_unless_run()? else {
            return Ok(Leftovers::default());
        };
        let found = unfinished_without_run(self.folder());
        found.remove()?;
        Ok(found)
    }

    /// Removes the files of saved values to which no event refers, or only events of attempts that
    /// later ones have replaced, and returns them. Removes nothing while a process runs the
    /// research.
    ///
    /// # Errors
    /// The log cannot be read, or events of it are missing, which may have referred to any of the
    /// files; or a file cannot be removed.
    pub fn collect_values(&self) -> Result<Leftovers, StorageError> {
        // A run may have written a value whose event is not in the log yet.
        let Some(lock) = self.lock_unless_run()? else {
            return Ok(Leftovers::default());
        };
        let checkup = check(self.folder(), None, lock.follows_a_death())?;
        if !checkup.is_log_whole() {
            return Err(StorageError::Damaged {
                path: self.folder().join(EVENTS),
                offset: checkup.end_of_whole(),
                reason:
                    "its lost events may have referred to any of the values, so none is removed"
                        .to_owned(),
            });
        }
        checkup.unused_values.remove()?;
        Ok(checkup.unused_values)
    }

    /// Locks the folder; `None` while a process runs the research.
    fn lock_unless_run(&self) -> Result<Option<Lock>, StorageError> {
        match Lock::take(self.folder()) {
            Ok(lock) => Ok(Some(lock.leaving_trace())),
            Err(StorageError::Locked { .. } | StorageError::LockedElsewhere { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Returns the files in a folder that were to replace others, and that no process is writing.
pub(super) fn unfinished(folder: &Path) -> Leftovers {
    let mut found = Leftovers::default();
    let is_ours = |name: &str| name.starts_with(HIDDEN) || name == SALVAGED;
    for path in files(folder, is_ours) {
        // Another process may be writing the file: tables can be written while a research runs.
        if File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
            found.add(path);
        }
    }
    found
}

/// Returns the files of [`unfinished`] and the incomplete files of values. The research must not be
/// running.
pub(super) fn unfinished_without_run(folder: &Path) -> Leftovers {
    let mut found = unfinished(folder);
    for path in values(folder, |name| name.starts_with('.')) {
        found.add(path);
    }
    found
}

/// Removes the files that killed processes were writing. The caller holds the lock. Ignores errors:
/// such files do no harm.
pub(super) fn clear(folder: &Path) {
    for path in unfinished_without_run(folder).files {
        fs::remove_file(path).ok();
    }
}

/// Returns the files of values to which no event refers. The research must not be running.
pub(super) fn unused_values(folder: &Path, used: &References) -> Result<Leftovers, StorageError> {
    let mut found = Leftovers::default();
    let mut kept: HashSet<PathBuf> = used.values().map(LargeValue::file).collect();
    // Keep also the values to which kept damaged logs refer.
    for log in kept_damaged_logs(folder) {
        walk(&log, |_, events| {
            let values = events.iter().filter_map(|event| match event {
                Event::LargeValue { value, .. } => Some(value.file()),
                _ => None,
            });
            kept.extend(values);
            Ok(())
        })?;
    }
    for path in values(folder, LargeValue::is_file_name) {
        if path
            .strip_prefix(folder)
            .is_ok_and(|file| !kept.contains(file))
        {
            found.add(path);
        }
    }
    Ok(found)
}

/// Returns the damaged logs that repairs have kept.
pub(super) fn kept_damaged_logs(folder: &Path) -> Vec<PathBuf> {
    files(folder, |name| name.starts_with(DAMAGED))
}

/// Returns the files in the folder of values whose names `is_wanted` accepts. Empty if the folder
/// is a symbolic link, which may lead to the values of another research.
fn values(folder: &Path, is_wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let folder = folder.join(VALUES);
    match folder.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => files(&folder, is_wanted),
        _ => Vec::new(),
    }
}

/// Returns the files in a folder whose names `is_wanted` accepts, sorted; empty if the folder
/// cannot be read.
fn files(folder: &Path, is_wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let wanted = entries.filter(|entry| {
        entry.file_type().is_ok_and(|kind| kind.is_file())
            && entry.file_name().to_str().is_some_and(&is_wanted)
    });
    let mut paths: Vec<PathBuf> = wanted.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// The large values to which a log refers: a fold of its events. Values of attempts that later ones
/// have replaced are not included.
#[derive(Default)]
pub(super) struct References {
    of_experiments: HashMap<ExperimentNumber, Vec<LargeValue>>,
}

impl Fold for References {
    fn apply(&mut self, event: &Event) {
        match event {
            Event::ExperimentStarted { experiment, .. } => {
                self.of_experiments.remove(experiment);
            }
            Event::LargeValue {
                experiment, value, ..
            } => {
                let values = self.of_experiments.entry(*experiment).or_default();
                values.push(value.clone());
            }
            _ => {}
        }
    }
}

impl References {
    pub(super) fn values(&self) -> impl Iterator<Item = &LargeValue> {
        self.of_experiments.values().flatten()
    }
}
