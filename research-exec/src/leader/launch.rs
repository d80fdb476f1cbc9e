//! Starting workers, and listening to each in a thread of its own.

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::poll::PollTimeout;
use nix::sys::signal::Signal;
use nix::sys::socket::{MsgFlags, recv};
use nix::sys::wait::WaitStatus;
use research_core::{WorkerNumber, codec};
use research_process::{
    ChildProcess, ProcessHandle, describe_exit, kill_marked, mark_of_worker, wait_readable,
};

use super::dispatch::DispatchSender;
use crate::devices::variables;
use crate::launcher::{Launcher, WorkerStart};
use crate::scheduler::Input;
use crate::transport::commands::Commander;
use crate::transport::frame::{Frame, FrameDecoder, FrameKind};
use crate::transport::messages::{Ended, Hello, Init, PROTOCOL, Task, TaskNumber};
use crate::transport::reports::{ReportReceiver, ReportServer};
use crate::worker::Target;

/// A worker that has closed its channel has this long to end, in milliseconds.
const LAST_MOMENTS: u16 = 2000;

/// A worker that reads nothing for so long while it is told something is given up.
const SEND_LIMIT: Duration = Duration::from_secs(10);

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
    commander: Mutex<Commander>,
    handle: ProcessHandle,
}

impl RunningWorker {
    /// Tells it to run a task.
    pub(super) fn run(&self, number: TaskNumber, task: &Task) -> io::Result<()> {
        self.commander().run(number, task)
    }

    /// Tells it that there are no more tasks.
    pub(super) fn quit(&self) {
        // One that cannot be told is gone already, and its link says so.
        let _ = self.commander().quit();
    }

    fn commander(&self) -> MutexGuard<'_, Commander> {
        self.commander
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks it to end, and all that it runs.
    pub(super) fn terminate(&self) {
        // One that cannot be signalled is gone already, and its link says so.
        let _ = self.handle.signal(Signal::SIGTERM);
        // One that is stopped does not see signals.
        let _ = self.handle.signal(Signal::SIGCONT);
    }

    /// Ends it for certain.
    pub(super) fn kill(&self) {
        // As above.
        let _ = self.handle.signal(Signal::SIGKILL);
    }
}

/// Starts a worker. What it reports is told to the scheduler; the last of it is that the worker is
/// lost. What it starts has a mark that begins with that of the run. Gives the thread that listens
/// to it, too, which ends with it.
pub(super) fn launch(
    launcher: &mut Launcher,
    init: &Init,
    target: &Target,
    mark: &str,
    sender: DispatchSender,
) -> Result<(RunningWorker, JoinHandle<()>), LaunchError> {
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
    let variables = init.devices.iter().flat_map(variables);
    let start = WorkerStart {
        server: server.name().to_owned(),
        target: target.clone(),
        mark: mark_of_worker(mark),
        variables: variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    };
    let pid = launcher.start(&start, theirs);
    let pid = pid.map_err(failed("starting its process"))?;
    let link = Link {
        worker,
        child: ChildProcess::new(pid),
        mark: start.mark,
        sender,
    };
    let open = || ProcessHandle::open(pid.as_raw());
    let handle = open().map_err(failed("watching it"))?;
    let watched = open().map_err(failed("watching it"))?;
    let answers = ours.try_clone().map_err(failed("sharing its socket"))?;
    ours.set_write_timeout(Some(SEND_LIMIT))
        .map_err(failed("limiting how long it may not read"))?;
    let init = init.clone();
    let listener = std::thread::Builder::new()
        .name(format!("worker {worker}"))
        .spawn(move || link.listen(server, answers, &watched, &init))
        .map_err(failed("starting a thread"))?;
    let running = RunningWorker {
        commander: Mutex::new(Commander::new(ours)),
        handle,
    };
    Ok((running, listener))
}

/// The thread that listens to a worker.
struct Link {
    worker: WorkerNumber,
    child: ChildProcess,
    /// What all processes of the worker have in their environment.
    mark: String,
    sender: DispatchSender,
}

/// Without somebody who listens to it, nobody would see to its end, and the run would wait for
/// that.
impl Drop for Link {
    fn drop(&mut self) {
        self.child.kill();
        if std::thread::panicking() {
            self.report_loss("the thread that listens to it has panicked".to_owned());
        }
    }
}

impl Link {
    fn listen(
        mut self,
        server: ReportServer,
        socket: UnixStream,
        process: &ProcessHandle,
        init: &Init,
    ) {
        let heard = match wait_for_connection(&socket, process) {
            // It reads now, so nobody waits if what it is told is long.
            Ok(true) => match Commander::new(socket).init(init) {
                Ok(()) => self.receive(server),
                Err(error) => Err(format!("its first message cannot be sent: {error}")),
            },
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
        self.report_loss(reason);
    }

    fn report_loss(&self, reason: String) {
        // Without a leader there is nobody to tell.
        let _ = self.sender.report(Input::WorkerLost {
            worker: self.worker,
            reason,
        });
    }

    /// Passes on reports until the worker has closed its channel.
    fn receive(&mut self, server: ReportServer) -> Result<(), String> {
        let mut reports = server
            .accept(self.child.pid())
            .map_err(|error| error.to_string())?;
        let mut decoder = FrameDecoder::default();
        while let Some(bytes) = reports.receive().map_err(|error| error.to_string())? {
            decoder.feed(&bytes);
            while let Some(frame) = decoder.next_frame().map_err(|error| error.to_string())? {
                let input = self.read(&frame)?;
                if !self.sender.report(input) {
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
            FrameKind::Ended | FrameKind::Last => {
                codec::decode::<Ended>(frame.payload).map(|(events, endings)| {
                    Some(Input::Ended {
                        worker,
                        task,
                        events,
                        endings,
                        retiring: frame.kind == FrameKind::Last,
                    })
                })
            }
            FrameKind::StorageFailed => codec::decode(frame.payload).map(|reason| {
                Some(Input::StorageFailed {
                    worker,
                    task,
                    reason,
                })
            }),
            FrameKind::ExecutorDied => codec::decode(frame.payload).map(|termination| {
                Some(Input::ExecutorDied {
                    worker,
                    task,
                    termination,
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
        if !matches!(status, WaitStatus::Exited(_, 0)) {
            // It may have had no time to end what it has started.
            kill_marked(&self.mark)?;
        }
        Ok(describe_exit(&status))
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
