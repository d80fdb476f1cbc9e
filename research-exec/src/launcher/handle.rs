//! The leader's handle of a started worker. It hides the process of the worker from the leader, so
//! that a worker on another machine could be ended in a different way.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use research_process::{
    ChildProcess, ProcessHandle, describe_exit, kill_marked, poll_timeout, wait_readable,
};
use serde::{Deserialize, Serialize};

use crate::transport::endpoint::LeaderAddress;
use crate::worker::Target;

/// The parameters of a worker that is being started.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WorkerStart {
    /// The address of the leader.
    pub(crate) address: LeaderAddress,
    pub(crate) target: Target,
    /// The mark of the worker and everything that it starts.
    pub(crate) mark: String,
    /// Its additional environment variables.
    pub(crate) variables: Vec<(String, String)>,
}

/// A started worker.
#[derive(Debug)]
pub(crate) struct WorkerHandle {
    process: ProcessHandle,
    child: Mutex<ChildProcess>,
    /// The mark of all processes of the worker.
    mark: String,
}

impl WorkerHandle {
    /// Creates the handle of a worker that is a child of this process and was not reaped.
    pub(super) fn of_child(pid: Pid, mark: &str) -> io::Result<Self> {
        let mut child = ChildProcess::new(pid);
        match ProcessHandle::open(pid.as_raw()) {
            Ok(process) => Ok(Self {
                process,
                child: Mutex::new(child),
                mark: mark.to_owned(),
            }),
            Err(error) => {
                child.kill();
                Err(error)
            }
        }
    }

    /// Returns the host of the worker; `None` for this machine.
    pub(crate) fn host(&self) -> Option<&str> {
        None
    }

    /// Asks the worker to end, with everything that it runs.
    pub(crate) fn ask_to_end(&self) {
        // A worker that cannot be signalled has ended, which its listener reports.
        let _ = self.process.signal(Signal::SIGTERM);
        // A stopped process handles signals only when it continues.
        let _ = self.process.signal(Signal::SIGCONT);
    }

    /// Ends the worker at once.
    pub(crate) fn end(&self) {
        // A worker that cannot be signalled has ended.
        let _ = self.process.signal(Signal::SIGKILL);
    }

    /// Returns a descriptor that becomes readable when the worker has ended.
    pub(crate) fn liveness(&self) -> BorrowedFd<'_> {
        self.process.descriptor()
    }

    /// Waits for the end of a worker that has closed its channel, and enforces it: asks the worker
    /// to end after `patience`, and kills it after the same time again. Returns the description of
    /// its exit status.
    pub(crate) fn wait(&self, patience: Duration) -> io::Result<String> {
        let ended = || wait_readable(&[self.liveness()], poll_timeout(Some(patience)));
        if !ended()? {
            self.ask_to_end();
            if !ended()? {
                self.end();
            }
        }
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let status = child.wait()?;
        if !status.success() {
            // The worker may have been killed before it could kill the processes that it had
            // started.
            kill_marked(&self.mark)?;
        }
        Ok(describe_exit(status))
    }

    /// Ends the worker and reaps it, if it was not reaped.
    pub(crate) fn discard(&self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        child.kill();
    }
}
