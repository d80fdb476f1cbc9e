//! Starts workers. If the program has one thread when its run begins, workers are forked: they
//! inherit its state, and no code of the program runs twice. Threads do not survive a fork, so a
//! program with several threads is executed again and reaches the same run. Workers that build the
//! experiment from the record are executed, too, because their executors are then forked from a
//! smaller process.

mod execution;
mod fork_server;
mod forked_worker;
mod handle;

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use research_core::Isolation;
use research_process::is_single_threaded;

use fork_server::ForkServer;
pub use forked_worker::ForkedWorker;
pub(crate) use handle::{WorkerHandle, WorkerStart};

/// The time within which the threads of an earlier run must end.
const THREAD_END_TIMEOUT: Duration = Duration::from_millis(500);

/// Starts the workers of a run.
#[derive(Debug)]
pub struct Launcher(Kind);

#[derive(Debug)]
enum Kind {
    /// There are no workers: experiments run in this process.
    Nothing,
    Fork(Box<ForkServer>),
    Execution,
}

/// The process in which [`Launcher::begin`] returns.
#[derive(Debug)]
pub enum Begun {
    /// The process that called it.
    Leader(Launcher),
    /// A worker that was forked from it, which must only serve the leader.
    Worker(ForkedWorker),
}

impl Launcher {
    /// Chooses how the workers of a run with this isolation are started, and prepares that. Call it
    /// before starting threads, and before opening files that workers must not inherit.
    /// `serves_first` says that the first statement of the program serves the leader with an
    /// experiment that is built from the record: workers are then executed, because a small process
    /// forks the executors faster.
    ///
    /// If workers are forked, this function returns again in each worker.
    ///
    /// # Errors
    /// The system cannot create the process or the socket.
    pub fn begin(isolation: Isolation, serves_first: bool) -> io::Result<Begun> {
        match isolation {
            Isolation::None => Ok(Begun::Leader(Self(Kind::Nothing))),
            _ if serves_first || !has_one_thread() => Ok(Begun::Leader(Self(Kind::Execution))),
            _ => ForkServer::start(),
        }
    }

    /// Whether workers execute the program again.
    #[must_use]
    pub fn is_executing(&self) -> bool {
        matches!(self.0, Kind::Execution)
    }

    /// Starts a worker, which receives its commands from `commands`.
    pub(crate) fn start(
        &mut self,
        start: &WorkerStart,
        commands: UnixStream,
    ) -> io::Result<WorkerHandle> {
        let pid = match &mut self.0 {
            Kind::Nothing => return Err(io::Error::other("this run has no workers")),
            Kind::Fork(server) => server.start_worker(start, commands.into()),
            Kind::Execution => execution::start_worker(start, OwnedFd::from(commands)),
        };
        WorkerHandle::of_child(pid?, &start.mark)
    }

    /// Replaces the fork server after it has failed, if there is a spare one. Returns the
    /// description of the failure.
    pub(crate) fn replace(&mut self) -> Option<String> {
        match &mut self.0 {
            Kind::Fork(server) => server.replace(),
            Kind::Nothing | Kind::Execution => None,
        }
    }
}

/// Whether this process has only one thread, so that [`Launcher::begin`] forks workers. Waits up to
/// half a second for the threads of a run that has just ended.
#[must_use]
pub fn has_one_thread() -> bool {
    static HAD_ONE: AtomicBool = AtomicBool::new(false);
    let begin = Instant::now();
    while !is_single_threaded() {
        if !HAD_ONE.load(Ordering::Relaxed) || begin.elapsed() > THREAD_END_TIMEOUT {
            HAD_ONE.store(false, Ordering::Relaxed);
            return false;
        }
        thread::sleep(Duration::from_millis(1));
    }
    HAD_ONE.store(true, Ordering::Relaxed);
    true
}
