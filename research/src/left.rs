//! Processes of runs that died with their leader and their workers, so that nobody ended them.

use std::path::Path;

use research_process::kill_strays;
use research_storage::{LocalStorage, StoredResearch};

use crate::error::ResearchError;
use crate::worker;

/// So many of them are named.
const NAMED: usize = 5;

/// Ends what earlier runs of a research have left behind that is gone on with now, and gives what
/// people should know of it. What cannot be ended is left to who comes next: a process that
/// nothing can kill is no reason not to go on.
pub(crate) fn end(storage: &mut LocalStorage) -> Result<Option<String>, ResearchError> {
    if storage.left_behind().is_empty() {
        return Ok(None);
    }
    let ended = match kill_strays(storage.left_behind()) {
        Ok(ended) => ended,
        Err(error) => {
            let said =
                format!("what an earlier run that was killed has left cannot be ended: {error}");
            return Ok(Some(said));
        }
    };
    storage.nothing_left()?;
    Ok((!ended.is_empty()).then(|| {
        format!(
            "an earlier run was killed and had left processes, which were ended: {}",
            listed(&ended)
        )
    }))
}

/// Ends what runs have left behind that were killed: those with these marks.
pub(crate) fn end_marked(runs: &[String]) -> Result<(), ResearchError> {
    let ended = kill_strays(runs).map_err(|source| ResearchError::Io {
        action: "end the processes that a run which was killed has left",
        source,
    });
    ended.map(drop)
}

fn listed(ended: &[String]) -> String {
    let named = ended.iter().take(NAMED).cloned();
    let mut listed = named.collect::<Vec<_>>().join(", ");
    if let Some(more @ 1..) = ended.len().checked_sub(NAMED) {
        listed.push_str(&format!(" and {more} more"));
    }
    listed
}

/// Removes a research's folder with all that is in it, as [`research_storage::remove`] does, and
/// ends the processes that a run of it has left behind which was killed. A worker that comes past
/// this on the way to its `run` removes nothing: its leader has done so.
///
/// # Errors
/// As there; or these processes cannot be ended.
pub fn remove(folder: impl AsRef<Path>, force: bool) -> Result<(), ResearchError> {
    if worker::is_on_its_way() {
        return Ok(());
    }
    let folder = folder.as_ref();
    // A damaged research can be removed, too; what it has left is not known then.
    let stored = StoredResearch::load(folder).ok();
    let left = stored.and_then(|stored| stored.left_behind().ok());
    research_storage::remove(folder, force)?;
    end_marked(&left.unwrap_or_default())
}
