//! Workers that are forked from the process of the run, as it was when the run began: by a child
//! with one thread, for the leader soon has several.
//!
//! For each worker the server forks a child, which forks the worker and ends. The leader adopts
//! such an orphan, being a child subreaper meanwhile. So workers are children of the leader, which
//! is told by the system how they end; they end with it; and they do not need the server any more.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::PollTimeout;
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg,
    sendmsg, socketpair,
};
use nix::unistd::{ForkResult, Pid, fork, getpid, getppid, pipe2, setpgid};
use research_core::{Experiment, codec};
use research_process::{
    ChildProcess, Lineage, MARK, Origin, describe_exit, forget_groups, make_children_waitable,
    redirect_stdin_to_null, reset_signals, survive_job_warnings, wait_readable,
};

use super::{Begun, Kind, Launcher, WorkerStart};
use crate::in_unit;
use crate::worker::{Role, WORKER_FAILED, WorkerBootstrap, serve};

/// The most bytes of what a worker is told.
const MOST_BYTES: usize = 128 << 10;

/// The server has so long to fork a worker. It takes some milliseconds for each hundred megabytes
/// of the program.
const PATIENCE: u16 = 60_000;

/// The leader's hold of the server.
#[derive(Debug)]
pub(super) struct ForkServer {
    process: ChildProcess,
    socket: OwnedFd,
}

impl ForkServer {
    /// Forks the server. This process must have one thread only. Returns in each worker, too.
    pub(super) fn start() -> io::Result<Begun> {
        make_children_waitable()?;
        let (ours, theirs) = socketpair(
            AddressFamily::Unix,
            SockType::SeqPacket,
            None,
            SockFlag::SOCK_CLOEXEC,
        )?;
        flush()?;
        let leader = getpid();
        // SAFETY: this process has no other thread (the caller has looked), so no lock is held by
        // one that the child lacks, and the child may run any code.
        match unsafe { fork() }? {
            ForkResult::Parent { child } => Ok(Begun::Leader(Launcher(Kind::Fork(Self {
                process: ChildProcess::new(child),
                socket: ours,
            })))),
            ForkResult::Child => {
                drop(ours);
                let server = Server {
                    leader,
                    socket: theirs,
                };
                Ok(Begun::Worker(server.serve()))
            }
        }
    }

    /// Lets the server fork a worker, which becomes a child of this process.
    pub(super) fn start_worker(
        &mut self,
        start: &WorkerStart,
        commands: OwnedFd,
    ) -> io::Result<Pid> {
        let mut bytes = Vec::new();
        codec::encode_into(start, &mut bytes).map_err(io::Error::other)?;
        let _adopting = Adopting::begin()?;
        let descriptors = [commands.as_raw_fd()];
        let sent = uninterrupted(|| {
            sendmsg::<()>(
                self.socket.as_raw_fd(),
                &[IoSlice::new(&bytes)],
                &[ControlMessage::ScmRights(&descriptors)],
                MsgFlags::MSG_NOSIGNAL,
                None,
            )
        });
        sent.map_err(|errno| self.failure(errno))?;
        if !wait_readable(&[self.socket.as_fd()], PollTimeout::from(PATIENCE))? {
            return Err(io::Error::other(
                "the process that forks workers does not answer",
            ));
        }
        let mut answer = [0; 4];
        match uninterrupted(|| nix::unistd::read(&self.socket, &mut answer)) {
            Ok(4) => {}
            Ok(_) => return Err(self.failure(Errno::ECONNRESET)),
            Err(errno) => return Err(self.failure(errno)),
        }
        match i32::from_ne_bytes(answer) {
            errno @ ..0 => Err(io::Error::from_raw_os_error(-errno)),
            pid => Ok(Pid::from_raw(pid)),
        }
    }

    /// Why the server does not answer.
    fn failure(&mut self, errno: Errno) -> io::Error {
        if ![Errno::ECONNRESET, Errno::EPIPE].contains(&errno) {
            return errno.into();
        }
        self.process.kill();
        let how = self.process.wait().map(describe_exit);
        let how = how.unwrap_or_else(|error| error.to_string());
        io::Error::other(format!("the process that forks workers has ended by {how}"))
    }
}

impl Drop for ForkServer {
    fn drop(&mut self) {
        // It has nothing to finish.
        self.process.kill();
    }
}

/// Writes what is buffered: the child would print it once more.
fn flush() -> io::Result<()> {
    // Where nothing can be written any more, the program sees that by itself.
    let _ = io::stdout().flush();
    // SAFETY: null stands for all streams of the C library.
    unsafe { libc::fflush(std::ptr::null_mut()) };
    Ok(())
}

/// While it lives, orphans among the descendants of this process become its children.
struct Adopting {
    before: bool,
    _one_at_a_time: MutexGuard<'static, ()>,
}

impl Adopting {
    fn begin() -> io::Result<Self> {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let before = prctl::get_child_subreaper()?;
        prctl::set_child_subreaper(true)?;
        Ok(Self {
            before,
            _one_at_a_time: guard,
        })
    }
}

impl Drop for Adopting {
    fn drop(&mut self) {
        // It cannot fail with this value.
        let _ = prctl::set_child_subreaper(self.before);
    }
}

/// The server's own process.
struct Server {
    leader: Pid,
    socket: OwnedFd,
}

impl Server {
    /// Forks workers until the leader is gone; returns in each worker.
    fn serve(self) -> ForkedWorker {
        if self.settle().is_err() {
            end(1);
        }
        loop {
            let Ok((start, commands)) = self.receive() else {
                // The leader has closed its end, or is not to be understood.
                end(0);
            };
            let answer = match self.fork_worker() {
                Ok(Some(pid)) => pid.as_raw(),
                Ok(None) => {
                    let worker = ForkedWorker::new(&start, &commands, self.leader);
                    std::mem::forget(commands);
                    return worker.unwrap_or_else(|error| fail(&error));
                }
                Err(error) => -error.raw_os_error().unwrap_or(libc::EIO),
            };
            let answer = answer.to_ne_bytes();
            if uninterrupted(|| nix::unistd::write(&self.socket, &answer)).is_err() {
                end(0);
            }
        }
    }

    /// Makes this process one that ends with the leader, and that no signal to its group or handler
    /// of the program disturbs.
    fn settle(&self) -> io::Result<()> {
        setpgid(Pid::from_raw(0), Pid::from_raw(0))?;
        prctl::set_pdeathsig(Signal::SIGKILL)?;
        if getppid() != self.leader {
            return Err(Errno::ESRCH.into());
        }
        // Handlers of faults belong to the code that may cause them: the stack's overflow, say.
        let faults = [
            libc::SIGSEGV,
            libc::SIGBUS,
            libc::SIGILL,
            libc::SIGFPE,
            libc::SIGTRAP,
            libc::SIGSYS,
        ];
        reset_signals(|signal, is_handled| is_handled && !faults.contains(&signal));
        forget_groups()?;
        // Who warns all processes of a job means the leader.
        survive_job_warnings()?;
        make_children_waitable()
    }

    fn receive(&self) -> io::Result<(WorkerStart, OwnedFd)> {
        let mut bytes = vec![0; MOST_BYTES];
        let mut buffers = [IoSliceMut::new(&mut bytes)];
        let mut space = nix::cmsg_space!(RawFd);
        let socket = self.socket.as_raw_fd();
        let flags = MsgFlags::MSG_CMSG_CLOEXEC;
        let received = loop {
            match recvmsg::<()>(socket, &mut buffers, Some(&mut space), flags) {
                Err(Errno::EINTR) => {}
                received => break received?,
            }
        };
        let length = received.bytes;
        let descriptor = received.cmsgs()?.find_map(|message| match message {
            ControlMessageOwned::ScmRights(descriptors) => descriptors.first().copied(),
            _ => None,
        });
        let descriptor = descriptor.ok_or(Errno::ECONNRESET)?;
        // SAFETY: the system has just given this descriptor to nobody but us.
        let commands = unsafe { OwnedFd::from_raw_fd(descriptor) };
        let start = codec::decode(&bytes[..length]).map_err(io::Error::other)?;
        Ok((start, commands))
    }

    /// Forks a worker that becomes a child of the leader; gives `None` in the worker, once it is
    /// one.
    fn fork_worker(&self) -> io::Result<Option<Pid>> {
        let (numbers, number) = pipe2(OFlag::O_CLOEXEC)?;
        let (go, gone) = pipe2(OFlag::O_CLOEXEC)?;
        // SAFETY: this process has one thread.
        match unsafe { fork() }? {
            ForkResult::Parent { child } => {
                drop((number, go));
                let mut answer = [0; 4];
                let read = File::from(numbers).read_exact(&mut answer);
                ChildProcess::new(child).wait()?;
                read?;
                match i32::from_ne_bytes(answer) {
                    errno @ ..0 => Err(io::Error::from_raw_os_error(-errno)),
                    pid => {
                        // It is an orphan now. If it has died, the leader sees that.
                        let _ = nix::unistd::write(&gone, &[1]);
                        Ok(Some(Pid::from_raw(pid)))
                    }
                }
            }
            // SAFETY: as above.
            ForkResult::Child => match unsafe { fork() } {
                Ok(ForkResult::Child) => {
                    drop((numbers, number, gone));
                    if File::from(go).read_exact(&mut [0]).is_err() {
                        // The server has ended before the leader knew of this process.
                        end(1);
                    }
                    Ok(None)
                }
                Ok(ForkResult::Parent { child }) => tell_and_end(number, child.as_raw()),
                Err(errno) => tell_and_end(number, -(errno as i32)),
            },
        }
    }
}

/// Calls again what a signal has interrupted.
fn uninterrupted<T>(mut call: impl FnMut() -> nix::Result<T>) -> nix::Result<T> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            result => return result,
        }
    }
}

fn tell_and_end(pipe: OwnedFd, number: i32) -> ! {
    // Without a reader the report is lost.
    let _ = File::from(pipe).write_all(&number.to_ne_bytes());
    end(0)
}

/// A worker that was forked. It has all that the leader had when its run began.
#[derive(Debug)]
pub struct ForkedWorker {
    bootstrap: WorkerBootstrap,
}

impl ForkedWorker {
    fn new(start: &WorkerStart, commands: &OwnedFd, leader: Pid) -> io::Result<Self> {
        setpgid(Pid::from_raw(0), Pid::from_raw(0))?;
        prctl::set_pdeathsig(Signal::SIGTERM)?;
        // The leader may have died before it could be asked to tell.
        if getppid() != leader {
            return Err(Errno::ESRCH.into());
        }
        redirect_stdin_to_null()?;
        Lineage::of_child(Origin::Worker, &start.mark).apply()?;
        let own = [(MARK.to_owned(), start.mark.clone())];
        for (name, value) in own.iter().chain(&start.variables) {
            // SAFETY: this process has one thread.
            unsafe { std::env::set_var(name, value) };
        }
        let role = Role::Worker {
            address: start.address.clone(),
        };
        Ok(Self {
            bootstrap: WorkerBootstrap::new(role, commands.as_raw_fd(), start.target.clone()),
        })
    }

    /// Serves the leader, and ends this process. Nothing else that the program would do happens in
    /// it: what is to be done at its end is the leader's affair.
    pub fn serve(self, experiment: Experiment) -> ! {
        in_unit::set_process();
        let serve = AssertUnwindSafe(|| serve(&self.bootstrap, |_| Ok(experiment)));
        let code = match catch_unwind(serve) {
            Ok(Ok(())) => 0,
            Ok(Err(error)) => fail(&error),
            // The panic has said so.
            Err(_) => 101,
        };
        // What its own code has printed.
        let _ = io::stdout().flush();
        end(code)
    }
}

fn fail(error: &dyn std::error::Error) -> ! {
    let _ = writeln!(io::stderr(), "research: {error}");
    end(WORKER_FAILED)
}

fn end(code: i32) -> ! {
    // SAFETY: _exit ends the process without running what belongs to the leader (exit handlers,
    // destructors).
    unsafe { libc::_exit(code) }
}
