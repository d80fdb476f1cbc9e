//! Functions for file descriptors that children must not inherit, and for the standard input.

use std::fs::File;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::sync::{Mutex, PoisonError};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::SockType;

/// Calls `open`, which opens sockets without the close-on-exec flag (ipc-channel does), and sets
/// the flag on these sockets: a program that inherited them would keep the channel of a dead worker
/// open.
///
/// Returns the result of `open` and the new sockets.
///
/// # Errors
/// `open` fails, or the descriptors of this process cannot be listed.
pub fn close_on_exec<T>(open: impl FnOnce() -> io::Result<T>) -> io::Result<(T, Vec<RawFd>)> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let before = open_sockets()?;
    let opened = open()?;
    let mut new = open_sockets()?;
    new.retain(|descriptor| !before.contains(descriptor));
    for descriptor in &new {
        // SAFETY: the descriptor is not kept; if another thread has closed it, fcntl fails and
        // nothing happens.
        let borrowed = unsafe { BorrowedFd::borrow_raw(*descriptor) };
        // Ignore the error: a closed descriptor needs no flag.
        let _ = fcntl(borrowed, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC));
    }
    Ok((opened, new))
}

/// Returns the open sockets of this process.
fn open_sockets() -> io::Result<Vec<RawFd>> {
    let mut sockets = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let name = entry?.file_name();
        let descriptor = name.to_str().and_then(|name| name.parse().ok());
        sockets.extend(descriptor.filter(|descriptor| is_socket(*descriptor)));
    }
    Ok(sockets)
}

/// Whether a descriptor is an open socket. The call never blocks, not even for a file on a network
/// file system.
#[must_use]
pub fn is_socket(descriptor: RawFd) -> bool {
    // SAFETY: the descriptor is not kept; if it is closed, getsockopt fails.
    let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
    getsockopt(&borrowed, SockType).is_ok()
}

/// Leaves the terminal, which can then neither interrupt nor hang up this process. Redirects the
/// standard input to `/dev/null` and returns the previous one.
///
/// # Errors
/// This process leads a process group, so it cannot leave its session.
pub fn leave_terminal() -> io::Result<OwnedFd> {
    nix::unistd::setsid()?;
    let stdin = nix::unistd::dup(io::stdin())?;
    fcntl(&stdin, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    redirect_stdin_to_null()?;
    Ok(stdin)
}

/// Redirects the standard input to `/dev/null`.
///
/// # Errors
/// `/dev/null` cannot be opened.
pub fn redirect_stdin_to_null() -> io::Result<()> {
    Ok(nix::unistd::dup2_stdin(&File::open("/dev/null")?)?)
}
