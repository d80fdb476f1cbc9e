//! Starting workers, and listening to each in a thread of its own.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};

use crossbeam_channel::Sender;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::sys::socket::{MsgFlags, recv};
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;
use research_core::{WorkerNumber, codec};

use crate::distributor::Input;
use crate::link::control::Commander;
use crate::link::frame::{Frame, FrameDecoder, FrameKind};
use crate::link::message::{Ended, Hello, Init, PROTOCOL, TaskNumber};
use crate::link::transport::{ReportReceiver, ReportServer};
use crate::process::{ProcessHandle, ending_in_words};
use crate::relaunch::this_program;
use crate::worker::{Invitation, Role, Target, tie_to_parent};

/// A worker that has closed its channel has this long to end, in milliseconds.
const LAST_MOMENTS: u16 = 2000;

/// A worker could not be started.
#[derive(Debug, thiserror::Error)]
#[error("worker {worker} cannot be started ({action}): {source}")]
pub struct LaunchError {
    worker: WorkerNumber,
    action: &'static str,
    source: io::Error,
}

/// What the leader keeps of a worker.
pub(super) struct RunningWorker {
    pub(super) commander: Commander,
    pub(super) handle: ProcessHandle,
}

impl RunningWorker {
    /// Tells it that there are no more tasks.
    pub(super) fn quit(&mut self) {
        // One that cannot be told is gone already, and its link says so.
        let _ = self.commander.quit();
    }

    /// Ends it, and all that it runs.
    pub(super) fn kill(&mut self) {
        // One that cannot be signalled is gone already, and its link says so.
        let _ = self.handle.signal(Signal::SIGTERM);
    }
}

/// Starts this program again as a worker. What it reports is put into `letters`; the last of it
/// is that the worker is lost.
pub(super) fn launch(
    init: &Init,
    target: &Target,
    letters: Sender<Input>,
) -> Result<RunningWorker, LaunchError> {
    let worker = init.worker;
    let failed = |action| {
        move |source| LaunchError {
            worker,
            action,
            source,
        }
    };
    let server = ReportServer::new().map_err(failed("opening a channel"))?;
    let (ours, theirs) = UnixStream::pair().map_err(failed("opening a socket"))?;
    let role = Role::Worker {
        server: server.name().to_owned(),
    };
    let variable = Invitation::new(role, target.clone()).variable();
    let (name, value) = variable
        .map_err(io::Error::from)
        .map_err(failed("inviting it"))?;
    let mut command = this_program().map_err(failed("finding this program"))?;
    command
        .env(name, value)
        .stdin(OwnedFd::from(theirs))
        .stdout(Stdio::null());
    tie_to_parent(&mut command, Signal::SIGTERM);
    let child = command.spawn().map_err(failed("starting the program"))?;
    let link = Link {
        worker,
        child,
        letters,
    };
    let handles = i32::try_from(link.child.id())
        .map_err(io::Error::other)
        .and_then(|pid| Ok((ProcessHandle::open(pid)?, ProcessHandle::open(pid)?)));
    let (handle, watched) = handles.map_err(failed("watching it"))?;
    let answers = ours.try_clone().map_err(failed("sharing its socket"))?;
    let mut commander = Commander::new(ours);
    commander
        .init(init)
        .map_err(failed("sending its first message"))?;
    std::thread::Builder::new()
        .name(format!("worker {worker}"))
        .spawn(move || link.listen(server, &answers, &watched))
        .map_err(failed("starting a thread"))?;
    Ok(RunningWorker { commander, handle })
}

/// The thread that listens to a worker.
struct Link {
    worker: WorkerNumber,
    child: Child,
    letters: Sender<Input>,
}

impl Link {
    fn listen(mut self, server: ReportServer, answers: &UnixStream, process: &ProcessHandle) {
        let heard = match wait_for_connection(answers, process) {
            Ok(true) => self.receive(server),
            Ok(false) => Err("it ended before it came to the `run` that it was started for".into()),
            Err(error) => Err(error.to_string()),
        };
        let ended = self.reap(process);
        let reason = match (heard, ended) {
            (Ok(()), Ok(status)) => format!("its process ended by {status}"),
            (Err(reason), Ok(status)) => format!("{reason} (its process ended by {status})"),
            (Ok(()), Err(error)) => format!("it cannot be waited for: {error}"),
            (Err(reason), Err(error)) => format!("{reason} (it cannot be waited for: {error})"),
        };
        // Without a leader there is nobody to tell.
        let _ = self.letters.send(Input::WorkerLost {
            worker: self.worker,
            reason,
        });
    }

    /// Passes on reports until the worker has closed its channel.
    fn receive(&mut self, server: ReportServer) -> Result<(), String> {
        let mut reports = server.accept().map_err(|error| error.to_string())?;
        let mut decoder = FrameDecoder::default();
        while let Some(bytes) = reports.receive().map_err(|error| error.to_string())? {
            decoder.feed(&bytes);
            while let Some(frame) = decoder.next_frame().map_err(|error| error.to_string())? {
                let input = self.read(&frame)?;
                if self.letters.send(input).is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn read(&self, frame: &Frame<'_>) -> Result<Input, String> {
        let worker = self.worker;
        let task = TaskNumber(frame.task);
        let input = match frame.kind {
            FrameKind::Hello => codec::decode::<Hello>(frame.payload).map(|hello| {
                (hello.protocol == PROTOCOL).then_some(Input::WorkerUp {
                    worker,
                    pid: hello.pid,
                })
            }),
            FrameKind::Events => codec::decode(frame.payload).map(|events| {
                Some(Input::Events {
                    worker,
                    task,
                    events,
                })
            }),
            FrameKind::Ended => codec::decode::<Ended>(frame.payload).map(|(events, endings)| {
                Some(Input::Ended {
                    worker,
                    task,
                    events,
                    endings,
                })
            }),
            FrameKind::Init | FrameKind::Run | FrameKind::Quit => Ok(None),
        };
        let input = input.map_err(|error| error.to_string())?;
        input.ok_or_else(|| format!("it sent an unexpected message ({:?})", frame.kind))
    }

    /// Waits for the worker's end, and sees to it that it comes.
    fn reap(&mut self, process: &ProcessHandle) -> io::Result<String> {
        if !wait_readable(&[process.descriptor()], PollTimeout::from(LAST_MOMENTS))? {
            process.signal(Signal::SIGTERM)?;
            if !wait_readable(&[process.descriptor()], PollTimeout::from(LAST_MOMENTS))? {
                process.signal(Signal::SIGKILL)?;
            }
        }
        let status = self.child.wait()?;
        let pid = Pid::from_raw(0);
        Ok(ending_in_words(&WaitStatus::from_raw(
            pid,
            status.into_raw(),
        )?))
    }
}

/// Waits until the worker has connected, so that accepting it needs no waiting; false if it ended
/// before that. What a program does before it comes to its `run` may take any time.
fn wait_for_connection(answers: &UnixStream, process: &ProcessHandle) -> io::Result<bool> {
    wait_readable(&[answers.as_fd(), process.descriptor()], PollTimeout::NONE)?;
    // The descriptor is shared with the commander, so it is not made non-blocking as such.
    let received = recv(answers.as_raw_fd(), &mut [0], MsgFlags::MSG_DONTWAIT);
    Ok(matches!(received, Ok(1)))
}

/// Waits until one of the descriptors is readable; false if the time was over before that.
fn wait_readable(descriptors: &[BorrowedFd<'_>], timeout: PollTimeout) -> io::Result<bool> {
    let mut waited: Vec<PollFd<'_>> = descriptors
        .iter()
        .map(|descriptor| PollFd::new(*descriptor, PollFlags::POLLIN))
        .collect();
    loop {
        match poll(&mut waited, timeout) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
