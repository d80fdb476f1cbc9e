//! Pipes through which a worker reads the output of an executor's process.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags};
use nix::unistd::pipe2;
use research_core::OutputStream;
use research_core::executor::OutputSink;
use serde::{Deserialize, Serialize};

use super::{OutputWriter, PerStream, Redirects, WholeLines};

/// The reading ends of the pipes.
#[derive(Debug)]
pub(crate) struct Pipes {
    streams: PerStream<Option<Pipe>>,
    keeper: Option<Arc<OutputWriter>>,
}

#[derive(Debug)]
struct Pipe {
    file: File,
    lines: WholeLines,
}

/// The writing ends of the pipes, which become the outputs of the executor's process.
#[derive(Debug)]
pub(crate) struct PrintEnds(PerStream<Option<OwnedFd>>);

/// The descriptors of the writing ends, for an executor that is executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EndNumbers {
    stdout: Option<RawFd>,
    stderr: Option<RawFd>,
}

impl Pipes {
    /// Opens pipes for the captured outputs; `None` if no output is captured.
    pub(crate) fn open(redirects: Redirects) -> io::Result<Option<(Self, PrintEnds)>> {
        if redirects == Redirects::default() {
            return Ok(None);
        }
        let mut pipes = Self {
            streams: PerStream::default(),
            keeper: None,
        };
        let mut ends = PrintEnds(PerStream::default());
        let both = pipes.streams.iter_mut().zip(ends.0.iter_mut());
        for ((stream, pipe), (_, end)) in both {
            if *redirects.get(stream) == Default::default() {
                continue;
            }
            let (ours, theirs) = pipe2(OFlag::O_CLOEXEC)?;
            fcntl(&ours, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
            *pipe = Some(Pipe {
                file: ours.into(),
                lines: WholeLines::default(),
            });
            *end = Some(theirs);
        }
        Ok(Some((pipes, ends)))
    }

    /// Sets the writer of the output that is read next.
    pub(crate) fn keep_with(&mut self, keeper: Option<Arc<OutputWriter>>) {
        self.keeper = keeper;
    }

    pub(crate) fn keeper(&self) -> Option<&Arc<OutputWriter>> {
        self.keeper.as_ref()
    }

    /// Returns the open pipes to poll.
    pub(crate) fn poll_fds(&self) -> impl Iterator<Item = PollFd<'_>> {
        [&self.streams.stdout, &self.streams.stderr]
            .into_iter()
            .flatten()
            .map(|pipe| PollFd::new(pipe.file.as_fd(), PollFlags::POLLIN))
    }

    /// Reads the output that is available now, and no more: a process may print without end.
    pub(crate) fn take(&mut self) -> io::Result<()> {
        let keeper = self.keeper.as_deref();
        for (stream, slot) in self.streams.iter_mut() {
            if let Some(pipe) = slot
                && !pipe.take(stream, keeper)?
            {
                *slot = None;
            }
        }
        Ok(())
    }

    /// Reads the remaining output, including a line without an end.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.take()?;
        let keeper = self.keeper.as_deref();
        for (stream, slot) in self.streams.iter_mut() {
            if let Some(mut pipe) = slot.take() {
                pipe.lines.end(|lines| keep(keeper, stream, lines));
            }
        }
        Ok(())
    }
}

impl Pipe {
    /// Reads the available output; returns false if the pipe was closed.
    fn take(&mut self, stream: OutputStream, keeper: Option<&OutputWriter>) -> io::Result<bool> {
        let mut waiting: libc::c_int = 0;
        // SAFETY: the descriptor is open, and FIONREAD writes one `int` to the given pointer.
        Errno::result(unsafe {
            libc::ioctl(self.file.as_raw_fd(), libc::FIONREAD, &raw mut waiting)
        })?;
        let mut left = usize::try_from(waiting).unwrap_or(0).max(1);
        let mut buffer = [0; 16 << 10];
        while left > 0 {
            match self.file.read(&mut buffer) {
                Ok(0) => {
                    self.lines.end(|lines| keep(keeper, stream, lines));
                    return Ok(false);
                }
                Ok(read) => {
                    left = left.saturating_sub(read);
                    self.lines
                        .push(&buffer[..read], |lines| keep(keeper, stream, lines));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

fn keep(keeper: Option<&OutputWriter>, stream: OutputStream, lines: &[u8]) {
    if let Some(keeper) = keeper {
        keeper.keep(stream, lines);
    }
}

impl PrintEnds {
    /// Redirects the outputs of this process to the pipes.
    pub(crate) fn take_over(self) -> io::Result<()> {
        if let Some(end) = self.0.stdout {
            nix::unistd::dup2_stdout(end)?;
        }
        if let Some(end) = self.0.stderr {
            nix::unistd::dup2_stderr(end)?;
        }
        Ok(())
    }

    pub(crate) fn numbers(&self) -> EndNumbers {
        EndNumbers {
            stdout: self.0.stdout.as_ref().map(AsRawFd::as_raw_fd),
            stderr: self.0.stderr.as_ref().map(AsRawFd::as_raw_fd),
        }
    }
}

impl EndNumbers {
    /// Clears the close-on-exec flags, in the child between fork and execution.
    pub(crate) fn inherit(self) -> io::Result<()> {
        for number in [self.stdout, self.stderr].into_iter().flatten() {
            // SAFETY: fcntl takes three integers; it is async-signal-safe.
            Errno::result(unsafe { libc::fcntl(number, libc::F_SETFD, FdFlag::empty().bits()) })?;
        }
        Ok(())
    }

    /// Returns the writing ends with these descriptors.
    ///
    /// # Safety
    /// The process was started with them, and nothing else in it owns them.
    pub(crate) unsafe fn ends(self) -> PrintEnds {
        // SAFETY: the caller guarantees this.
        let own = |number: RawFd| unsafe { OwnedFd::from_raw_fd(number) };
        PrintEnds(PerStream {
            stdout: self.stdout.map(own),
            stderr: self.stderr.map(own),
        })
    }
}
