//! Requests to a run from another process on the same machine: cancelling one experiment.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use research_core::ExperimentNumber;
use research_exec::RunControl;
use research_process::{ControlSocket, send_request};
use research_storage::StoredResearch;

use crate::active;
use crate::error::ResearchError;
use crate::experiment::StoredExperiment;

/// Returns the name of the control socket of the run in this folder.
fn socket_name(folder: &Path) -> io::Result<String> {
    let metadata = std::fs::metadata(folder)?;
    let (device, inode) = (metadata.dev(), metadata.ino());
    Ok(format!("research-control-{device:x}-{inode:x}"))
}

/// Answers requests to the run in this folder. `None` if the system has no such sockets; the run
/// works without one.
pub(crate) fn listen(folder: &Path, control: RunControl) -> Option<ControlSocket> {
    let answer = move |request: &str| {
        let Some((experiment, reason)) = request.split_once(' ').and_then(cancel_request) else {
            return "unknown request".to_owned();
        };
        match control.cancel(experiment, reason) {
            true => "ok".to_owned(),
            false => "the run has ended".to_owned(),
        }
    };
    ControlSocket::listen(&socket_name(folder).ok()?, answer).ok()
}

/// Parses `cancel NUMBER REASON`.
fn cancel_request((command, rest): (&str, &str)) -> Option<(ExperimentNumber, Option<String>)> {
    let (number, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let experiment = ExperimentNumber(number.parse().ok().filter(|_| command == "cancel")?);
    Some((experiment, (!reason.is_empty()).then(|| reason.to_owned())))
}

/// Cancels a running experiment of a research that any process on this machine runs. `id` is its id
/// or a unique prefix. The experiment ends with status `cancelled` and is not retried. Returns
/// false if it has ended already, or nothing runs the research.
///
/// # Errors
/// The research or the experiment does not exist, or the run does not accept the request.
pub fn cancel(
    folder: impl AsRef<Path>,
    id: &str,
    reason: Option<&str>,
) -> Result<bool, ResearchError> {
    let stored = StoredResearch::load(folder.as_ref())?;
    let experiment = StoredExperiment::find(&stored, id)?;
    let Some(runner) = stored.runner()? else {
        return Ok(false);
    };
    if experiment.status.is_some_and(|status| !status.is_failure()) {
        return Ok(false);
    }
    let (number, reason) = (experiment.number, reason.map(str::to_owned));
    if let Some(control) = active::control_of(stored.folder()) {
        return Ok(control.cancel(number, reason));
    }
    let request = format!("cancel {number} {}", reason.unwrap_or_default());
    let answer = socket_name(stored.folder())
        .and_then(|name| send_request(&name, runner.pid, request.trim_end()))
        .and_then(|answer| match &*answer {
            "ok" => Ok(true),
            "the run has ended" => Ok(false),
            _ => Err(io::Error::other(answer)),
        });
    answer.map_err(|source| ResearchError::Io {
        action: "send the request to the process that runs it",
        source,
    })
}
