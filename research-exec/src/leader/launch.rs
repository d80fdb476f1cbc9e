//! Starting workers, and listening to each in a thread of its own.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

use nix::poll::PollTimeout;
use nix::sys::signal::Signal;

use research_core::WorkerNumber;
use research_process::{
    ChildProcess, ProcessHandle, describe_exit, kill_marked, mark_of_worker, wait_readable,
};

use super::dispatch::DispatchSender;
use crate::devices::variables;
use crate::launcher::{Launcher, WorkerStart};
use crate::scheduler::Input;
use crate::transport::commands::CommandSender;
use crate::transport::endpoint::{Endpoint, LeaderChannel};
use crate::transport::messages::{Init, Task, TaskNumber};
use crate::transport::reports::Report;
use crate::worker::Target;

/// A worker that has closed its channel must end within this many milliseconds.
const SHUTDOWN_TIME_MS: u16 = 2000;

/// A worker could not be started.
#[derive(Debug, thiserror::Error)]
#[error("worker {worker} cannot be started ({action}): {source}")]
pub struct LaunchError {
    worker: WorkerNumber,
    action: &'static str,
    source: io::Error,
}

/// A process on some machine that the leader can ask to end, or end.
#[derive(Debug)]
pub(super) struct WorkerHandle {
    process: ProcessHandle,
}

impl WorkerHandle {
    /// Asks the worker to end, with everything that it runs.
    pub(super) fn terminate(&self) {
        // A worker that cannot be signalled has ended, which its listener reports.
        let _ = self.process.signal(Signal::SIGTERM);
        // A stopped process handles signals only when it continues.
        let _ = self.process.signal(Signal::SIGCONT);
    }

    /// Ends the worker at once.
    pub(super) fn kill(&self) {
        // As above.
        let _ = self.process.signal(Signal::SIGKILL);
    }
}

/// A worker from the leader's side.
pub(super) struct RunningWorker {
    /// Set when the worker has connected; tasks are sent after that.
    commands: OnceLock<Mutex<CommandSender>>,
    pub(super) handle: WorkerHandle,
}

impl RunningWorker {
    /// Sends a task.
    pub(super) fn run(&self, number: TaskNumber, task: &Task) -> io::Result<()> {
        self.command(|commands| commands.run(number, task))
    }

    /// Lets the worker end, because there are no more tasks.
    pub(super) fn quit(&self) {
        // A worker that cannot be reached has ended, which its listener reports.
        let _ = self.command(CommandSender::quit);
    }

    fn command(&self, send: impl FnOnce(&mut CommandSender) -> io::Result<()>) -> io::Result<()> {
        let commands = self.commands.get().ok_or(io::ErrorKind::NotConnected)?;
        send(&mut commands.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Starts a worker. Its listener, a thread that is returned, feeds its reports to the scheduler until
/// the worker has ended; the last input is its loss. `mark` is that of the run.
pub(super) fn launch(
    launcher: &mut Launcher,
    init: &Init,
    target: &Target,
    mark: &str,
    sender: DispatchSender,
) -> Result<(Arc<RunningWorker>, JoinHandle<()>), LaunchError> {
    let worker = init.worker;
    let failed = |action| {
        move |source| LaunchError {
            worker,
            action,
            source,
        }
    };
    let mark = mark_of_worker(mark);
    let opened = Endpoint::open(worker.0, &mark).map_err(failed("opening a channel"))?;
    let (endpoint, inherited) = opened;
    let variables = init.devices.iter().flat_map(variables);
    let start = WorkerStart {
        address: endpoint.address().map_err(failed("opening a channel"))?,
        target: target.clone(),
        mark,
        variables: variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    };
    let pid = launcher.start(&start, inherited);
    let pid = pid.map_err(failed("starting its process"))?;
    let child = ChildProcess::new(pid);
    let open = || ProcessHandle::open(pid.as_raw()).map_err(failed("watching it"));
    let running = Arc::new(RunningWorker {
        commands: OnceLock::new(),
        handle: WorkerHandle { process: open()? },
    });
    let listener = Listener {
        worker,
        child,
        process: open()?,
        mark: start.mark,
        running: Arc::clone(&running),
        sender,
    };
    let init = init.clone();
    let thread = std::thread::Builder::new()
        .name(format!("worker {worker}"))
        .spawn(move || listener.listen(endpoint, &init))
        .map_err(failed("starting a thread"))?;
    Ok((running, thread))
}

/// The thread that listens to a worker.
struct Listener {
    worker: WorkerNumber,
    child: ChildProcess,
    process: ProcessHandle,
    /// The mark in the environment of all processes of the worker.
    mark: String,
    running: Arc<RunningWorker>,
    sender: DispatchSender,
}

/// Without its listener the worker would not be reaped, and the run would wait for it.
impl Drop for Listener {
    fn drop(&mut self) {
        self.child.kill();
        if std::thread::panicking() {
            self.report_loss("the thread that listens to it has panicked".to_owned());
        }
    }
}

impl Listener {
    fn listen(mut self, endpoint: Endpoint, init: &Init) {
        let received = match endpoint.accept(self.child.pid(), &self.process) {
            Ok(Some(channel)) => self.receive(channel, init),
            Ok(None) => Err("it ended before it came to the `run` that it was started for".into()),
            Err(error) => Err(error.to_string()),
        };
        let ended = self.reap();
        let reason = match (received, ended) {
            (Ok(()), Ok(status)) => format!("its process ended by {status}"),
            (Err(reason), Ok(status)) => format!("{reason} (its process ended by {status})"),
            (Ok(()), Err(error)) => format!("it cannot be waited for: {error}"),
            (Err(reason), Err(error)) => format!("{reason} (it cannot be waited for: {error})"),
        };
        self.report_loss(reason);
    }

    fn report_loss(&self, reason: String) {
        // Without a leader the report is not needed.
        let _ = self.sender.report(Input::WorkerLost {
            worker: self.worker,
            reason,
        });
    }

    /// Forwards reports until the worker has closed its channel.
    fn receive(&mut self, channel: LeaderChannel, init: &Init) -> Result<(), String> {
        let LeaderChannel {
            mut commands,
            mut reports,
        } = channel;
        let sent = commands.init(init);
        sent.map_err(|error| format!("its first message cannot be sent: {error}"))?;
        self.running.commands.get_or_init(|| Mutex::new(commands));
        while let Some(report) = reports.recv().map_err(|error| error.to_string())? {
            if !self.sender.report(self.input(report)) {
                break;
            }
        }
        Ok(())
    }

    fn input(&self, report: Report) -> Input {
        let worker = self.worker;
        match report {
            Report::Ready { pid } => Input::WorkerUp { worker, pid },
            Report::Events { task, events } => Input::Events {
                worker,
                task,
                events,
            },
            Report::Ended {
                task,
                events,
                endings,
                retiring,
            } => Input::Ended {
                worker,
                task,
                events,
                endings,
                retiring,
            },
            Report::StorageFailed { task, reason } => Input::StorageFailed {
                worker,
                task,
                reason,
            },
            Report::ExecutorDied { task, termination } => Input::ExecutorDied {
                worker,
                task,
                termination,
            },
        }
    }

    /// Waits for the end of the worker, and enforces it.
    fn reap(&mut self) -> io::Result<String> {
        let end = [self.process.descriptor()];
        if !wait_readable(&end, PollTimeout::from(SHUTDOWN_TIME_MS))? {
            self.running.handle.terminate();
            if !wait_readable(&end, PollTimeout::from(SHUTDOWN_TIME_MS))? {
                self.running.handle.kill();
            }
        }
        let status = self.child.wait()?;
        if !status.success() {
            // It may have had no time to kill what it has started.
            kill_marked(&self.mark)?;
        }
        Ok(describe_exit(status))
    }
}
