//! Strays: processes of runs whose leader and workers were killed.

use std::path::Path;

use research_process::kill_strays;
use research_storage::{LocalStorage, StoredResearch};

use crate::error::ResearchError;
use crate::worker;

/// A message names at most this many processes.
const MAX_NAMED: usize = 5;

/// Kills the strays of earlier runs of a research that is resumed now, and returns a warning about
/// them. Strays that cannot be killed are left to the next run: they do not keep this one from
/// resuming.
pub(crate) fn kill_recorded_strays(
    storage: &mut LocalStorage,
) -> Result<Option<String>, ResearchError> {
    if storage.left_behind().is_empty() {
        return Ok(None);
    }
    let ended = match kill_strays(storage.left_behind()) {
        Ok(ended) => ended,
        Err(error) => {
            let said = format!("cannot kill the processes that an earlier run has left: {error}");
            return Ok(Some(said));
        }
    };
    storage.nothing_left()?;
    Ok((!ended.is_empty()).then(|| {
        format!(
            "killed processes that an earlier, killed run had left: {}",
            listed(&ended)
        )
    }))
}

/// Kills the strays of the runs with these marks.
pub(crate) fn kill_strays_of(runs: &[String]) -> Result<(), ResearchError> {
    let ended = kill_strays(runs).map_err(|source| ResearchError::Io {
        action: "kill the processes that a killed run has left",
        source,
    });
    ended.map(drop)
}

fn listed(ended: &[String]) -> String {
    let named = ended.iter().take(MAX_NAMED).cloned();
    let mut listed = named.collect::<Vec<_>>().join(", ");
    if let Some(more @ 1..) = ended.len().checked_sub(MAX_NAMED) {
        listed.push_str(&format!(" and {more} more"));
    }
    listed
}

/// Removes the folder of a research as [`research_storage::remove`] does, and kills the strays of
/// its runs. In a worker that has not reached its `run` yet, it removes nothing, because the leader
/// has already done so.
///
/// # Errors
/// As for [`research_storage::remove`]; or the strays cannot be killed.
pub fn remove(folder: impl AsRef<Path>, force: bool) -> Result<(), ResearchError> {
    if worker::is_on_its_way() {
        return Ok(());
    }
    let folder = folder.as_ref();
    // A damaged research can be removed, too; its strays are unknown.
    let stored = StoredResearch::load(folder).ok();
    let left = stored.and_then(|stored| stored.left_behind().ok());
    research_storage::remove(folder, force)?;
    kill_strays_of(&left.unwrap_or_default())
}
