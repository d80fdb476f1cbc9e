//! Passing on what an executor's process reports, and telling of it when it died.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::wait::WaitStatus;
use research_core::{EventSink, SinkError, Status, Timestamp};

use super::executor_process::ExecutorProcess;
use super::sink::FrameSink;
use crate::distributor::killed_events;
use crate::executor::Ending;
use crate::link::frame::{FrameDecoder, FrameKind};
use crate::link::message::{Task, TaskNumber};
use crate::link::transport::ReportSender;
use crate::process::ending_in_words;

/// Frames are passed on together up to this many bytes.
const MESSAGE_BYTES: usize = 128 << 10;

/// Passes on the reports of an executor until it has ended. If it ended without saying how its
/// experiments did, they are told to be killed.
pub(super) fn relay(
    mut process: ExecutorProcess,
    number: TaskNumber,
    task: &Task,
    reports: &mut dyn ReportSender,
) -> io::Result<()> {
    let mut stream = Stream::new(&process)?;
    while stream.pass_on(&process, reports)? {}
    let told = stream.ended;
    if !told {
        wait_for_death(&process)?;
    }
    process.kill_group();
    let status = process.wait()?;
    if told {
        return Ok(());
    }
    let mut sink = FrameSink::new(number, |bytes: &[u8]| reports.send(bytes));
    let endings = tell_killed(task, &status, &mut sink).map_err(io::Error::other)?;
    sink.end(endings).map_err(io::Error::other)
}

struct Stream {
    file: File,
    decoder: FrameDecoder,
    chunk: Box<[u8]>,
    message: Vec<u8>,
    ended: bool,
}

impl Stream {
    fn new(process: &ExecutorProcess) -> io::Result<Self> {
        let file = File::from(process.reports().try_clone_to_owned()?);
        fcntl(&file, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        Ok(Self {
            file,
            decoder: FrameDecoder::default(),
            chunk: vec![0; 64 << 10].into(),
            message: Vec::new(),
            ended: false,
        })
    }

    /// Waits for reports and passes them on; false when there will be no more. A grandchild may
    /// hold the pipe open for ever, so the death of the process ends the stream too.
    fn pass_on(
        &mut self,
        process: &ExecutorProcess,
        reports: &mut dyn ReportSender,
    ) -> io::Result<bool> {
        let mut waited = [
            PollFd::new(self.file.as_fd(), PollFlags::POLLIN),
            PollFd::new(process.handle().descriptor(), PollFlags::POLLIN),
        ];
        match poll(&mut waited, PollTimeout::NONE) {
            Ok(_) => {}
            Err(Errno::EINTR) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
        let died = waited[1].any().unwrap_or(true);
        let open = self.drain(reports)?;
        Ok(open && !died && !self.ended)
    }

    /// Passes on what is there; false at the end of the stream.
    fn drain(&mut self, reports: &mut dyn ReportSender) -> io::Result<bool> {
        loop {
            match self.file.read(&mut self.chunk) {
                Ok(0) => return Ok(false),
                Ok(length) => self.decoder.feed(&self.chunk[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(false),
                Err(error) => return Err(error),
            }
            while let Some(frame) = self.decoder.next_frame().map_err(io::Error::other)? {
                self.ended |= frame.kind == FrameKind::Ended;
                if !self.message.is_empty()
                    && self.message.len() + frame.bytes.len() > MESSAGE_BYTES
                {
                    reports.send(&self.message)?;
                    self.message.clear();
                }
                self.message.extend_from_slice(frame.bytes);
            }
            if !self.message.is_empty() {
                reports.send(&self.message)?;
                self.message.clear();
            }
        }
    }
}

/// Waits until the process is dead, so that the way in which it died is its own and not ours. One
/// that has closed its reports and lives on is not waited for.
fn wait_for_death(process: &ExecutorProcess) -> io::Result<()> {
    let mut waited = [PollFd::new(
        process.handle().descriptor(),
        PollFlags::POLLIN,
    )];
    loop {
        match poll(&mut waited, PollTimeout::from(2000_u16)) {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Tells that all experiments of a task were killed with their process.
fn tell_killed(
    task: &Task,
    status: &WaitStatus,
    sink: &mut dyn EventSink,
) -> Result<Vec<Ending>, SinkError> {
    let reason = format!(
        "the executor's process ended by {}",
        ending_in_words(status)
    );
    let mut endings = Vec::with_capacity(task.len());
    for experiment in task {
        for event in killed_events(Timestamp::now(), experiment, &reason) {
            sink.emit(event)?;
        }
        endings.push(Ending {
            number: experiment.number,
            status: Status::Killed,
            reason: Some(reason.clone()),
            iterations: 0,
        });
    }
    Ok(endings)
}
