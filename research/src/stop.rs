//! Ending a run from another process.

use std::path::Path;

use research_exec::end_process;
use research_storage::StoredResearch;

use crate::error::ResearchError;
use crate::left;

/// What the leader takes as Ctrl-C.
const INTERRUPT: i32 = 2;
/// What the leader takes as a second one, after the first.
const TERMINATE: i32 = 15;

/// Ends the run of a research that another process leads, as Ctrl-C there would: what runs is
/// finished, the rest can be resumed. With `kill`, as Ctrl-C twice: everything ends now. Waits
/// until it has ended; false if nobody runs it. With `kill`, that ends what a run has left behind
/// which was killed with all its workers.
///
/// Only the process that holds the research's lock is signalled, and only if it is still the one
/// that took it; and processes that have the mark of a run whose leader is dead.
///
/// # Errors
/// There is no such research, or the process may not be signalled.
pub fn stop(folder: impl AsRef<Path>, kill: bool) -> Result<bool, ResearchError> {
    let stored = StoredResearch::load(folder.as_ref())?;
    let Some(runner) = stored.runner()? else {
        if kill {
            left::end_marked(&stored.left_behind()?)?;
        }
        return Ok(false);
    };
    let signals: &[i32] = if kill {
        &[INTERRUPT, TERMINATE]
    } else {
        &[INTERRUPT]
    };
    end_process(runner.pid, signals, || runner.is_seen()).map_err(|source| ResearchError::Io {
        action: "signal the process that runs it",
        source,
    })
}
