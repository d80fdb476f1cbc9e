//! Child processes.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use nix::libc::rusage;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::usage::reap;

/// A child of this process. Only the owner of this value reaps it.
#[derive(Debug)]
pub struct ChildProcess {
    pid: Pid,
    end: Option<(ExitStatus, rusage)>,
}

impl ChildProcess {
    /// Takes ownership of the child with this pid, which must not have been reaped.
    #[must_use]
    pub fn new(pid: Pid) -> Self {
        Self { pid, end: None }
    }

    /// Returns the pid.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Whether it was reaped.
    #[must_use]
    pub fn is_reaped(&self) -> bool {
        self.end.is_some()
    }

    /// Waits for the end of the child and returns its exit status. May be called repeatedly.
    ///
    /// # Errors
    /// Something else has reaped the child.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        let (status, _) = match self.end {
            Some(end) => end,
            None => *self.end.insert(reap(self.pid)?),
        };
        Ok(status)
    }

    /// Returns the usage of the child and of the children that it has reaped; `None` before the
    /// child is reaped.
    #[must_use]
    pub fn usage(&self) -> Option<&rusage> {
        self.end.as_ref().map(|(_, usage)| usage)
    }

    /// Kills and reaps the child.
    pub fn kill(&mut self) {
        if !self.is_reaped() {
            // The child was not reaped, so the system has not reused its pid. It may have ended
            // already.
            let _ = kill(self.pid, Signal::SIGKILL);
            let _ = self.wait();
        }
    }
}

/// Describes how a process ended: `exit code 3`, `signal 9 (SIGKILL)`.
#[must_use]
pub fn describe_exit(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => match Signal::try_from(signal) {
            Ok(name) => format!("signal {signal} ({name})"),
            Err(_) => format!("signal {signal}"),
        },
        (None, None) => status.to_string(),
    }
}
