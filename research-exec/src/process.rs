//! Processes: descriptors that must not be inherited, deaths that are waited for, groups that are
//! killed together.

use std::ffi::c_int;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::MetadataExt;
use std::ptr;
use std::sync::Mutex;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::groups::default_action;

/// Runs something that opens sockets without the close-on-exec flag (ipc-channel does), and sets
/// the flag on them: a program that inherited them would keep a dead worker's channel open.
///
/// Gives what was opened, and its sockets.
pub(crate) fn close_on_exec<T>(
    open: impl FnOnce() -> io::Result<T>,
) -> io::Result<(T, Vec<RawFd>)> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let before = open_sockets()?;
    let opened = open()?;
    let mut new = open_sockets()?;
    new.retain(|descriptor| !before.contains(descriptor));
    for descriptor in &new {
        // SAFETY: the descriptor is looked at and not kept; if somebody closed it meanwhile,
        // fcntl fails and nothing happens.
        let borrowed = unsafe { BorrowedFd::borrow_raw(*descriptor) };
        // A descriptor that is gone needs no flag.
        let _ = fcntl(borrowed, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC));
    }
    Ok((opened, new))
}

/// The sockets that this process has open.
fn open_sockets() -> io::Result<Vec<RawFd>> {
    let mut sockets = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let entry = entry?;
        let is_socket = std::fs::read_link(entry.path())
            .is_ok_and(|target| target.to_string_lossy().starts_with("socket:"));
        if let (true, Some(descriptor)) = (
            is_socket,
            entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok()),
        ) {
            sockets.push(descriptor);
        }
    }
    Ok(sockets)
}

/// Whether this process has no thread but the one that asks.
#[must_use]
pub(crate) fn is_single_threaded() -> bool {
    // A folder's link count is two more than the number of its subfolders, here one per thread.
    std::fs::metadata("/proc/self/task").is_ok_and(|metadata| metadata.nlink() == 3)
}

/// A descriptor that becomes readable when the process has ended, and through which it can be
/// signalled without hitting another process with the same number.
#[derive(Debug)]
pub(crate) struct ProcessHandle(OwnedFd);

impl ProcessHandle {
    /// A handle of a process that was not waited for yet (a child, or oneself).
    pub(crate) fn open(pid: i32) -> io::Result<Self> {
        // SAFETY: pidfd_open takes two integers and returns a new descriptor or -1.
        let descriptor = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        let descriptor = RawFd::try_from(descriptor).unwrap_or(-1);
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has just given this descriptor to nobody but us.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(descriptor) }))
    }

    /// Sends a signal; a process that is gone already is no error.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        // SAFETY: pidfd_send_signal reads nothing through the null pointer.
        let result = unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.0.as_raw_fd(),
                signal as i32,
                std::ptr::null::<libc::siginfo_t>(),
                0,
            )
        };
        match io::Error::last_os_error() {
            _ if result == 0 => Ok(()),
            error if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
            error => Err(error),
        }
    }

    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Sends signals to a process of which `is_meant` still says, once it cannot become another one,
/// that it is the one that is meant, and waits for its end. False if it is not. With `patience`, one
/// that has not ended by then is killed.
///
/// A process that this one descends from is not waited for: it may be waiting for this one.
///
/// # Errors
/// The system refuses the signal, or one that was killed does not end.
pub fn end_process(
    pid: u32,
    signals: &[i32],
    patience: Option<Duration>,
    is_meant: impl FnOnce() -> bool,
) -> io::Result<bool> {
    let pid = i32::try_from(pid).map_err(io::Error::other)?;
    let handle = match ProcessHandle::open(pid) {
        Ok(handle) => handle,
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => return Ok(false),
        Err(error) => return Err(error),
    };
    if !is_meant() {
        return Ok(false);
    }
    for signal in signals {
        handle.signal(Signal::try_from(*signal)?)?;
    }
    // One that is suspended would hear of them when somebody wakes it.
    handle.signal(Signal::SIGCONT)?;
    if is_ancestor(pid) {
        return Ok(true);
    }
    let end = [handle.descriptor()];
    if !wait_readable(&end, poll_timeout(patience))? {
        handle.signal(Signal::SIGKILL)?;
        if !wait_readable(&end, poll_timeout(patience))? {
            return Err(Errno::ETIMEDOUT.into());
        }
    }
    Ok(true)
}

/// Whether this process descends from the one with this number, or is that one.
fn is_ancestor(pid: i32) -> bool {
    let mut process = nix::unistd::getpid().as_raw();
    while process > 0 && process != pid {
        process = parent_of(process).unwrap_or(0);
    }
    process == pid
}

/// The parent of a process; `None` if there is no such process.
fn parent_of(pid: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before it, in parentheses, may have spaces in it.
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(1)?.parse().ok()
}

/// Waits until one of the descriptors is readable; false if the time was over before that.
pub(crate) fn wait_readable(
    descriptors: &[BorrowedFd<'_>],
    timeout: PollTimeout,
) -> io::Result<bool> {
    let mut waited: Vec<PollFd<'_>> = descriptors
        .iter()
        .map(|descriptor| PollFd::new(*descriptor, PollFlags::POLLIN))
        .collect();
    loop {
        match poll(&mut waited, timeout) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A time to wait as `poll` takes it: whole milliseconds, no less than asked for; for ever without
/// one.
pub(crate) fn poll_timeout(time: Option<Duration>) -> PollTimeout {
    let Some(time) = time else {
        return PollTimeout::NONE;
    };
    let milliseconds = time.as_nanos().div_ceil(1_000_000);
    PollTimeout::try_from(milliseconds).unwrap_or(PollTimeout::MAX)
}

/// Kills all processes of a group; an empty group is no error.
pub(crate) fn kill_group(group: Pid) {
    // It may have ended by itself, and then there is nothing left to do.
    let _ = killpg(group, Signal::SIGKILL);
}

/// How a process ended, in words: `exit code 3`, `signal 9 (SIGKILL)`.
pub(crate) fn ending_in_words(status: &WaitStatus) -> String {
    match status {
        WaitStatus::Exited(_, code) => format!("exit code {code}"),
        WaitStatus::Signaled(_, signal, _) => {
            format!("signal {} ({})", *signal as i32, signal.as_str())
        }
        other => format!("{other:?}"),
    }
}

/// Lets children be waited for: a process that ignores SIGCHLD, as its parent may have made it, is
/// never told how they ended.
pub(crate) fn wait_for_children() -> io::Result<()> {
    if disposition(libc::SIGCHLD)? == libc::SIG_IGN {
        default_action(Signal::SIGCHLD)?;
    }
    Ok(())
}

/// What this process does at a signal: a handler, or one of `SIG_DFL` and `SIG_IGN`.
pub(crate) fn disposition(signal: i32) -> io::Result<libc::sighandler_t> {
    // SAFETY: all zeros is a value of the structure, which the call fills.
    let (result, action) = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        let result = libc::sigaction(signal, std::ptr::null(), &raw mut action);
        (result, action)
    };
    match result {
        0 => Ok(action.sa_sigaction),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Lets those signals do what they do by default for which `is_reset` says so, by their number and
/// whether this process handles them, and then unblocks all. It is async-signal-safe if `is_reset` is.
pub(crate) fn reset_signals(is_reset: impl Fn(c_int, bool) -> bool) {
    for signal in 1..=libc::SIGRTMAX() {
        // SAFETY: the structures are valid, and all zeros is one of their values: the default action.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signal, ptr::null(), &raw mut action);
            let is_handled = ![libc::SIG_DFL, libc::SIG_IGN].contains(&action.sa_sigaction);
            if is_reset(signal, is_handled) {
                let default: libc::sigaction = std::mem::zeroed();
                libc::sigaction(signal, &raw const default, ptr::null_mut());
            }
        }
    }
    // SAFETY: the set is valid once it was emptied.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
    }
}

/// A child of this process. It has to be waited for, and is nobody else's to wait for.
#[derive(Debug)]
pub(crate) struct ChildProcess {
    pid: Pid,
    status: Option<WaitStatus>,
}

impl ChildProcess {
    pub(crate) fn new(pid: Pid) -> Self {
        Self { pid, status: None }
    }

    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// Whether it was waited for.
    pub(crate) fn has_ended(&self) -> bool {
        self.status.is_some()
    }

    /// Waits for its end, and says how it ended, also when it is asked again.
    pub(crate) fn wait(&mut self) -> io::Result<WaitStatus> {
        while self.status.is_none() {
            match waitpid(self.pid, None) {
                Ok(status) => self.status = Some(status),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.status.ok_or_else(|| Errno::ECHILD.into())
    }

    /// Ends it for certain.
    pub(crate) fn kill(&mut self) {
        if self.status.is_none() {
            // It was not waited for, so the number is its own; if it has ended, so much the better.
            let _ = kill(self.pid, Signal::SIGKILL);
            // It is a child that was killed.
            let _ = self.wait();
        }
    }
}

/// Leaves the terminal: it can neither interrupt this process any more nor take it down. Gives what
/// standard input was, which is nothing from now on.
///
/// # Errors
/// The process leads a group, so it cannot leave.
pub fn leave_terminal() -> io::Result<OwnedFd> {
    nix::unistd::setsid()?;
    take_stdin()
}

/// Points standard input at nothing and gives what it was.
fn take_stdin() -> io::Result<OwnedFd> {
    let taken = nix::unistd::dup(io::stdin()).map_err(io::Error::from)?;
    fcntl(&taken, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).map_err(io::Error::from)?;
    read_nothing()?;
    Ok(taken)
}

/// Points standard input at nothing.
pub(crate) fn read_nothing() -> io::Result<()> {
    let nothing = File::open("/dev/null")?;
    Ok(nix::unistd::dup2_stdin(&nothing)?)
}
