//! `--detach`: a run that goes on when its terminal is gone.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use clap::Args;
use research::core::{Delivery, shell_word};
use research::process::leave_terminal;
use research::{Event, Research, Subscriber};

use super::CommandError;
use crate::exit::Exit;
use crate::terminal;

/// Where, in a research's folder, stands what a detached run would have shown in a terminal.
const OUTPUT: &str = "output.txt";

/// Whether the terminal is needed.
#[derive(Debug, Args)]
pub struct Background {
    /// Return when the run has begun; it goes on without this terminal
    #[arg(long)]
    pub detach: bool,
    /// This is the process that goes on.
    #[arg(long, hide = true)]
    pub detached: bool,
}

impl Background {
    /// Whether another process is to do it.
    pub(super) fn is_asked_for(&self) -> bool {
        self.detach && !self.detached
    }

    /// In the process that goes on: leaves the terminal, and lets the research tell when it has
    /// begun.
    pub(super) fn leave(&self, research: Research) -> Result<Research, CommandError> {
        if !self.detached {
            return Ok(research);
        }
        let starter = UnixStream::from(leave_terminal()?);
        Ok(research.subscriber(Begun(Some(starter))))
    }
}

/// Reports to the process that started this one that the run has begun: the log has its start, and a
/// worker is ready. A run that ends earlier reports by its exit code.
struct Begun(Option<UnixStream>);

impl Subscriber for Begun {
    fn delivery(&self) -> Delivery {
        Delivery::Synchronous
    }

    fn on_events(&mut self, events: &[Event]) {
        let is_worker = |event: &Event| matches!(event, Event::WorkerStarted { .. });
        if !events.iter().any(is_worker) {
            return;
        }
        if let Some(mut starter) = self.0.take() {
            // One that is gone need not know.
            let _ = starter.write_all(&[1]);
        }
    }
}

/// Starts this program again for a research in the folder `base`, and returns when its run has
/// begun, or as it returns where it does not.
pub(super) fn start(base: &Path, folder: &Path, called: &Path) -> Result<Exit, CommandError> {
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
    let has_begun = matches!((&ours).read(&mut [0]), Ok(1));
    if has_begun {
        fs::rename(&output, folder.join(OUTPUT))?;
        let called = called.to_string_lossy();
        let name = shell_word(&called);
        // What cannot be said on standard error changes nothing.
        let _ = writeln!(
            terminal::stderr(),
            "{name} is being run in the background, by process {}\n\
             see how it stands with `research status {name}`, follow it with `research logs {name} --follow`, \
             end it with `research stop {name}`; what it shows is in {}",
            child.id(),
            folder.join(OUTPUT).display()
        );
        return Ok(Exit::Success);
    }
    let ended = child.wait()?;
    let said = fs::read(&output)?;
    fs::remove_file(&output)?;
    let mut stderr = terminal::stderr();
    stderr.write_all(&said)?;
    stderr.flush()?;
    Ok(Exit::of_code(ended.code()))
}
