//! `--detach`: runs a research in the background.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use clap::Args;
use research::base::Delivery;
use research::process::leave_terminal;
use research::{Event, Research, Subscriber};

use super::CommandError;
use crate::exit::Exit;
use crate::hints;
use crate::terminal;

/// The file in the folder of a research with the terminal output of a detached run.
const OUTPUT: &str = "output.txt";

/// The flags for running in the background.
#[derive(Debug, Args)]
pub struct Background {
    /// Run in the background: return when the run has started
    #[arg(long)]
    pub detach: bool,
    /// Marks the background process.
    #[arg(long, hide = true)]
    pub detached: bool,
}

impl Background {
    /// Whether to start a background process.
    pub(super) fn is_requested(&self) -> bool {
        self.detach && !self.detached
    }

    /// In the background process: leaves the terminal, and reports the start of the run.
    pub(super) fn detach_if_background(
        &self,
        research: Research,
    ) -> Result<Research, CommandError> {
        if !self.detached {
            return Ok(research);
        }
        let starter = UnixStream::from(leave_terminal()?);
        Ok(research.subscriber(StartReport(Some(starter))))
    }
}

/// Reports the start of the run to the waiting process: the log has its start, and a worker is
/// ready. A run that ends earlier reports by its exit code.
struct StartReport(Option<UnixStream>);

impl Subscriber for StartReport {
    fn delivery(&self) -> Delivery {
        Delivery::Synchronous
    }

    fn on_events(&mut self, events: &[Event]) {
        let is_worker = |event: &Event| matches!(event, Event::WorkerStarted { .. });
        if !events.iter().any(is_worker) {
            return;
        }
        if let Some(mut starter) = self.0.take() {
            // The waiting process may have ended.
            let _ = starter.write_all(&[1]);
        }
    }
}

/// Starts this program as a background process for a research in the folder `base`. Returns when
/// its run has started, or with its exit code if it ends before. `path` is the path that the user
/// typed for the research.
pub(super) fn start(base: &Path, folder: &Path, path: &Path) -> Result<Exit, CommandError> {
    let output = base.join(format!(".research-{}.txt", std::process::id()));
    let file = File::create_new(&output)?;
    let (ours, theirs) = UnixStream::pair()?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .arg("--detached")
        .stdin(OwnedFd::from(theirs))
        .stdout(file.try_clone()?)
        .stderr(file)
        .spawn()
        .inspect_err(|_| drop(fs::remove_file(&output)))?;
    let has_started = matches!((&ours).read(&mut [0]), Ok(1));
    if has_started {
        fs::rename(&output, folder.join(OUTPUT))?;
        terminal::message(format_args!(
            "{} runs in the background, as process {}\n{}; its output is in {}",
            path.display(),
            child.id(),
            hints::background(path),
            folder.join(OUTPUT).display()
        ));
        return Ok(Exit::Success);
    }
    let ended = child.wait()?;
    let printed = fs::read(&output)?;
    fs::remove_file(&output)?;
    let mut stderr = terminal::stderr();
    stderr.write_all(&printed)?;
    stderr.flush()?;
    Ok(Exit::from_code(ended.code()))
}
