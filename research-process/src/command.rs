//! Runs a command with a timeout and a limit on its output.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::unistd::Pid;

use crate::groups::kill_group;
use crate::pidfd::{ProcessHandle, poll_timeout, wait_readable};

/// The result of [`run_command`].
#[derive(Debug)]
pub struct CommandOutput {
    /// The first bytes of standard output and standard error, in the order they were written.
    pub bytes: Vec<u8>,
    /// The exit status; `None` if the timeout expired and the command was killed.
    pub status: Option<ExitStatus>,
}

/// Runs a command with an empty standard input, kills it with its process group when `timeout`
/// expires, and keeps at most `max_bytes` of its output.
///
/// # Errors
/// The command cannot be started or waited for.
pub fn run_command(
    mut command: Command,
    timeout: Duration,
    max_bytes: usize,
) -> io::Result<CommandOutput> {
    let deadline = Instant::now() + timeout;
    let time_left = || poll_timeout(Some(deadline.saturating_duration_since(Instant::now())));
    let (mut reader, writer) = io::pipe()?;
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .process_group(0);
    // SAFETY: prctl is async-signal-safe and takes only integers.
    unsafe {
        command.pre_exec(|| {
            // The system kills the command if the thread that waits for it ends.
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
    let mut running = Running(command.spawn()?);
    // The command holds the writing ends, which this process must close to see the end of output.
    drop(command);
    let mut bytes = Vec::new();
    let mut chunk = [0; 16 << 10];
    while wait_readable(&[reader.as_fd()], time_left())? {
        match reader.read(&mut chunk) {
            Ok(0) => {
                let pid = i32::try_from(running.0.id()).map_err(io::Error::other)?;
                let handle = ProcessHandle::open(pid)?;
                let status = match wait_readable(&[handle.descriptor()], time_left())? {
                    true => Some(running.0.wait()?),
                    false => None,
                };
                return Ok(CommandOutput { bytes, status });
            }
            Ok(read) => {
                let room = max_bytes.saturating_sub(bytes.len());
                bytes.extend_from_slice(&chunk[..read.min(room)]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(CommandOutput {
        bytes,
        status: None,
    })
}

/// A running command; dropping it kills the command with its group.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Until the command is reaped, the system does not reuse its pid, which is also that of its
        // group.
        if let (Ok(None), Ok(group)) = (self.0.try_wait(), i32::try_from(self.0.id())) {
            kill_group(Pid::from_raw(group));
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}
