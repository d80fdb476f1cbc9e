//! Forks workers from the process of the run, with its state when the run began. A child with one
//! thread (the fork server) forks them, because the leader soon has several threads.
//!
//! For each worker the server forks a child, which forks the worker and ends. The leader is a child
//! subreaper for that moment, so it adopts the orphan. So workers are children of the leader, which
//! receives their exit statuses; they end with the leader, and no longer need the server.
//!
//! A server that is killed cannot be forked again, because the leader has several threads by then.
//! So the first server forks a spare one, which waits until the leader needs it. There are never
//! more than two servers, and a run replaces a limited number of them.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
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
use research_core::codec;
use research_process::{
    ChildProcess, describe_exit, forget_groups, make_children_waitable, reset_signals,
    survive_job_warnings, wait_readable,
};
use serde::{Deserialize, Serialize};

use super::forked_worker::{ForkedWorker, end, fail};
use super::handle::WorkerStart;
use super::{Begun, Kind, Launcher};

/// The largest request to the server, in bytes.
const MAX_REQUEST: usize = 128 << 10;

/// The time in milliseconds within which the server must fork a worker. A fork takes some
/// milliseconds for each hundred megabytes of the program.
const TIMEOUT_MS: u16 = 60_000;

/// The limit on the servers that a run replaces.
const MAX_REPLACEMENTS: u32 = 3;

/// A request to the server, sent together with a socket.
#[derive(Debug, Serialize, Deserialize)]
enum Request {
    /// Fork a worker that receives its commands from the socket.
    Worker(Box<WorkerStart>),
    /// Fork a spare server that receives its requests from the socket.
    Spare,
}

/// The leader's side of the server.
#[derive(Debug)]
pub(super) struct ForkServer {
    server: Connection,
    spare: Option<Connection>,
    replacements: u32,
    /// The description of the server's failure, until it is replaced.
    failure: Option<String>,
}

/// A connection to a server, a child of this process.
#[derive(Debug)]
struct Connection {
    process: ChildProcess,
    socket: OwnedFd,
}

impl ForkServer {
    /// Forks the server. This process must have only one thread. Returns in each worker, too.
    pub(super) fn start() -> io::Result<Begun> {
        make_children_waitable()?;
        let (ours, theirs) = sockets()?;
        flush()?;
        let leader = getpid();
        // SAFETY: this process has no other thread, as the caller has checked. So no other thread
        // holds a lock, and the child may run any code.
        match unsafe { fork() }? {
            ForkResult::Parent { child } => {
                drop(theirs);
                let server = Connection {
                    process: ChildProcess::new(child),
                    socket: ours,
                };
                Ok(Begun::Leader(Launcher(Kind::Fork(Box::new(Self {
                    server,
                    spare: None,
                    replacements: 0,
                    failure: None,
                })))))
            }
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

    /// Makes the server fork a worker, which becomes a child of this process.
    pub(super) fn start_worker(
        &mut self,
        start: &WorkerStart,
        commands: OwnedFd,
    ) -> io::Result<Pid> {
        if self.spare.is_none() && self.replacements < MAX_REPLACEMENTS {
            // Ignore errors: the spare server is needed only if this one is killed.
            self.spare = self.server.fork_spare().ok();
        }
        let request = Request::Worker(Box::new(start.clone()));
        let started = self.server.request(&request, commands);
        started.map_err(|failure| match failure {
            Failure::Refused(error) => error,
            Failure::Lost(how) => {
                self.failure = Some(how.clone());
                io::Error::other(how)
            }
        })
    }

    /// Replaces the server by the spare one, if it has failed. Returns the description of the
    /// failure.
    pub(super) fn replace(&mut self) -> Option<String> {
        let failure = self.failure.take()?;
        self.server = self.spare.take()?;
        self.replacements += 1;
        Some(failure)
    }
}

/// Returns a pair of connected sockets for requests.
fn sockets() -> nix::Result<(OwnedFd, OwnedFd)> {
    socketpair(
        AddressFamily::Unix,
        SockType::SeqPacket,
        None,
        SockFlag::SOCK_CLOEXEC,
    )
}

/// The reason that a server has not forked a process.
enum Failure {
    /// The system reported an error.
    Refused(io::Error),
    /// The server has ended, or does not answer.
    Lost(String),
}

impl<E: Into<io::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

impl Connection {
    /// Makes the server fork a spare one.
    fn fork_spare(&mut self) -> Result<Self, Failure> {
        let (ours, theirs) = sockets()?;
        let pid = self.request(&Request::Spare, theirs)?;
        Ok(Self {
            process: ChildProcess::new(pid),
            socket: ours,
        })
    }

    /// Sends a request with a socket; returns the forked process, which is a child of this one.
    fn request(&mut self, request: &Request, passed: OwnedFd) -> Result<Pid, Failure> {
        let mut bytes = Vec::new();
        codec::encode_into(request, &mut bytes).map_err(io::Error::other)?;
        let _adopting = Adopting::begin()?;
        let descriptors = [passed.as_raw_fd()];
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
        if !wait_readable(&[self.socket.as_fd()], PollTimeout::from(TIMEOUT_MS))? {
            self.process.kill();
            let text = "the process that forks workers does not answer";
            return Err(Failure::Lost(text.to_owned()));
        }
        let mut answer = [0; 4];
        match uninterrupted(|| nix::unistd::read(&self.socket, &mut answer)) {
            Ok(4) => {}
            Ok(_) => return Err(self.failure(Errno::ECONNRESET)),
            Err(errno) => return Err(self.failure(errno)),
        }
        match i32::from_ne_bytes(answer) {
            errno @ ..0 => Err(io::Error::from_raw_os_error(-errno).into()),
            pid => Ok(Pid::from_raw(pid)),
        }
    }

    /// Returns the reason that the server does not answer.
    fn failure(&mut self, errno: Errno) -> Failure {
        if ![Errno::ECONNRESET, Errno::EPIPE].contains(&errno) {
            return errno.into();
        }
        self.process.kill();
        let how = self.process.wait().map(describe_exit);
        let how = how.unwrap_or_else(|error| error.to_string());
        Failure::Lost(format!("the process that forks workers has ended by {how}"))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // The server has no unfinished work, so it can be killed.
        self.process.kill();
    }
}

/// Flushes buffered output, which the child would otherwise print again.
fn flush() -> io::Result<()> {
    // Ignore errors: the program notices them at its next write.
    let _ = io::stdout().flush();
    // SAFETY: a null pointer means all streams of the C library.
    unsafe { libc::fflush(std::ptr::null_mut()) };
    Ok(())
}

/// Until this value is dropped, orphans among the descendants of this process become its children.
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
        // Setting a valid value cannot fail.
        let _ = prctl::set_child_subreaper(self.before);
    }
}

/// The server's own process.
struct Server {
    leader: Pid,
    socket: OwnedFd,
}

impl Server {
    /// Forks workers until the leader has ended; returns in each worker. A spare server continues
    /// in this function.
    fn serve(mut self) -> ForkedWorker {
        if self.settle().is_err() {
            end(1);
        }
        loop {
            let Ok((bytes, passed)) = self.receive() else {
                // The leader has closed its end.
                end(0);
            };
            let Ok(request) = codec::decode(&bytes) else {
                end(1);
            };
            let answer = match (self.fork_orphan(), request) {
                (Ok(Some(pid)), _) => pid.as_raw(),
                (Ok(None), Request::Worker(start)) => {
                    let worker = ForkedWorker::new(&start, &passed, self.leader);
                    std::mem::forget(passed);
                    return worker.unwrap_or_else(|error| fail(&error));
                }
                (Ok(None), Request::Spare) => {
                    // Drop the inherited copy of the first server's socket: the leader must notice
                    // when that server ends.
                    self.socket = passed;
                    if self.settle().is_err() {
                        end(1);
                    }
                    continue;
                }
                (Err(error), _) => -error.raw_os_error().unwrap_or(libc::EIO),
            };
            let answer = answer.to_ne_bytes();
            if uninterrupted(|| nix::unistd::write(&self.socket, &answer)).is_err() {
                end(0);
            }
        }
    }

    /// Makes this process end with the leader, and protects it from signals to the leader's group
    /// and from handlers of the program.
    fn settle(&self) -> io::Result<()> {
        setpgid(Pid::from_raw(0), Pid::from_raw(0))?;
        prctl::set_pdeathsig(Signal::SIGKILL)?;
        if getppid() != self.leader {
            return Err(Errno::ESRCH.into());
        }
        // Keep the handlers of faults, such as a stack overflow, which report errors of the
        // program.
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
        // Only the leader reacts to warnings that a batch system sends to all processes of a job.
        survive_job_warnings()?;
        make_children_waitable()
    }

    /// Receives a request with its socket.
    fn receive(&self) -> io::Result<(Vec<u8>, OwnedFd)> {
        let mut bytes = vec![0; MAX_REQUEST];
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
        // SAFETY: the system has just given this descriptor to this call.
        let passed = unsafe { OwnedFd::from_raw_fd(descriptor) };
        bytes.truncate(length);
        Ok((bytes, passed))
    }

    /// Forks a process that becomes a child of the leader; returns `None` in that process, after
    /// the leader has adopted it.
    fn fork_orphan(&self) -> io::Result<Option<Pid>> {
        let (numbers, number) = pipe2(OFlag::O_CLOEXEC)?;
        let (go, gone) = pipe2(OFlag::O_CLOEXEC)?;
        // SAFETY: this process has only one thread.
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
                        // The process is an orphan now. Ignore errors: the leader notices if it has
                        // died.
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
                        // The server has ended before it reported this process to the leader.
                        end(1);
                    }
                    Ok(None)
                }
                Ok(ForkResult::Parent { child }) => report_and_end(number, child.as_raw()),
                Err(errno) => report_and_end(number, -(errno as i32)),
            },
        }
    }
}

/// Repeats a call that a signal has interrupted.
fn uninterrupted<T>(mut call: impl FnMut() -> nix::Result<T>) -> nix::Result<T> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            result => return result,
        }
    }
}

fn report_and_end(pipe: OwnedFd, number: i32) -> ! {
    // Ignore errors: a server that has ended needs no report.
    let _ = File::from(pipe).write_all(&number.to_ne_bytes());
    end(0)
}
