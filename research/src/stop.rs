//! Ending a run from another process, or from another thread of its program.

use std::path::Path;
use std::time::Duration;

use research_process::terminate_process;
use research_storage::StoredResearch;

use crate::active;
use crate::cleanup;
use crate::error::ResearchError;

/// What the leader takes as Ctrl-C.
const INTERRUPT: i32 = 2;
/// What the leader takes as a second one, after the first.
const TERMINATE: i32 = 15;
/// A leader that is to end at once has so long for that.
const PATIENCE: Duration = Duration::from_secs(10);

/// Ends the run of a research that another process leads, as Ctrl-C there would: what runs is
/// finished, the rest can be resumed. With `kill`, as Ctrl-C twice: everything ends now, and a
/// leader that does not listen is killed. Waits until it has ended; false if nobody runs it, and
/// then `kill` ends what a run has left behind that was killed with all its workers.
///
/// A run that this program leads itself, or that this program belongs to (in one of its units), is
/// asked to end and not waited for, because it may be waiting for the thread that asks. Its `run`
/// returns in the thread that called it.
///
/// Only the process that holds the research's lock is signalled, and only if it is still the one
/// that took it; and processes that have the mark of a run whose leader is dead.
///
/// # Errors
/// There is no such research, or the process may not be signalled.
pub fn stop(folder: impl AsRef<Path>, kill: bool) -> Result<bool, ResearchError> {
    let stored = StoredResearch::load(folder.as_ref())?;
    if active::stop(stored.folder(), kill) {
        return Ok(true);
    }
    let Some(runner) = stored.runner()? else {
        if kill {
            cleanup::kill_strays_of(&stored.left_behind()?)?;
        }
        return Ok(false);
    };
    let (signals, patience): (&[i32], _) = if kill {
        (&[INTERRUPT, TERMINATE], Some(PATIENCE))
    } else {
        (&[INTERRUPT], None)
    };
    if !stored.is_run_by(&runner) {
        // It may have ended just now.
        return match stored.runner()? {
            None => Ok(true),
            Some(runner) => Err(ResearchError::RunElsewhere {
                folder: stored.folder().to_owned(),
                pid: runner.pid,
                host: runner.host,
            }),
        };
    }
    let is_ended = terminate_process(runner.pid, signals, patience, || stored.is_run_by(&runner));
    let is_ended = is_ended.map_err(|source| ResearchError::Io {
        action: "end the process that runs it",
        source,
    })?;
    if kill {
        // It may have had no time to do so itself.
        cleanup::kill_strays_of(&stored.left_behind()?)?;
    }
    Ok(is_ended)
}
