//! Process handles (pidfds) and waiting on descriptors.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;

use crate::procfs::descends_from;

/// A handle of a process (a pidfd). The descriptor becomes readable when the process ends, and a
/// signal sent through it never reaches another process that got the same pid.
#[derive(Debug)]
pub struct ProcessHandle(OwnedFd);

impl ProcessHandle {
    /// Opens the handle of a process.
    ///
    /// # Errors
    /// There is no such process, or too many files are open.
    pub fn open(pid: i32) -> io::Result<Self> {
        // SAFETY: pidfd_open takes two integers and returns a new descriptor or -1.
        let descriptor = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        let descriptor = RawFd::try_from(descriptor).unwrap_or(-1);
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has just given this descriptor to this call.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(descriptor) }))
    }

    /// Sends a signal. Succeeds also if the process has ended.
    ///
    /// # Errors
    /// This process may not signal the other.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
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

    /// Returns the descriptor, which becomes readable when the process ends.
    #[must_use]
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Sends signals to a process and waits for its end. If `timeout` passes first, the process is
/// killed. Returns false without a signal unless `is_meant` confirms, after the handle is open,
/// that `pid` is still the intended process.
///
/// Does not wait for an ancestor of this process, which may itself wait for this process.
///
/// # Errors
/// The process cannot be signalled, or does not end within `timeout` after it was killed.
pub fn terminate_process(
    pid: u32,
    signals: &[i32],
    timeout: Option<Duration>,
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
    // A suspended process receives the signals only when it continues.
    handle.signal(Signal::SIGCONT)?;
    if descends_from(pid) {
        return Ok(true);
    }
    let end = [handle.descriptor()];
    if !wait_readable(&end, poll_timeout(timeout))? {
        handle.signal(Signal::SIGKILL)?;
        if !wait_readable(&end, poll_timeout(timeout))? {
            return Err(Errno::ETIMEDOUT.into());
        }
    }
    Ok(true)
}

/// Waits until one of the descriptors is readable; returns false if the timeout expires first.
///
/// # Errors
/// The system reports an error.
pub fn wait_readable(descriptors: &[BorrowedFd<'_>], timeout: PollTimeout) -> io::Result<bool> {
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

/// Converts a timeout for `poll`: rounded up to whole milliseconds, infinite if `None`.
#[must_use]
pub fn poll_timeout(timeout: Option<Duration>) -> PollTimeout {
    let Some(timeout) = timeout else {
        return PollTimeout::NONE;
    };
    let milliseconds = timeout.as_nanos().div_ceil(1_000_000);
    PollTimeout::try_from(milliseconds).unwrap_or(PollTimeout::MAX)
}
