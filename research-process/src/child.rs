//! Child processes.

use std::io;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

/// A child of this process, which only the owner of this value reaps.
#[derive(Debug)]
pub struct ChildProcess {
    pid: Pid,
    status: Option<WaitStatus>,
}

impl ChildProcess {
    /// The child with this pid, which nothing has reaped yet.
    #[must_use]
    pub fn new(pid: Pid) -> Self {
        Self { pid, status: None }
    }

    /// Its pid.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Whether it was reaped.
    #[must_use]
    pub fn is_reaped(&self) -> bool {
        self.status.is_some()
    }

    /// Waits for the end of the child and returns how it ended; may be called again.
    ///
    /// # Errors
    /// Something else has reaped the child.
    pub fn wait(&mut self) -> io::Result<WaitStatus> {
        while self.status.is_none() {
            match waitpid(self.pid, None) {
                Ok(status) => self.status = Some(status),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.status.ok_or_else(|| Errno::ECHILD.into())
    }

    /// Kills and reaps the child.
    pub fn kill(&mut self) {
        if self.status.is_none() {
            // It was not reaped, so the pid is still its own. That it has ended is no error.
            let _ = kill(self.pid, Signal::SIGKILL);
            let _ = self.wait();
        }
    }
}

/// Describes how a process ended: `exit code 3`, `signal 9 (SIGKILL)`.
#[must_use]
pub fn describe_exit(status: &WaitStatus) -> String {
    match status {
        WaitStatus::Exited(_, code) => format!("exit code {code}"),
        WaitStatus::Signaled(_, signal, _) => {
            format!("signal {} ({})", *signal as i32, signal.as_str())
        }
        other => format!("{other:?}"),
    }
}
