//! What is in a research's folder and of no use: files that a process had not finished when it was
//! killed, and saved values that nothing refers to.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use research_core::{Event, ExperimentNumber, LargeValue, StorageError, VALUES};
use tempfile::NamedTempFile;

use super::lock::Lock;
use super::{DAMAGED, HIDDEN, SALVAGED, StoredResearch};
use crate::log::walk;

/// Files in a research's folder that are of no use any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// The files.
    pub files: Vec<PathBuf>,
    /// How many bytes they have.
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
                // Somebody else was faster.
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                removed => removed.map_err(StorageError::io("remove", path)),
            }
        })
    }
}

impl StoredResearch {
    /// Removes what is of no use in the research's folder: files that a process was writing when it
    /// was killed, and saved values with files of their own to which the log does not refer, or
    /// only for attempts that were followed by others. Says what that was. A research that runs
    /// is left alone.
    ///
    /// # Errors
    /// The log cannot be read, or something cannot be removed.
    pub fn collect(&self) -> Result<Leftovers, StorageError> {
        // Whoever runs it may just have written a value of which the log does not know yet.
        let _lock = match Lock::take(self.folder()) {
            Ok(lock) => lock,
            Err(StorageError::Locked { .. } | StorageError::LockedElsewhere { .. }) => {
                return Ok(Leftovers::default());
            }
            Err(error) => return Err(error),
        };
        let mut used = References::default();
        for events in self.events()? {
            events?.iter().for_each(|event| used.see(event));
        }
        let mut found = unfinished(self.folder());
        unused_values(self.folder(), &used, &mut found)?;
        found.remove()?;
        Ok(found)
    }
}

/// A new file in a folder, which will replace another when it is whole. It is locked until then: one
/// that is not was left by a process that was killed.
pub(super) fn unfinished_file(folder: &Path) -> io::Result<NamedTempFile> {
    loop {
        let file = tempfile::Builder::new()
            .prefix(HIDDEN)
            .permissions(fs::Permissions::from_mode(0o666))
            .tempfile_in(folder)?;
        // Where files cannot be locked, none is taken for one that was left.
        let _ = file.as_file().lock();
        // Before that it may have been.
        if file.path().symlink_metadata().is_ok() {
            return Ok(file);
        }
    }
}

/// The files in a research's folder that were to replace others, and of which nobody goes on.
pub(super) fn unfinished(folder: &Path) -> Leftovers {
    let mut found = Leftovers::default();
    let is_ours = |name: &str| name.starts_with(HIDDEN) || name == SALVAGED;
    for path in files(folder, is_ours) {
        // Another process may be writing it: tables can be made while a research runs.
        if File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
            found.add(path);
        }
    }
    found
}

/// Removes what was left by processes that were killed, for who holds the lock. What cannot be
/// removed does no harm.
pub(super) fn clear(folder: &Path) {
    let values = values(folder, |name| name.starts_with('.'));
    for path in unfinished(folder).files.into_iter().chain(values) {
        fs::remove_file(path).ok();
    }
}

/// The files of values in a research's folder that nothing refers to, also those that are not whole.
/// The research must not run meanwhile.
pub(super) fn unused_values(
    folder: &Path,
    used: &References,
    found: &mut Leftovers,
) -> Result<(), StorageError> {
    let mut kept: HashSet<PathBuf> = used.values().map(LargeValue::file).collect();
    // What a damaged log refers to that was kept is kept, too.
    for log in files(folder, |name| name.starts_with(DAMAGED)) {
        walk(&log, |_, events| {
            let values = events.iter().filter_map(|event| match event {
                Event::LargeValue { value, .. } => Some(value.file()),
                _ => None,
            });
            kept.extend(values);
            Ok(())
        })?;
    }
    let is_value = |name: &str| name.starts_with('.') || LargeValue::is_file_name(name);
    for path in values(folder, is_value) {
        if path
            .strip_prefix(folder)
            .is_ok_and(|file| !kept.contains(file))
        {
            found.add(path);
        }
    }
    Ok(())
}

/// The files with names of a kind in a research's folder of values. Where that is a link, others may
/// have theirs there, too.
fn values(folder: &Path, is_wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let folder = folder.join(VALUES);
    match folder.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => files(&folder, is_wanted),
        _ => Vec::new(),
    }
}

/// The files in a folder with names of a kind, in order; none if it cannot be read.
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

/// The large values to which a log refers: a fold of its events. Those of attempts that were
/// followed by others are none of them.
#[derive(Default)]
pub(super) struct References {
    of_experiments: HashMap<ExperimentNumber, Vec<LargeValue>>,
}

impl References {
    pub(super) fn see(&mut self, event: &Event) {
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

    pub(super) fn values(&self) -> impl Iterator<Item = &LargeValue> {
        self.of_experiments.values().flatten()
    }
}
