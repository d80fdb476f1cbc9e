//! A running program: its output, its end, and the end of its process group.

use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::{Pid, read};
use research_core::OutputStream;
use research_core::executor::OutputSink;
use research_core::units::Deadline;
use research_process::{
    GroupSlot, Launch, SpawnError, Started, oom_killed_program, poll_timeout, reap_program,
    watch_oom_kills,
};

use super::failure::Failure;
use super::output_error::OutputError;
use super::stdout::Tail;
use crate::capture::WholeLines;

/// The number of bytes that are read at once: the capacity of a pipe.
const CHUNK: usize = 64 << 10;

/// A started program. Dropping it kills the program and its group.
#[derive(Debug)]
pub(super) struct Running {
    label: String,
    pid: Pid,
    pidfd: OwnedFd,
    stdout: Stream,
    stderr: Stream,
    buffer: Box<[u8]>,
    /// Its slot in the list of process groups, until the program is reaped. Until then no other
    /// process can get its pid.
    slot: Option<GroupSlot>,
    end: Option<ExitStatus>,
    /// The time after which the program is no longer waited for.
    deadline: Option<Deadline>,
}

/// One of the outputs of a program; `pipe` is `None` after it was closed.
#[derive(Debug)]
struct Stream {
    pipe: Option<OwnedFd>,
    tail: Tail,
    kept: Option<KeptLines>,
}

/// The lines of an output that an [`OutputSink`] receives, in addition to its tail.
struct KeptLines {
    stream: OutputStream,
    lines: WholeLines,
    keeper: Arc<dyn OutputSink>,
}

impl fmt::Debug for KeptLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeptLines").field(&self.stream).finish()
    }
}

/// A function that takes the bytes of standard output, and returns whether to continue.
type Take<'a> = &'a mut dyn FnMut(&[u8]) -> Result<ControlFlow<()>, OutputError>;

impl Running {
    /// Starts a program, called `label` in messages; `keeper` also receives its output.
    pub(super) fn start(
        (label, launch): (String, Launch),
        keeper: Option<&Arc<dyn OutputSink>>,
    ) -> Result<Self, Failure> {
        watch_oom_kills();
        let refused = |error: io::Error| SpawnError::Refused(error.to_string());
        let slot = GroupSlot::reserve()
            .map_err(refused)
            .map_err(Failure::start(&label))?;
        let Started {
            pid,
            pidfd,
            stdout,
            stderr,
        } = launch.start().map_err(Failure::start(&label))?;
        slot.set(pid.as_raw());
        Ok(Self {
            label,
            pid,
            pidfd,
            stdout: Stream::new(stdout, OutputStream::Stdout, keeper),
            stderr: Stream::new(stderr, OutputStream::Stderr, keeper),
            buffer: vec![0; CHUNK].into_boxed_slice(),
            slot: Some(slot),
            end: None,
            deadline: None,
        })
    }

    /// Sets the time until which the program is waited for.
    pub(super) fn set_deadline(&mut self, deadline: Option<Deadline>) {
        self.deadline = deadline;
    }

    /// Reads both outputs until `take` returns `Break`, or the program has ended (`Continue`). If
    /// neither happens before the deadline, the result is a failure, and the program still runs.
    pub(super) fn read(&mut self, take: Take<'_>) -> Result<ControlFlow<()>, Failure> {
        while self.end.is_none() {
            let Some(ready) = self.wait_for_something().map_err(self.lost())? else {
                return Err(self.timed_out());
            };
            if ready.stderr {
                self.read_stderr()?;
            }
            if ready.stdout && self.read_stdout(take)?.1.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            if ready.end {
                self.finish(take)?;
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Checks that the program ended with exit code 0.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let program = self.label.clone();
        match self.end.map(|end| (end.code(), end.signal())) {
            Some((Some(0), _)) => Ok(()),
            Some((Some(code), _)) => Err(Failure::ExitCode { program, code }),
            Some((None, Some(signal))) => Err(Failure::Signal {
                program,
                signal,
                wants_memory: signal == libc::SIGKILL && oom_killed_program(),
            }),
            _ => Err(self.lost()(io::Error::other("it has not ended"))),
        }
    }

    /// Converts an error of the output into a failure of the program.
    pub(super) fn blame(&self, source: OutputError) -> Failure {
        Failure::Output {
            program: self.label.clone(),
            source,
        }
    }

    /// Returns the last lines that the program wrote to standard error, or else to standard output.
    pub(super) fn last_lines(&self) -> Option<String> {
        self.stderr
            .tail
            .lines()
            .or_else(|| self.stdout.tail.lines())
    }

    /// Kills the program and its group, and waits for it.
    pub(super) fn kill(&mut self) {
        if self.slot.is_some() {
            // The program may have left its group, so it is also killed by its pid. It was not
            // reaped, so no other process has this pid or group. If it has ended, this fails.
            let _ = kill(self.pid, Signal::SIGKILL);
            // The rest of its output is still captured, but not evaluated.
            let _ = self.read_rest(&mut |_| Ok(ControlFlow::Continue(())));
            // If it cannot be waited for, it is no longer a child of this process.
            let _ = self.reap();
        }
    }

    fn lost<E: Into<io::Error>>(&self) -> impl FnOnce(E) -> Failure + use<E> {
        let program = self.label.clone();
        move |error| Failure::Lost {
            program,
            source: error.into(),
        }
    }

    fn timed_out(&self) -> Failure {
        let program = self.label.clone();
        let limit = self.deadline.map(|deadline| deadline.to_string());
        Failure::TimedOut {
            program,
            limit: limit.unwrap_or_default(),
        }
    }

    /// Waits until an output is readable or the program has died; returns `None` after the
    /// deadline.
    fn wait_for_something(&self) -> nix::Result<Option<Ready>> {
        let program = self.pidfd.as_fd();
        let mut waited_for = [
            self.stdout.poll_fd(program),
            self.stderr.poll_fd(program),
            PollFd::new(program, PollFlags::POLLIN),
        ];
        loop {
            let time_left = self.deadline.and_then(|deadline| deadline.time_left());
            // A program that writes all the time never makes `poll` wait, so check this first.
            if time_left.is_some_and(|time| time.is_zero()) {
                return Ok(None);
            }
            match poll(&mut waited_for, poll_timeout(time_left)) {
                // Check the deadline again: the timeout may have been rounded.
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => break,
                Err(errno) => return Err(errno),
            }
        }
        let [stdout, stderr, end] = waited_for.map(|one| one.any().unwrap_or(true));
        Ok(Some(Ready {
            stdout: stdout && self.stdout.pipe.is_some(),
            stderr: stderr && self.stderr.pipe.is_some(),
            end,
        }))
    }

    fn read_stdout(&mut self, take: Take<'_>) -> Result<(usize, ControlFlow<()>), Failure> {
        let read = self.stdout.read(&mut self.buffer).map_err(self.lost())?;
        let chunk = &self.buffer[..read];
        self.stdout.see(chunk);
        let flow = take(chunk).map_err(|source| self.blame(source))?;
        Ok((read, flow))
    }

    fn read_stderr(&mut self) -> Result<usize, Failure> {
        let read = self.stderr.read(&mut self.buffer).map_err(self.lost())?;
        self.stderr.see(&self.buffer[..read]);
        Ok(read)
    }

    /// Reads the bytes that the dead program left in its pipes, and reaps it. Reads no more than
    /// that, because other processes may hold the pipes open and continue to write.
    fn finish(&mut self, take: Take<'_>) -> Result<(), Failure> {
        self.read_rest(take)?;
        self.reap().map_err(self.lost())
    }

    fn read_rest(&mut self, take: Take<'_>) -> Result<(), Failure> {
        let mut left = self.stderr.waiting().map_err(self.lost())?;
        while left > 0 && self.stderr.pipe.is_some() {
            left = left.saturating_sub(self.read_stderr()?);
        }
        let mut left = self.stdout.waiting().map_err(self.lost())?;
        while left > 0 && self.stdout.pipe.is_some() {
            let (read, _) = self.read_stdout(take)?;
            left = left.saturating_sub(read);
        }
        self.stdout.end();
        self.stderr.end();
        Ok(())
    }

    /// Kills the group and then reaps the program. In this order, because another group can get the
    /// same number once the program is reaped.
    fn reap(&mut self) -> io::Result<()> {
        if self.slot.take().is_none() {
            return Err(Errno::ECHILD.into());
        }
        // This fails if no process is left in the group, which is common.
        let _ = killpg(self.pid, Signal::SIGKILL);
        self.end = Some(reap_program(self.pid)?);
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The streams that can be read without waiting, and whether the program has ended.
struct Ready {
    stdout: bool,
    stderr: bool,
    end: bool,
}

impl Stream {
    fn new(pipe: OwnedFd, stream: OutputStream, keeper: Option<&Arc<dyn OutputSink>>) -> Self {
        let keeper = keeper.filter(|keeper| keeper.keeps(stream));
        Self {
            pipe: Some(pipe),
            tail: Tail::default(),
            kept: keeper.map(|keeper| KeptLines {
                stream,
                lines: WholeLines::default(),
                keeper: Arc::clone(keeper),
            }),
        }
    }

    fn see(&mut self, chunk: &[u8]) {
        self.tail.push(chunk);
        if let Some(KeptLines {
            stream,
            lines,
            keeper,
        }) = &mut self.kept
        {
            lines.push(chunk, |lines| keeper.keep(*stream, lines));
        }
    }

    /// Forwards a last line without a newline.
    fn end(&mut self) {
        if let Some(KeptLines {
            stream,
            lines,
            keeper,
        }) = &mut self.kept
        {
            lines.end(|lines| keeper.keep(*stream, lines));
        }
    }

    /// Returns the descriptor to wait for. For a closed stream it is `other`, without events.
    fn poll_fd<'f>(&'f self, other: BorrowedFd<'f>) -> PollFd<'f> {
        match &self.pipe {
            Some(pipe) => PollFd::new(pipe.as_fd(), PollFlags::POLLIN),
            None => PollFd::new(other, PollFlags::empty()),
        }
    }

    /// Reads available bytes, and closes the pipe at the end of the stream.
    fn read(&mut self, buffer: &mut [u8]) -> nix::Result<usize> {
        let Some(pipe) = &self.pipe else {
            return Ok(0);
        };
        loop {
            match read(pipe, buffer) {
                Err(Errno::EINTR) => {}
                Ok(0) => {
                    self.pipe = None;
                    return Ok(0);
                }
                result => return result,
            }
        }
    }

    /// Returns the number of bytes in the pipe.
    fn waiting(&self) -> nix::Result<usize> {
        let Some(pipe) = &self.pipe else {
            return Ok(0);
        };
        let mut bytes: libc::c_int = 0;
        // SAFETY: the descriptor is open, and FIONREAD writes one `int` to the given address.
        Errno::result(unsafe { libc::ioctl(pipe.as_raw_fd(), libc::FIONREAD, &raw mut bytes) })?;
        Ok(usize::try_from(bytes).unwrap_or(0))
    }
}
