//! Passing on what an executor's process reports, and telling of it when it died.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::sys::wait::WaitStatus;
use research_core::{Deadline, EventSink};
use research_process::{OOM_HINT, OomKills, describe_exit, poll_timeout, wait_readable};

use super::executor_process::ExecutorProcess;
use super::sink::FrameSink;
use crate::capture::Pipes;
use crate::transport::bytes::ByteSender;
use crate::transport::frame::{FrameDecoder, FrameKind, push_frame};
use crate::transport::messages::{Task, TaskNumber, Termination};

/// Frames are passed on together up to this many bytes.
const MESSAGE_BYTES: usize = 128 << 10;

/// An executor has so long to see to its timeout itself.
const PATIENCE: Duration = Duration::from_secs(2);

/// Passes on what executors report, one after another; the buffers are used again.
pub(super) struct Relay {
    decoder: FrameDecoder,
    chunk: Box<[u8]>,
    message: Vec<u8>,
    oom_kills: OomKills,
}

impl Relay {
    pub(super) fn new() -> Self {
        Self {
            decoder: FrameDecoder::default(),
            chunk: vec![0; 64 << 10].into(),
            message: Vec::new(),
            oom_kills: OomKills::of_this_process(),
        }
    }

    /// Passes on the reports of an executor until it has ended. If it ended without saying how all
    /// of its experiments did, its termination is told. An executor sees to its timeouts itself;
    /// one that is long past its own, stopped perhaps, is killed.
    pub(super) fn pass_on(
        &mut self,
        mut process: ExecutorProcess,
        number: TaskNumber,
        task: &Task,
        timeout: Option<Duration>,
        reports: &mut dyn ByteSender,
    ) -> io::Result<()> {
        let mut printed = process.printed.take().map(|pipes| Printed {
            pipes,
            number,
            task,
        });
        let stream = self.stream(&process, timeout, number, printed.as_mut())?;
        let end = stream.pass_on_all(&process, reports)?;
        if matches!(end, StreamEnd::Late | StreamEnd::Invalid(_)) {
            process.handle().signal(Signal::SIGKILL)?;
        }
        if !matches!(end, StreamEnd::Told) {
            wait_for_death(&process)?;
        }
        process.kill_group();
        let status = process.wait()?;
        if matches!(end, StreamEnd::Told) {
            return Ok(());
        }
        if let Some(printed) = &mut printed {
            printed.finish(reports)?;
        }
        let termination = match (end, timeout) {
            (StreamEnd::Late, Some(timeout)) => Termination::late(timeout),
            (StreamEnd::Invalid(what), _) => Termination::killed(format!(
                "the executor's reports are invalid ({what}): a unit may have written to a descriptor that it did not open; its process was killed"
            )),
            _ => self.termination(&status),
        };
        let mut frame = Vec::new();
        push_frame(&mut frame, FrameKind::ExecutorDied, number.0, &termination)
            .map_err(io::Error::other)?;
        reports.send(&frame)
    }

    fn termination(&mut self, status: &WaitStatus) -> Termination {
        let why = match self.wants_memory(status) {
            true => OOM_HINT,
            false => "",
        };
        let how = describe_exit(status);
        Termination::killed(format!("the executor's process ended by {how}{why}"))
    }

    /// Whether the system has ended a process like this for want of memory since that was last
    /// asked.
    fn wants_memory(&mut self, status: &WaitStatus) -> bool {
        matches!(status, WaitStatus::Signaled(_, Signal::SIGKILL, _)) && self.oom_kills.has_risen()
    }

    fn stream<'s, 't>(
        &'s mut self,
        process: &ExecutorProcess,
        timeout: Option<Duration>,
        number: TaskNumber,
        printed: Option<&'s mut Printed<'t>>,
    ) -> io::Result<Stream<'s, 't>> {
        let file = File::from(process.reports().try_clone_to_owned()?);
        fcntl(&file, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        // What an executor that was killed has left half-said belongs to nobody.
        self.decoder.clear();
        self.message.clear();
        Ok(Stream {
            file,
            buffers: self,
            printed,
            number,
            end: None,
            timeout,
            patience: timeout.filter(|_| process.has_begun()).map(patience),
        })
    }
}

/// The reports of one executor.
struct Stream<'a, 't> {
    file: File,
    buffers: &'a mut Relay,
    printed: Option<&'a mut Printed<'t>>,
    number: TaskNumber,
    /// How it has ended, if it has.
    end: Option<StreamEnd>,
    timeout: Option<Duration>,
    /// When nothing more is waited for, once the executor has begun.
    patience: Option<Deadline>,
}

/// How the reports of an executor have ended.
enum StreamEnd {
    /// It has said how its experiments did.
    Told,
    /// Its process has ended or closed them before that.
    Closed,
    /// It has not said it for too long.
    Late,
    /// They are not what an executor sends.
    Invalid(String),
}

/// When an executor that begins now is waited for no longer.
fn patience(timeout: Duration) -> Deadline {
    Deadline::of_experiment(timeout.saturating_add(PATIENCE))
}

impl Stream<'_, '_> {
    /// Passes on all that comes, and says how it ended.
    fn pass_on_all(
        mut self,
        process: &ExecutorProcess,
        reports: &mut dyn ByteSender,
    ) -> io::Result<StreamEnd> {
        while self.pass_on(process, reports)? {}
        let is_over = self.patience.is_some_and(|patience| patience.is_over());
        let silent = if is_over {
            StreamEnd::Late
        } else {
            StreamEnd::Closed
        };
        Ok(self.end.unwrap_or(silent))
    }

    /// Waits for reports and passes them on; false when there will be no more. A grandchild may
    /// hold the pipe open for ever, so the termination of the process ends the stream too.
    fn pass_on(
        &mut self,
        process: &ExecutorProcess,
        reports: &mut dyn ByteSender,
    ) -> io::Result<bool> {
        let mut waited = vec![
            PollFd::new(self.file.as_fd(), PollFlags::POLLIN),
            PollFd::new(process.handle().descriptor(), PollFlags::POLLIN),
        ];
        if let Some(printed) = &self.printed {
            waited.extend(printed.pipes.poll_fds());
        }
        let time_left = self.patience.and_then(|patience| patience.time_left());
        match poll(&mut waited, poll_timeout(time_left)) {
            Ok(0) => return Ok(self.patience.is_some_and(|patience| !patience.is_over())),
            Ok(_) => {}
            Err(Errno::EINTR) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
        let died = waited[1].any().unwrap_or(true);
        if let Some(printed) = &mut self.printed {
            printed.pipes.take()?;
        }
        let open = self.drain(reports)?;
        Ok(open && !died && self.end.is_none())
    }

    /// Passes on what is there; false at the end of the stream.
    fn drain(&mut self, reports: &mut dyn ByteSender) -> io::Result<bool> {
        while self.end.is_none() {
            let Relay { decoder, chunk, .. } = &mut *self.buffers;
            match self.file.read(chunk) {
                Ok(0) => return Ok(false),
                Ok(length) => decoder.feed(&chunk[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(false),
                Err(error) => return Err(error),
            }
            // What an experiment has printed is there before anybody hears of its end.
            if let Some(printed) = &mut self.printed {
                printed.pipes.take()?;
            }
            self.send_frames(reports)?;
        }
        Ok(false)
    }

    /// Sends the whole frames that are there, several in a message.
    fn send_frames(&mut self, reports: &mut dyn ByteSender) -> io::Result<()> {
        let Relay {
            decoder, message, ..
        } = &mut *self.buffers;
        loop {
            let frame = match decoder.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(error) => {
                    self.end = Some(StreamEnd::Invalid(error.to_string()));
                    break;
                }
            };
            if frame.task != self.number.0 {
                let what = format!("a frame of task {}", frame.task);
                self.end = Some(StreamEnd::Invalid(what));
                break;
            }
            match frame.kind {
                FrameKind::Hello => {
                    self.patience = self.timeout.map(patience);
                    continue;
                }
                FrameKind::Events => {}
                FrameKind::Ended | FrameKind::StorageFailed => {
                    self.end = Some(StreamEnd::Told);
                    if let Some(printed) = &mut self.printed {
                        printed.finish(reports)?;
                    }
                }
                kind => {
                    let what = format!("a frame of kind {kind:?}");
                    self.end = Some(StreamEnd::Invalid(what));
                    break;
                }
            }
            if !message.is_empty() && message.len() + frame.bytes.len() > MESSAGE_BYTES {
                reports.send(message)?;
                message.clear();
            }
            message.extend_from_slice(frame.bytes);
            if self.end.is_some() {
                // What comes after the end belongs to nobody.
                break;
            }
        }
        if !message.is_empty() {
            reports.send(message)?;
            message.clear();
        }
        Ok(())
    }
}

/// What an executor prints.
struct Printed<'a> {
    pipes: Pipes,
    number: TaskNumber,
    task: &'a Task,
}

impl Printed<'_> {
    /// Keeps the rest of it.
    fn finish(&mut self, reports: &mut dyn ByteSender) -> io::Result<()> {
        self.pipes.finish()?;
        let Some(keeper) = self.pipes.keeper() else {
            return Ok(());
        };
        let mut sink = FrameSink::new(self.number, |bytes: &[u8]| reports.send(bytes));
        keeper
            .tell(self.task, &mut sink)
            .and_then(|()| sink.flush())
            .map_err(io::Error::other)
    }
}

/// Waits until the process is dead, so that the way in which it died is its own and not ours. One
/// that has closed its reports and lives on is not waited for.
fn wait_for_death(process: &ExecutorProcess) -> io::Result<()> {
    let termination = process.handle().descriptor();
    wait_readable(&[termination], PollTimeout::from(2000_u16)).map(drop)
}
