//! Starts workers, and listens to each in a thread of its own.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use research_core::WorkerNumber;
use research_process::mark_of_worker;

use super::dispatch::DispatchSender;
use crate::devices::variables;
use crate::launcher::{Launcher, WorkerHandle, WorkerStart};
use crate::scheduler::Input;
use crate::transport::commands::CommandSender;
use crate::transport::endpoint::{Endpoint, LeaderChannel};
use crate::transport::messages::{Init, Task, TaskNumber};
use crate::transport::reports::Report;
use crate::worker::Target;

/// The time within which a worker must end after it has closed its channel.
const SHUTDOWN_TIME: Duration = Duration::from_secs(2);

/// A worker cannot be started.
#[derive(Debug, thiserror::Error)]
#[error("worker {worker} cannot be started ({action}): {source}")]
pub struct LaunchError {
    worker: WorkerNumber,
    action: &'static str,
    source: io::Error,
}

/// The leader's handle of a started worker.
pub(super) struct RunningWorker {
    /// The sender of commands; set when the worker has connected, before it gets tasks.
    commands: OnceLock<Mutex<CommandSender>>,
    pub(super) handle: WorkerHandle,
}

impl RunningWorker {
    /// Sends a task.
    pub(super) fn run(&self, number: TaskNumber, task: &Task) -> io::Result<()> {
        self.command(|commands| commands.run(number, task))
    }

    /// Tells the worker to end, because no tasks are left.
    pub(super) fn quit(&self) {
        // A worker that cannot be reached has ended, which its listener reports.
        let _ = self.command(CommandSender::quit);
    }

    fn command(&self, send: impl FnOnce(&mut CommandSender) -> io::Result<()>) -> io::Result<()> {
        let commands = self.commands.get().ok_or(io::ErrorKind::NotConnected)?;
        send(&mut commands.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A started worker.
pub(super) struct Launched {
    pub(super) running: Arc<RunningWorker>,
    /// The thread that feeds the worker's reports to the scheduler until the worker has ended; the
    /// last input is its loss.
    pub(super) listener: JoinHandle<()>,
    /// Descriptions of the processes that the launcher replaced to start it.
    pub(super) replaced: Vec<String>,
}

/// Starts a worker. `mark` is the mark of the run.
pub(super) fn launch(
    launcher: &mut Launcher,
    init: &Init,
    target: &Target,
    mark: &str,
    sender: DispatchSender,
) -> Result<Launched, LaunchError> {
    let worker = init.worker;
    let failed = |action| {
        move |source| LaunchError {
            worker,
            action,
            source,
        }
    };
    let variables: Vec<_> = init
        .devices
        .iter()
        .flat_map(variables)
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut replaced = Vec::new();
    let (endpoint, handle) = loop {
        let mark = mark_of_worker(mark);
        let opened = Endpoint::open(worker.0, &mark).map_err(failed("opening a channel"))?;
        let (endpoint, inherited) = opened;
        let start = WorkerStart {
            address: endpoint.address().map_err(failed("opening a channel"))?,
            target: target.clone(),
            mark,
            variables: variables.clone(),
        };
        match launcher.start(&start, inherited) {
            Ok(handle) => break (endpoint, handle),
            // If the worker was started despite the error, it finds its channel closed, and ends.
            Err(error) => match launcher.replace() {
                Some(what) => replaced.push(what),
                None => return Err(failed("starting its process")(error)),
            },
        }
    };
    let running = Arc::new(RunningWorker {
        commands: OnceLock::new(),
        handle,
    });
    let listener = Listener {
        worker,
        running: Arc::clone(&running),
        sender,
    };
    let init = init.clone();
    let listener = std::thread::Builder::new()
        .name(format!("worker {worker}"))
        .spawn(move || listener.listen(endpoint, &init))
        .map_err(failed("starting a thread"))?;
    Ok(Launched {
        running,
        listener,
        replaced,
    })
}

/// The thread that listens to a worker.
struct Listener {
    worker: WorkerNumber,
    running: Arc<RunningWorker>,
    sender: DispatchSender,
}

/// Reaps the worker, and after a panic reports its loss. Otherwise the run would wait for it.
impl Drop for Listener {
    fn drop(&mut self) {
        self.running.handle.discard();
        if std::thread::panicking() {
            self.report_loss("the thread that listens to it has panicked".to_owned());
        }
    }
}

impl Listener {
    fn listen(self, endpoint: Endpoint, init: &Init) {
        let handle = &self.running.handle;
        let received = match endpoint.accept(handle.liveness()) {
            Ok(Some(channel)) => self.receive(channel, init),
            Ok(None) => Err("it ended before it came to the `run` that it was started for".into()),
            Err(error) => Err(error.to_string()),
        };
        let ended = handle.wait(SHUTDOWN_TIME);
        let reason = match (received, ended) {
            (Ok(()), Ok(status)) => format!("its process ended by {status}"),
            (Err(reason), Ok(status)) => format!("{reason} (its process ended by {status})"),
            (Ok(()), Err(error)) => format!("cannot wait for its process: {error}"),
            (Err(reason), Err(error)) => format!("{reason} (cannot wait for its process: {error})"),
        };
        self.report_loss(reason);
    }

    fn report_loss(&self, reason: String) {
        // If the leader has ended, it does not need the report.
        let _ = self.sender.report(Input::WorkerLost {
            worker: self.worker,
            reason,
        });
    }

    /// Forwards reports until the worker has closed its channel.
    fn receive(&self, channel: LeaderChannel, init: &Init) -> Result<(), String> {
        let LeaderChannel {
            mut commands,
            mut reports,
        } = channel;
        let sent = commands.init(init);
        sent.map_err(|error| format!("cannot send its first message: {error}"))?;
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
            Report::Ready { pid } => Input::WorkerUp {
                worker,
                pid,
                host: self.running.handle.host().map(str::to_owned),
            },
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
}
