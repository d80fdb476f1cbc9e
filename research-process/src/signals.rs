//! Signal dispositions.

use std::ffi::c_int;
use std::io;
use std::ptr;

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

/// Ensures that this process can wait for its children. A process that ignores SIGCHLD, perhaps
/// because it inherited that, cannot get their exit statuses.
///
/// # Errors
/// The system refuses to read or set the disposition.
pub fn make_children_waitable() -> io::Result<()> {
    if disposition(libc::SIGCHLD)? == libc::SIG_IGN {
        set_default_action(Signal::SIGCHLD)?;
    }
    Ok(())
}

/// The disposition of a signal: a handler, `SIG_DFL` or `SIG_IGN`.
///
/// # Errors
/// There is no such signal.
pub fn disposition(signal: i32) -> io::Result<libc::sighandler_t> {
    // SAFETY: all zeros is a valid value of the structure, which the call fills.
    let (result, action) = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        let result = libc::sigaction(signal, ptr::null(), &raw mut action);
        (result, action)
    };
    match result {
        0 => Ok(action.sa_sigaction),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Resets the signals for which `is_reset(signal, has_handler)` returns true to their default
/// action, then unblocks all signals. Async-signal-safe if `is_reset` is.
pub fn reset_signals(is_reset: impl Fn(c_int, bool) -> bool) {
    for signal in 1..=libc::SIGRTMAX() {
        // SAFETY: the structures are valid; all zeros is a valid value: the default action.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signal, ptr::null(), &raw mut action);
            let has_handler = ![libc::SIG_DFL, libc::SIG_IGN].contains(&action.sa_sigaction);
            if is_reset(signal, has_handler) {
                let default: libc::sigaction = std::mem::zeroed();
                libc::sigaction(signal, &raw const default, ptr::null_mut());
            }
        }
    }
    // SAFETY: `sigemptyset` initialises the set.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
    }
}

/// Sets the default action of a signal; async-signal-safe.
///
/// # Errors
/// The system reports an error.
pub fn set_default_action(signal: Signal) -> nix::Result<()> {
    let action = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the default action runs none of our code.
    unsafe { sigaction(signal, &action)? };
    Ok(())
}

/// Makes SIGUSR1, SIGUSR2 and SIGXFSZ harmless in a worker or an executor, unless the program has
/// handlers of its own. Batch systems send the first two to all processes of a job as a warning, to
/// which only the leader reacts. For SIGXFSZ see [`survive_file_size_limit`].
///
/// # Errors
/// The system refuses the handlers.
pub fn survive_job_warnings() -> nix::Result<()> {
    set_empty_handlers(&[Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGXFSZ])
}

/// Turns writing beyond the file size limit (`ulimit -f`) into the error EFBIG instead of the end
/// of this process by SIGXFSZ, unless the program has a handler of its own.
///
/// # Errors
/// The system refuses the handler.
pub fn survive_file_size_limit() -> io::Result<()> {
    Ok(set_empty_handlers(&[Signal::SIGXFSZ])?)
}

/// Sets an empty handler where the default action would end this process. Executed programs get the
/// default action back: the system resets handlers, but not ignored signals.
fn set_empty_handlers(signals: &[Signal]) -> nix::Result<()> {
    let handler = SigHandler::Handler(do_nothing);
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    for signal in signals {
        let current = disposition(*signal as c_int);
        if current.is_ok_and(|current| current == libc::SIG_DFL) {
            // SAFETY: the handler does nothing.
            unsafe { sigaction(*signal, &action)? };
        }
    }
    Ok(())
}

extern "C" fn do_nothing(_: c_int) {}
