//! The worker: receives tasks from the leader and runs each in an executor.

mod bootstrap;
mod executor_process;
mod relay;
mod sink;

use std::io::{self, Write};
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use research_core::executor::RunClock;
use research_core::{Experiment, Isolation, SinkError};
use research_process::{
    ResourceUsage, become_subreaper, is_single_threaded, kill_children, kill_descendants_and_exit,
    kill_groups_and_exit, make_children_waitable, started_as_worker, survive_job_warnings,
    terminate_with_descendants,
};

pub(crate) use bootstrap::Role;
pub use bootstrap::{Target, WorkerBootstrap};
pub(crate) use executor_process::tie_to_parent;

use crate::capture::{EndNumbers, SharedOutput, TaskOutput};
use crate::executor::{Executor, Measured, recorded};
use crate::in_unit::{self, is_in_unit};
use crate::transport::bytes::{ByteSender, StreamReceiver};
use crate::transport::commands::{Command, CommandReceiver};
use crate::transport::endpoint::{LeaderAddress, WorkerChannel};
use crate::transport::frame::{FrameKind, push_frame};
use crate::transport::messages::{Hello, Init, PROTOCOL, Task, TaskNumber};
use executor_process::{ExecutorProcess, ReadyExecutor};
use relay::Relay;
use sink::run_and_report;

/// A worker failed. It ends, which the leader notices.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The system refused something.
    #[error("a worker cannot {action}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Leader and worker are different programs.
    #[error("the leader speaks version {leader} of the protocol, and this worker {PROTOCOL}")]
    Protocol {
        /// The leader's version.
        leader: u32,
    },
    /// The experiment cannot be built from what the leader has recorded.
    #[error("a worker cannot build the experiment: {0}")]
    Build(String),
    /// The leader takes no more events.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

/// The exit code of a worker that cannot serve its leader.
pub(crate) const WORKER_FAILED: i32 = 3;

fn io_error(action: &'static str) -> impl FnOnce(io::Error) -> WorkerError {
    move |source| WorkerError::Io { action, source }
}

/// Ends this process if it was started as a worker or an executor, but has lost its bootstrap:
/// otherwise it would act as a leader whose workers do the same.
pub fn end_if_lost() {
    if WorkerBootstrap::received().is_some() || is_in_unit() || !started_as_worker() {
        return;
    }
    // Without standard error the message cannot be shown.
    let _ = writeln!(
        io::stderr(),
        "research: this process was started as a worker, but the descriptors of its leader are closed: \
         the program must not close descriptors that it did not open before it comes to `run`; \
         `research::worker_entry` at the beginning of `main` is early enough"
    );
    std::process::exit(WORKER_FAILED);
}

/// Serves the leader until it has no more tasks; for a program that has received an
/// [`WorkerBootstrap`]. `build` makes the experiment, from the recorded source if there is one.
///
/// Afterwards the process should end: everything else that the program does is the leader's.
///
/// # Errors
/// The leader cannot be reached or understood, or the experiment cannot be built.
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

/// The leader printed everything that the worker's program prints before this call, so its standard
/// output was closed. From here on the output of units matters.
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

/// The report that this process is ready: a worker for tasks, an executor for its own.
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
    // SAFETY: its worker started this process with these descriptors, and nothing else owns them.
    let printed_to = unsafe { printed_to.ends() };
    printed_to
        .take_over()
        .map_err(io_error("redirect its output"))?;
    // Its worker counts the time from here on, without the time that the program took to get here.
    let hello = hello(number).map_err(io_error("greet its worker"))?;
    reports
        .write_all(&hello)
        .map_err(io_error("greet its worker"))?;
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

/// The channel to the leader, which a thread that ends this process uses, too.
#[derive(Clone)]
struct Reports(Arc<Mutex<Box<dyn ByteSender>>>);

impl Reports {
    fn lock(&self) -> MutexGuard<'_, Box<dyn ByteSender>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, bytes: &[u8]) -> io::Result<()> {
        self.lock().send(bytes)
    }
}

struct Worker<'a> {
    bootstrap: &'a WorkerBootstrap,
    init: Init,
    executor: Executor,
    /// Whether its experiments run programs only, each of which is a process of its own.
    only_programs: bool,
    commands: CommandReceiver,
    reports: Reports,
    /// The descriptors of the channel, which a forked child closes.
    descriptors: Vec<RawFd>,
    /// Its children from before this call, which its program may need.
    own_children: Vec<i32>,
    /// An executed executor that waits for a task.
    ready: Option<ReadyExecutor>,
    /// The captured output of experiments that share this process.
    shared_output: Option<Arc<SharedOutput>>,
    relay: Relay,
}

/// Its program does not continue, so the worker kills everything that is left, also if it ends
/// because the leader is gone.
impl Drop for Worker<'_> {
    fn drop(&mut self) {
        self.ready.take();
        kill_children(&[]);
    }
}

impl<'a> Worker<'a> {
    fn connect(
        bootstrap: &'a WorkerBootstrap,
        address: &LeaderAddress,
        socket: OwnedFd,
        build: impl FnOnce(Option<&str>) -> Result<Experiment, String>,
    ) -> Result<Self, WorkerError> {
        terminate_with_descendants().map_err(|e| io_error("handle signals")(e.into()))?;
        let own_children = become_subreaper().map_err(io_error("adopt orphans"))?;
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
        let only_programs = executor.experiment().is_processes();
        let measured = match init.isolation() {
            Isolation::Experiment if !only_programs => Measured::Forked,
            _ => Measured::Shared,
        };
        let shared_output = match init.isolation() {
            Isolation::Worker if !only_programs => SharedOutput::catch(executor.redirects())
                .map_err(io_error("redirect its output"))?
                .map(Arc::new),
            _ => None,
        };
        let worker = Self {
            bootstrap,
            only_programs,
            init,
            executor: executor.measured(measured),
            commands,
            reports: Reports(Arc::new(Mutex::new(reports))),
            descriptors,
            own_children,
            ready: None,
            shared_output,
            relay: Relay::new(),
        };
        hello(TaskNumber(0))
            .and_then(|frame| worker.reports.send(&frame))
            .map_err(io_error("report to the leader"))?;
        Ok(worker)
    }

    fn serve(mut self) -> Result<(), WorkerError> {
        loop {
            match self
                .commands
                .recv()
                .map_err(io_error("read its commands"))?
            {
                Some(Command::Run(number, task)) => {
                    self.run(number, task)?;
                }
                Some(Command::Quit) | None => return Ok(()),
                Some(Command::Init(_)) => {
                    return Err(WorkerError::Build(
                        "the leader sent its first message twice".into(),
                    ));
                }
            }
        }
    }

    /// Kills what a task has left, and returns what that used.
    fn kill_orphans(&self) -> ResourceUsage {
        let mut keep = self.own_children.clone();
        keep.extend(self.ready.as_ref().map(ReadyExecutor::pid));
        kill_children(&keep)
    }

    fn run(&mut self, number: TaskNumber, task: Task) -> Result<(), WorkerError> {
        if self.init.isolation() == Isolation::Experiment && !self.only_programs {
            return self.run_in_executor(number, task);
        }
        self.run_here(number, task)?;
        // Code that shares this process may share its children, too.
        if self.only_programs {
            self.kill_orphans();
        }
        Ok(())
    }

    fn run_in_executor(&mut self, number: TaskNumber, task: Task) -> Result<(), WorkerError> {
        let experiments = task.clone();
        let process = if is_single_threaded() {
            ExecutorProcess::fork(&self.executor, number, task, &self.descriptors)
        } else {
            self.executed(number, &task)
        };
        let process = process.map_err(io_error("start an executor"))?;
        let timeout = self.init.options.timeout;
        let reports = self.reports.clone();
        let mut reports = reports.lock();
        let died = self
            .relay
            .forward(process, number, &experiments, timeout, &mut **reports)
            .map_err(io_error("forward events"))?;
        let orphans = self.kill_orphans();
        let Some((mut termination, used)) = died else {
            return Ok(());
        };
        // What each of several experiments used is unknown.
        if let [_] = *experiments {
            let exit_code = termination.usage.exit_code;
            let used = used.map(|used| used.and(orphans));
            termination.usage = research_core::events::ResourceUsage {
                exit_code,
                ..recorded(used)
            };
        }
        let mut frame = Vec::new();
        push_frame(&mut frame, FrameKind::ExecutorDied, number.0, &termination)
            .map_err(io::Error::other)
            .and_then(|()| reports.send(&frame))
            .map_err(io_error("report to the leader"))
    }

    fn run_here(&mut self, number: TaskNumber, task: Task) -> Result<(), WorkerError> {
        let reports = self.reports.clone();
        let send = move |bytes: &[u8]| reports.send(bytes);
        let keeper = self.executor.keeper(&task);
        let shared = self.shared_output.clone().zip(keeper);
        let printed = shared.map(|(output, keeper)| TaskOutput::new(output, keeper, &task));
        let last = FrameKind::Last;
        Ok(run_and_report(
            &self.executor,
            number,
            task,
            send,
            last,
            kill_descendants_and_exit,
            printed,
        )?)
    }

    /// Sends the task to the waiting executor, and starts the next one.
    fn executed(&mut self, number: TaskNumber, task: &Task) -> io::Result<ExecutorProcess> {
        let target = &self.bootstrap.target;
        let keeper = self.executor.keeper(task);
        let ready = self.ready.take();
        let process = match ready.map(|ready| ready.run(number, task, keeper.clone())) {
            Some(Ok(process)) => process,
            // There is none, or it has died meanwhile.
            None | Some(Err(_)) => {
                ReadyExecutor::start(&self.init, target)?.run(number, task, keeper)?
            }
        };
        // A failure to start shows when the executor is needed.
        self.ready = ReadyExecutor::start(&self.init, target).ok();
        Ok(process)
    }
}
