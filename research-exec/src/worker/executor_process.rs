//! An executor in a process of its own, forked or executed.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;

use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{ForkResult, Pid, fork, getpid, getppid, pipe2, setpgid};
use research_process::{
    ChildProcess, GroupSlot, Lineage, ProcessHandle, ResourceUsage, forget_groups, kill_group,
    kill_groups_and_exit, set_default_action,
};

use super::bootstrap::{Role, Target, WorkerBootstrap};
use super::sink::run_and_report;
use crate::capture::{OutputWriter, PerStream, Pipes, PrintEnds};
use crate::executor::Executor;
use crate::in_unit;
use crate::relaunch::this_program;
use crate::transport::commands::CommandSender;
use crate::transport::frame::FrameKind;
use crate::transport::messages::{Init, Task, TaskNumber};

/// A started executor. Dropping it kills its whole process group and reaps it.
pub(super) struct ExecutorProcess {
    child: ChildProcess,
    handle: ProcessHandle,
    reports: OwnedFd,
    /// Its captured output.
    pub(super) printed: Option<Pipes>,
    /// Its slot in the list of groups, until the whole group has ended.
    slot: Option<GroupSlot>,
    /// Whether it was executed instead of forked.
    is_executed: bool,
    /// Whether it has begun its task. An executed executor reports this.
    has_begun: bool,
}

impl ExecutorProcess {
    fn new(
        pid: Pid,
        reports: OwnedFd,
        printed: Option<Pipes>,
        slot: GroupSlot,
    ) -> io::Result<Self> {
        slot.set(pid.as_raw());
        let handle = ProcessHandle::open(pid.as_raw())?;
        Ok(Self {
            child: ChildProcess::new(pid),
            handle,
            reports,
            printed,
            slot: Some(slot),
            is_executed: true,
            has_begun: false,
        })
    }

    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Forks a child that runs the task. This process must have one thread only.
    pub(super) fn fork(
        executor: &Executor,
        number: TaskNumber,
        task: Task,
        inherited: &[RawFd],
    ) -> io::Result<Self> {
        let slot = GroupSlot::reserve()?;
        let (reports, child_end) = pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
        let (mut printed, ends) = Pipes::open(executor.redirects())?.unzip();
        if let Some(pipes) = &mut printed {
            pipes.keep_with(executor.keeper(&task));
        }
        // Otherwise the child would write this process's buffered output again.
        io::stdout().flush()?;
        let parent = getpid();
        // SAFETY: this process has only one thread, as the caller has checked. So no thread that
        // the child lacks can hold a lock, and the child may run any code.
        match unsafe { fork() }? {
            ForkResult::Parent { child } => {
                drop((child_end, ends));
                // The child does the same, so the group exists in both processes from here on.
                let _ = setpgid(child, child);
                let mut process = Self::new(child, reports, printed, slot)?;
                process.is_executed = false;
                process.has_begun = true;
                Ok(process)
            }
            ForkResult::Child => {
                drop((reports, printed));
                let code = match ends.map_or(Ok(()), PrintEnds::take_over) {
                    Ok(()) => {
                        child_main(executor, number, task, inherited, parent, child_end.into())
                    }
                    Err(_) => 1,
                };
                // SAFETY: `_exit` ends the process without running exit handlers and destructors,
                // which belong to the parent.
                unsafe { libc::_exit(code) }
            }
        }
    }

    pub(super) fn reports(&self) -> BorrowedFd<'_> {
        self.reports.as_fd()
    }

    pub(super) fn handle(&self) -> &ProcessHandle {
        &self.handle
    }

    /// Waits for its process to end.
    pub(super) fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }

    /// Returns the resource usage of its process and of the children that it reaped; `None` before
    /// `wait`.
    pub(super) fn usage(&self) -> Option<ResourceUsage> {
        let usage = self.child.usage()?;
        Some(match self.is_executed {
            true => ResourceUsage::of_executed(usage),
            false => ResourceUsage::from(usage),
        })
    }

    /// Kills the remaining processes of its group, before another group can get its number.
    pub(super) fn kill_group(&self) {
        kill_group(self.child.pid());
    }
}

impl Drop for ExecutorProcess {
    fn drop(&mut self) {
        if !self.child.is_reaped() {
            self.kill_group();
            // It was killed, so a failure to wait means that it no longer exists.
            let _ = self.wait();
        }
        self.slot.take();
    }
}

/// Runs the task in a forked child; returns the exit code.
fn child_main(
    executor: &Executor,
    number: TaskNumber,
    task: Task,
    inherited: &[RawFd],
    parent: Pid,
    mut reports: File,
) -> i32 {
    for descriptor in inherited {
        // SAFETY: these descriptors belong to the worker's channel to the leader. This process
        // never uses them, and never drops their owners, because it ends by `_exit`.
        unsafe { libc::close(*descriptor) };
    }
    in_unit::set_process();
    let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
    let tied = prctl::set_pdeathsig(Signal::SIGKILL).and_then(|()| forget_groups());
    if tied.is_err() || getppid() != parent {
        return 1;
    }
    let send = move |bytes: &[u8]| reports.write_all(bytes);
    let last = FrameKind::Ended;
    let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        run_and_report(
            executor,
            number,
            task,
            send,
            last,
            kill_groups_and_exit,
            None,
        )
    }));
    i32::from(!matches!(run, Ok(Ok(()))))
}

/// An executed executor that is waiting for its task.
pub(super) struct ReadyExecutor {
    process: ExecutorProcess,
    commander: CommandSender,
}

impl ReadyExecutor {
    /// Starts this program again as an executor.
    pub(super) fn start(init: &Init, target: &Target) -> io::Result<Self> {
        let slot = GroupSlot::reserve()?;
        let (ours, theirs) = UnixStream::pair()?;
        let redirects = PerStream::of(|stream| init.options.redirect(stream));
        let (printed, ends) = Pipes::open(redirects)?.unzip();
        let printed_to = ends.as_ref().map(PrintEnds::numbers).unwrap_or_default();
        let role = Role::Executor { printed_to };
        let bootstrap = WorkerBootstrap::new(role, theirs.as_raw_fd(), target.clone());
        let mut command = this_program()?;
        command.stdin(Stdio::null()).stdout(Stdio::null());
        tie_to_parent(&mut command, Signal::SIGKILL);
        let file = bootstrap.hand_to(&mut command, Lineage::of_executor())?;
        let child = command.spawn()?;
        drop((theirs, file));
        drop(ends);
        let pid = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
        let reports = OwnedFd::from(ours.try_clone()?);
        let process = ExecutorProcess::new(pid, reports, printed, slot)?;
        let mut commander = CommandSender::new(ours);
        commander.init(init)?;
        Ok(Self { process, commander })
    }

    pub(super) fn pid(&self) -> i32 {
        self.process.child.pid().as_raw()
    }

    /// Sends the task; `keeper` receives its output.
    pub(super) fn run(
        mut self,
        number: TaskNumber,
        task: &Task,
        keeper: Option<Arc<OutputWriter>>,
    ) -> io::Result<ExecutorProcess> {
        self.commander.run(number, task)?;
        if let Some(printed) = &mut self.process.printed {
            printed.keep_with(keeper);
        }
        Ok(self.process)
    }
}

/// Makes the process of a command lead a process group, and receive `signal` when this thread ends.
pub(crate) fn tie_to_parent(command: &mut Command, signal: Signal) {
    let parent = getpid();
    command.process_group(0);
    let tie = move || {
        // Until the child executes the program, signal handlers of this process run in it, and
        // could swallow a signal that should end it. The signal mask of this thread is not meant
        // for the program either.
        set_default_action(Signal::SIGTERM)?;
        SigSet::empty().thread_set_mask()?;
        prctl::set_pdeathsig(signal)?;
        if getppid() == parent {
            Ok(())
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    };
    // SAFETY: between fork and execution the closure makes plain system calls (sigaction,
    // sigprocmask, prctl, getppid), which are async-signal-safe, and does not allocate.
    unsafe { command.pre_exec(tie) };
}
