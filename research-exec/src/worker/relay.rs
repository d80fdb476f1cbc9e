//! The relay, which forwards the reports of an executor's process and detects its end.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use research_core::EventSink;
use research_core::units::Deadline;
use research_process::{
    OOM_HINT, OomKills, ResourceUsage, describe_exit, poll_timeout, wait_readable,
};

use super::executor_process::ExecutorProcess;
use super::sink::FrameSink;
use crate::capture::Pipes;
use crate::transport::bytes::ByteSender;
use crate::transport::frame::{FrameDecoder, FrameKind};
use crate::transport::messages::{Task, TaskNumber, Termination};

/// The largest message, in bytes, in which several frames are forwarded together.
const MESSAGE_BYTES: usize = 128 << 10;

/// The time after its timeout within which an executor must enforce the timeout itself.
const GRACE_PERIOD: Duration = Duration::from_secs(2);

/// Forwards the reports of executors, one after another; the buffers are reused.
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

    /// Forwards the reports of an executor until it has ended. If it ended without reporting the
    /// ends of all its experiments, returns its termination and its resource usage. An executor
    /// enforces its timeouts itself. If it does not, because it is stopped, it is killed after the
    /// grace period.
    pub(super) fn forward(
        &mut self,
        mut process: ExecutorProcess,
        number: TaskNumber,
        task: &Task,
        timeout: Option<Duration>,
        reports: &mut dyn ByteSender,
    ) -> io::Result<Option<(Termination, Option<ResourceUsage>)>> {
        let mut printed = process.printed.take().map(|pipes| Printed {
            pipes,
            number,
            task,
        });
        let stream = self.stream(&process, timeout, number, printed.as_mut())?;
        let end = stream.forward_all(&process, reports)?;
        if matches!(end, StreamEnd::Late | StreamEnd::Invalid(_)) {
            process.handle().signal(Signal::SIGKILL)?;
        }
        if !matches!(end, StreamEnd::Reported) {
            wait_for_death(&process)?;
        }
        process.kill_group();
        let status = process.wait()?;
        if matches!(end, StreamEnd::Reported) {
            return Ok(None);
        }
        if let Some(printed) = &mut printed {
            printed.finish(reports)?;
        }
        let mut termination = match (end, timeout) {
            (StreamEnd::Late, Some(timeout)) => Termination::late(timeout),
            (StreamEnd::Invalid(what), _) => Termination::killed(format!(
                "the executor's reports are invalid ({what}): a unit may have written to a \
                 descriptor that it did not open; its process was killed"
            )),
            _ => self.termination(status),
        };
        termination.usage.exit_code = status.code();
        Ok(Some((termination, process.usage())))
    }

    fn termination(&mut self, status: ExitStatus) -> Termination {
        // The counter includes other processes. The out-of-memory killer sends SIGKILL, so it may
        // have killed this one only if it ended by SIGKILL.
        let is_killed = status.signal() == Some(libc::SIGKILL);
        let why = match is_killed && self.oom_kills.has_risen() {
            true => OOM_HINT,
            false => "",
        };
        let how = describe_exit(status);
        Termination::killed(format!("the executor's process ended by {how}{why}"))
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
        // A killed executor may have left a part of a frame in the buffer.
        self.decoder.clear();
        self.message.clear();
        Ok(Stream {
            file,
            buffers: self,
            printed,
            number,
            end: None,
            timeout,
            deadline: timeout.filter(|_| process.has_begun()).map(deadline),
        })
    }
}

/// The reports of one executor.
struct Stream<'a, 't> {
    file: File,
    buffers: &'a mut Relay,
    printed: Option<&'a mut Printed<'t>>,
    number: TaskNumber,
    /// The way in which the reports ended; `None` while more are expected.
    end: Option<StreamEnd>,
    timeout: Option<Duration>,
    /// The time at which the worker stops waiting; `None` until the executor has begun.
    deadline: Option<Deadline>,
}

/// The way in which the reports of an executor ended.
enum StreamEnd {
    /// The executor has reported the ends of its experiments.
    Reported,
    /// Its process has ended or closed the pipe before that report.
    Closed,
    /// The deadline expired before that report.
    Late,
    /// The reports are invalid, for this reason.
    Invalid(String),
}

/// Returns the deadline of an executor that begins now.
fn deadline(timeout: Duration) -> Deadline {
    Deadline::of_experiment(timeout.saturating_add(GRACE_PERIOD))
}

impl Stream<'_, '_> {
    /// Forwards all reports, and returns the way in which they ended.
    fn forward_all(
        mut self,
        process: &ExecutorProcess,
        reports: &mut dyn ByteSender,
    ) -> io::Result<StreamEnd> {
        while self.forward(process, reports)? {}
        let has_expired = self.deadline.is_some_and(|deadline| deadline.has_expired());
        let silent = if has_expired {
            StreamEnd::Late
        } else {
            StreamEnd::Closed
        };
        Ok(self.end.unwrap_or(silent))
    }

    /// Waits for reports and forwards them; returns false once the stream has ended. The end of the
    /// process ends it, too, because a grandchild may hold the pipe open for ever.
    fn forward(
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
        let time_left = self.deadline.and_then(|deadline| deadline.time_left());
        match poll(&mut waited, poll_timeout(time_left)) {
            Ok(0) => {
                return Ok(self
                    .deadline
                    .is_some_and(|deadline| !deadline.has_expired()));
            }
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

    /// Forwards the available bytes; returns false at the end of the stream.
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
            // The output of an experiment must be captured before its end is reported.
            if let Some(printed) = &mut self.printed {
                printed.pipes.take()?;
            }
            self.send_frames(reports)?;
        }
        Ok(false)
    }

    /// Sends the complete frames, several in a message.
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
                    self.deadline = self.timeout.map(deadline);
                    continue;
                }
                FrameKind::Events => {}
                FrameKind::Ended | FrameKind::StorageFailed => {
                    self.end = Some(StreamEnd::Reported);
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
                // Bytes after the end are ignored.
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

/// The captured output of an executor.
struct Printed<'a> {
    pipes: Pipes,
    number: TaskNumber,
    task: &'a Task,
}

impl Printed<'_> {
    /// Captures the remaining output, and reports it.
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

/// Waits until the process has ended by itself, so that its exit status is not that of the signal
/// that kills its group. The wait is limited: the process may have closed its pipe and live on.
fn wait_for_death(process: &ExecutorProcess) -> io::Result<()> {
    let termination = process.handle().descriptor();
    wait_readable(&[termination], PollTimeout::from(2000_u16)).map(drop)
}
