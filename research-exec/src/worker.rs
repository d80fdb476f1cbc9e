//! The worker: receives tasks from the leader and runs each in an executor.

mod bootstrap;
mod executor_process;
mod launchers;
mod relay;
mod sink;

use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use research_core::executor::RunClock;
use research_core::{Experiment, SinkError};
use research_process::{
    become_subreaper, kill_children, kill_groups_and_exit, make_children_waitable,
    started_as_worker, survive_job_warnings, terminate_with_descendants,
};

pub(crate) use bootstrap::Role;
pub use bootstrap::{Target, WorkerBootstrap};
pub(crate) use executor_process::tie_to_parent;

use crate::capture::EndNumbers;
use crate::executor::{Executor, Measured};
use crate::in_unit::{self, is_in_unit};
use crate::transport::bytes::{ByteSender, StreamReceiver};
use crate::transport::commands::{Command, CommandReceiver};
use crate::transport::endpoint::{LeaderAddress, WorkerChannel};
use crate::transport::frame::{FrameKind, push_frame};
use crate::transport::messages::{Hello, Init, PROTOCOL, TaskNumber};
use launchers::{ExecutorLauncher, WorkerParts};
use sink::run_and_report;

/// The error of a worker that cannot serve its leader. The worker then ends, which the leader
/// detects.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// A system call failed.
    #[error("a worker cannot {action}: {source}")]
    Io {
        /// The action that failed.
        action: &'static str,
        /// The error of the system.
        source: io::Error,
    },
    /// Leader and worker are different programs.
    #[error("the leader has version {leader} of the protocol, but this worker has {PROTOCOL}")]
    Protocol {
        /// The leader's version.
        leader: u32,
    },
    /// The experiment cannot be built from the record.
    #[error("a worker cannot build the experiment: {0}")]
    Build(String),
    /// The leader no longer accepts events.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

/// The exit code of a worker that cannot serve its leader.
pub(crate) const WORKER_FAILED: i32 = 3;

fn io_error(action: &'static str) -> impl FnOnce(io::Error) -> WorkerError {
    move |source| WorkerError::Io { action, source }
}

/// Ends this process if it was started as a worker or an executor but has lost its bootstrap.
/// Otherwise it would act as a leader, and so would its workers, without end.
pub fn end_if_lost() {
    if WorkerBootstrap::received().is_some() || is_in_unit() || !started_as_worker() {
        return;
    }
    // If standard error is closed, the message cannot be shown.
    let _ = writeln!(
        io::stderr(),
        "research: this process was started as a worker, but the descriptors of its leader are \
         closed: the program must not close descriptors that it did not open before it reaches \
         `run`; \
         `research::worker_entry` at the beginning of `main` is early enough"
    );
    // Exits: this process belongs to its leader, and must not become a leader itself.
    std::process::exit(WORKER_FAILED);
}

/// Serves the leader until it has no more tasks, in a program that has received a
/// [`WorkerBootstrap`]. `build` builds the experiment, from the recorded source if there is one.
///
/// Afterwards the process should end: only the leader runs the rest of the program.
///
/// # Errors
/// The leader cannot be reached or sends invalid messages, or the experiment cannot be built.
pub fn serve(
    bootstrap: &WorkerBootstrap,
    build: impl FnOnce(Option<&str>) -> Result<Experiment, String>,
) -> Result<(), WorkerError> {
    in_unit::set_thread(true);
    make_children_waitable().map_err(io_error("wait for its children"))?;
    show_prints_on_stderr().map_err(io_error("redirect its output"))?;
    let socket = bootstrap
        .take_commands()
        .map_err(io_error("take its commands"))?;
    match bootstrap.role() {
        Role::Worker { address } => Worker::connect(bootstrap, address, socket, build)?.serve(),
        Role::Executor { printed_to } => serve_one(socket.into(), *printed_to, build),
    }
}

/// Redirects standard output to standard error. It was discarded so far, because the leader has
/// already printed what the program prints before this call; from here on units print.
fn show_prints_on_stderr() -> io::Result<()> {
    io::stdout().flush()?;
    nix::unistd::dup2_stdout(io::stderr())?;
    Ok(())
}

fn receive_init(
    commands: &mut CommandReceiver,
    build: impl FnOnce(Option<&str>) -> Result<Experiment, String>,
) -> Result<Option<(Init, Executor)>, WorkerError> {
    let init = match commands.recv().map_err(io_error("read its commands"))? {
        Some(Command::Init(init)) => *init,
        Some(Command::Run(..) | Command::Quit) | None => return Ok(None),
    };
    if init.protocol != PROTOCOL {
        return Err(WorkerError::Protocol {
            leader: init.protocol,
        });
    }
    if let Some(epoch) = init.epoch {
        RunClock::follow(epoch);
    }
    let experiment = build(init.source.as_deref()).map_err(WorkerError::Build)?;
    let executor = Executor::new(experiment)
        .options(&init.options)
        .worker(init.worker, &init.options)
        .experiments_folder(init.experiments_folder.clone())
        .devices(init.devices.clone());
    Ok(Some((init, executor)))
}

/// Returns the report that this process is ready: a worker for tasks, an executor for its only
/// task.
fn hello(task: TaskNumber) -> io::Result<Vec<u8>> {
    let hello = Hello {
        protocol: PROTOCOL,
        pid: std::process::id(),
    };
    let mut frame = Vec::new();
    push_frame(&mut frame, FrameKind::Hello, task.0, &hello).map_err(io::Error::other)?;
    Ok(frame)
}

/// Runs the one task of an executed executor.
fn serve_one(
    socket: UnixStream,
    printed_to: EndNumbers,
    build: impl FnOnce(Option<&str>) -> Result<Experiment, String>,
) -> Result<(), WorkerError> {
    survive_job_warnings().map_err(|errno| io_error("handle signals")(errno.into()))?;
    let mut reports = socket.try_clone().map_err(io_error("share its socket"))?;
    let mut commands = CommandReceiver::new(StreamReceiver::new(socket));
    let Some((_, executor)) = receive_init(&mut commands, build)? else {
        return Ok(());
    };
    let executor = executor.measured(Measured::Executed);
    let command = commands.recv().map_err(io_error("read its commands"))?;
    let Some(Command::Run(number, task)) = command else {
        return Ok(());
    };
    // SAFETY: the worker started this process with these descriptors, and nothing else owns them.
    let printed_to = unsafe { printed_to.ends() };
    printed_to
        .take_over()
        .map_err(io_error("redirect its output"))?;
    // The worker measures the time of the task from here on, without the time of starting the
    // program.
    let hello = hello(number).map_err(io_error("report to its worker"))?;
    reports
        .write_all(&hello)
        .map_err(io_error("report to its worker"))?;
    let send = move |bytes: &[u8]| reports.write_all(bytes);
    let last = FrameKind::Ended;
    Ok(run_and_report(
        &executor,
        number,
        task,
        send,
        last,
        kill_groups_and_exit,
        None,
    )?)
}

/// The channel to the leader. It is shared with the thread that ends this process when a timeout
/// expires.
#[derive(Clone)]
struct Reports(Arc<Mutex<Box<dyn ByteSender>>>);

impl Reports {
    fn lock(&self) -> MutexGuard<'_, Box<dyn ByteSender>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A worker that has connected to its leader.
struct Worker {
    launcher: Box<dyn ExecutorLauncher>,
    commands: CommandReceiver,
    _cleanup: Cleanup,
}

/// Kills all children when the worker ends, even if it ends because the leader has ended.
struct Cleanup;

impl Drop for Cleanup {
    fn drop(&mut self) {
        kill_children(&[]);
    }
}

impl Worker {
    fn connect(
        bootstrap: &WorkerBootstrap,
        address: &LeaderAddress,
        socket: OwnedFd,
        build: impl FnOnce(Option<&str>) -> Result<Experiment, String>,
    ) -> Result<Self, WorkerError> {
        terminate_with_descendants().map_err(|e| io_error("handle signals")(e.into()))?;
        let own_children = become_subreaper().map_err(io_error("adopt orphans"))?;
        let cleanup = Cleanup;
        let WorkerChannel {
            mut commands,
            reports,
            descriptors,
        } = address
            .connect(socket)
            .map_err(io_error("connect to the leader"))?;
        let Some((init, executor)) = receive_init(&mut commands, build)? else {
            return Err(WorkerError::Build(
                "the leader ended before its first message".into(),
            ));
        };
        let reports = Reports(Arc::new(Mutex::new(reports)));
        let parts = WorkerParts {
            init,
            executor,
            reports: reports.clone(),
            descriptors,
            own_children,
            target: bootstrap.target.clone(),
        };
        let launcher = parts.choose_launcher()?;
        hello(TaskNumber(0))
            .and_then(|frame| reports.lock().send(&frame))
            .map_err(io_error("report to the leader"))?;
        Ok(Self {
            launcher,
            commands,
            _cleanup: cleanup,
        })
    }

    fn serve(mut self) -> Result<(), WorkerError> {
        loop {
            let command = self.commands.recv();
            match command.map_err(io_error("read its commands"))? {
                Some(Command::Run(number, task)) => self.launcher.run(number, task)?,
                Some(Command::Quit) | None => return Ok(()),
                Some(Command::Init(_)) => {
                    return Err(WorkerError::Build(
                        "the leader sent its first message twice".into(),
                    ));
                }
            }
        }
    }
}
