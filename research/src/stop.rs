//! Stops a run from another process, or from another thread of its program.

use std::path::Path;
use std::time::Duration;

use research_exec::RunControl;
use research_process::terminate_process;
use research_storage::StoredResearch;

use crate::active;
use crate::builder::Research;
use crate::cleanup;
use crate::error::ResearchError;

/// The signal that the leader handles like Ctrl-C.
const INTERRUPT: i32 = 2;
/// The signal that the leader handles like a second Ctrl-C.
const TERMINATE: i32 = 15;
/// The grace period of a leader that must end at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// Stops the run of one [`Research`], from any thread; also before it has begun. It also works for
/// a research in memory, which [`stop`] cannot find.
///
/// ```
/// use research::{Outcome, Research, ec, option};
///
/// let research = Research::new("endless")
///     .in_memory()
///     .domain(option("x", [1, 2]))
///     .callable("x", |x: i64| x, (ec("x"),));
/// let handle = research.stop_handle();
/// handle.stop();
/// let report = research.run()?.report().cloned();
/// assert_eq!(report.map(|report| report.outcome), Some(Outcome::Interrupted));
/// # Ok::<(), research::ResearchError>(())
/// ```
#[derive(Clone, Debug)]
pub struct StopHandle(RunControl);

impl StopHandle {
    /// Lets running experiments finish, and starts no others; like Ctrl-C.
    pub fn stop(&self) {
        self.0.stop();
    }

    /// Ends the run at once; like Ctrl-C twice.
    pub fn kill(&self) {
        self.0.kill();
    }
}

impl Research {
    /// Returns a handle with which other threads stop the run.
    #[must_use]
    pub fn stop_handle(&self) -> StopHandle {
        StopHandle(self.control.clone())
    }
}

/// Stops the run of a research in another process, like Ctrl-C there: running experiments finish,
/// and the rest can be resumed. With `kill`, like Ctrl-C twice: everything ends at once, and a
/// leader that does not respond is killed. Waits until the run has ended. Returns false if no
/// process runs the research; `kill` then ends processes that a killed run left.
///
/// A run of this program, or one that this program is a unit of, is asked to stop without waiting,
/// because it may be waiting for the calling thread. Its `run` returns in the thread that called
/// it.
///
/// Only the process that holds the lock of the research is signalled, and processes with the mark
/// of a run whose leader is dead.
///
/// # Errors
/// The research does not exist, or the process cannot be signalled.
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
        // The leader may have ended in the meantime.
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
        // The leader may not have had time to kill its strays.
        cleanup::kill_strays_of(&stored.left_behind()?)?;
    }
    Ok(is_ended)
}
