//! The three ways in which a worker runs tasks: in a forked executor, in an executed one, or in its
//! own process.

use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;

use research_core::Isolation;
use research_process::{
    ResourceUsage, is_single_threaded, kill_children, kill_descendants_and_exit,
};

use super::bootstrap::Target;
use super::executor_process::{ExecutorProcess, ReadyExecutor};
use super::relay::Relay;
use super::sink::run_and_report;
use super::{Reports, WorkerError, io_error};
use crate::capture::{SharedOutput, TaskOutput};
use crate::executor::{Executor, Measured, recorded};
use crate::transport::frame::{FrameKind, push_frame};
use crate::transport::messages::{Init, Task, TaskNumber};

/// Runs the tasks of a worker.
pub(super) trait ExecutorLauncher {
    /// Runs a task to its end and reports it.
    fn run(&mut self, number: TaskNumber, task: Task) -> Result<(), WorkerError>;
}

/// The state that all launchers of a worker need.
pub(super) struct WorkerParts {
    pub(super) init: Init,
    pub(super) executor: Executor,
    pub(super) reports: Reports,
    /// The descriptors of the channel, which a forked child closes.
    pub(super) descriptors: Vec<RawFd>,
    /// The children that existed before this process became a worker; its program may need them.
    pub(super) own_children: Vec<i32>,
    pub(super) target: Target,
}

impl WorkerParts {
    /// Chooses how tasks run. Programs are processes of their own, so experiments that only run
    /// programs need no executor. Code runs in a forked child if this process has one thread; with
    /// more, the child would lack the others, and the locks that they hold would never be released.
    pub(super) fn choose_launcher(mut self) -> Result<Box<dyn ExecutorLauncher>, WorkerError> {
        let only_programs = self.executor.experiment().is_processes();
        if only_programs || self.init.isolation() != Isolation::Experiment {
            self.executor = self.executor.measured(Measured::Shared);
            return Ok(Box::new(InWorker::new(self, only_programs)?));
        }
        self.executor = self.executor.measured(Measured::Forked);
        let relay = Relay::new();
        Ok(match is_single_threaded() {
            true => Box::new(Forking { parts: self, relay }),
            false => Box::new(Executing {
                parts: self,
                relay,
                ready: None,
            }),
        })
    }

    /// Kills the processes that a task has left, except the process `keep`, and returns their
    /// resource usage.
    fn kill_orphans(&self, keep: Option<i32>) -> ResourceUsage {
        let own = self.own_children.iter().copied();
        let keep: Vec<i32> = own.chain(keep).collect();
        kill_children(&keep)
    }

    /// Forwards the reports of an executor, and reports its termination if it ended before its
    /// task. `next` is the executor that waits for the next task, and is not killed.
    fn forward(
        &self,
        relay: &mut Relay,
        process: ExecutorProcess,
        number: TaskNumber,
        task: &Task,
        next: Option<i32>,
    ) -> Result<(), WorkerError> {
        let timeout = self.init.options.timeout;
        let mut reports = self.reports.lock();
        let died = relay
            .forward(process, number, task, timeout, &mut **reports)
            .map_err(io_error("forward events"))?;
        let orphans = self.kill_orphans(next);
        let Some((mut termination, used)) = died else {
            return Ok(());
        };
        // The usage of a process that ran several experiments cannot be divided among them.
        if task.len() == 1 {
            let exit_code = termination.usage.exit_code;
            termination.usage = recorded(used.map(|used| used.and(orphans)));
            termination.usage.exit_code = exit_code;
        }
        let mut frame = Vec::new();
        push_frame(&mut frame, FrameKind::ExecutorDied, number.0, &termination)
            .map_err(io::Error::other)
            .and_then(|()| reports.send(&frame))
            .map_err(io_error("report to the leader"))
    }
}

/// Runs tasks in the worker's own process.
struct InWorker {
    parts: WorkerParts,
    only_programs: bool,
    /// The captured output of code.
    shared_output: Option<Arc<SharedOutput>>,
}

impl InWorker {
    fn new(parts: WorkerParts, only_programs: bool) -> Result<Self, WorkerError> {
        let shared_output = match only_programs {
            true => None,
            false => SharedOutput::catch(parts.executor.redirects())
                .map_err(io_error("redirect its output"))?,
        };
        Ok(Self {
            parts,
            only_programs,
            shared_output: shared_output.map(Arc::new),
        })
    }
}

impl ExecutorLauncher for InWorker {
    fn run(&mut self, number: TaskNumber, task: Task) -> Result<(), WorkerError> {
        let parts = &self.parts;
        let reports = parts.reports.clone();
        let send = move |bytes: &[u8]| reports.lock().send(bytes);
        let keeper = parts.executor.keeper(&task);
        let shared = self.shared_output.clone().zip(keeper);
        let printed = shared.map(|(output, keeper)| TaskOutput::new(output, keeper, &task));
        let (last, end) = (FrameKind::Last, kill_descendants_and_exit);
        run_and_report(&parts.executor, number, task, send, last, end, printed)?;
        // Code that runs in this process may still need children of an earlier task.
        if self.only_programs {
            parts.kill_orphans(None);
        }
        Ok(())
    }
}

/// Forks an executor for each task.
struct Forking {
    parts: WorkerParts,
    relay: Relay,
}

impl ExecutorLauncher for Forking {
    fn run(&mut self, number: TaskNumber, task: Task) -> Result<(), WorkerError> {
        let parts = &self.parts;
        let experiments = task.clone();
        let process = ExecutorProcess::fork(&parts.executor, number, task, &parts.descriptors);
        let process = process.map_err(io_error("start an executor"))?;
        parts.forward(&mut self.relay, process, number, &experiments, None)
    }
}

/// Executes the program again for each task. The executor of the next task is started in advance.
struct Executing {
    parts: WorkerParts,
    relay: Relay,
    ready: Option<ReadyExecutor>,
}

impl Executing {
    /// Sends the task to the waiting executor, and starts the next one.
    fn start(&mut self, number: TaskNumber, task: &Task) -> io::Result<ExecutorProcess> {
        let WorkerParts {
            init,
            executor,
            target,
            ..
        } = &self.parts;
        let keeper = executor.keeper(task);
        let ready = self.ready.take();
        let process = match ready.map(|ready| ready.run(number, task, keeper.clone())) {
            Some(Ok(process)) => process,
            // No executor is waiting, or it has died meanwhile.
            None | Some(Err(_)) => ReadyExecutor::start(init, target)?.run(number, task, keeper)?,
        };
        // If this fails, the next task retries, and reports the error.
        self.ready = ReadyExecutor::start(init, target).ok();
        Ok(process)
    }
}

impl ExecutorLauncher for Executing {
    fn run(&mut self, number: TaskNumber, task: Task) -> Result<(), WorkerError> {
        let process = self.start(number, &task);
        let process = process.map_err(io_error("start an executor"))?;
        let next = self.ready.as_ref().map(ReadyExecutor::pid);
        let parts = &self.parts;
        parts.forward(&mut self.relay, process, number, &task, next)
    }
}
