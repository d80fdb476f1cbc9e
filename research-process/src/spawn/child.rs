//! The code that runs in a new process before the program is executed.

use std::ffi::{c_char, c_int, c_void};

use nix::errno::Errno;

use crate::lineage::Lineage;
use crate::signals::reset_signals;

/// The instructions for the child: only pointers and integers, because it must not use anything
/// else.
pub(super) struct ChildPlan {
    pub(super) candidates: *const *const c_char,
    pub(super) words: *const *const c_char,
    pub(super) environment: *const *const c_char,
    pub(super) ends: [c_int; 3],
    pub(super) parent: libc::pid_t,
    pub(super) lineage: Option<Lineage>,
    /// The working directory; null for that of the parent.
    pub(super) directory: *const c_char,
    pub(super) memory_limit: libc::rlim_t,
    /// The error number, which the parent reads; 0 if the program was executed.
    pub(super) error: c_int,
    /// Whether the working directory could not be entered.
    pub(super) lacks_directory: bool,
}

/// The code of the child between `clone` and the execution of the program. It makes only
/// async-signal-safe calls.
pub(super) extern "C" fn child(plan: *mut c_void) -> c_int {
    // SAFETY: it points to the parent's `ChildPlan`. The parent waits for the child, and nothing
    // else uses the plan in the meantime.
    let plan = unsafe { &mut *plan.cast::<ChildPlan>() };
    // SAFETY: each of these is async-signal-safe, and takes integers or pointers that are valid
    // until the program is executed. The group, the descriptors, the dispositions of signals and
    // the mask are the child's own: only memory is shared.
    unsafe {
        libc::setpgid(0, 0);
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        // The parent may have died before the parent-death signal was set.
        if libc::getppid() != plan.parent {
            libc::_exit(1);
        }
        for (target, end) in plan.ends.iter().enumerate() {
            if libc::dup2(*end, target as c_int) < 0 {
                plan.error = Errno::last_raw();
                libc::_exit(127);
            }
        }
        if !plan.directory.is_null() && libc::chdir(plan.directory) < 0 {
            plan.error = Errno::last_raw();
            plan.lacks_directory = true;
            libc::_exit(127);
        }
        // Ignore errors: a program without a lineage is found by the mark in its environment.
        let _ = plan.lineage.map(Lineage::apply);
        // Some descriptors of this process lack close-on-exec (channels to other processes). A
        // kernel without this call leaves them open.
        libc::syscall(libc::SYS_close_range, 3, c_int::MAX, 0);
        // Rust programs ignore SIGPIPE, which other programs do not expect. The handlers of this
        // process must be reset before the mask, because they would run in the shared memory.
        reset_signals(|signal, is_handled| is_handled || signal == libc::SIGPIPE);
        plan.error = match limit_memory(plan.memory_limit) {
            0 => execute(plan),
            error => error,
        };
        libc::_exit(127)
    }
}

/// Limits private memory, unless a lower limit is already in force; returns the error number.
fn limit_memory(bytes: libc::rlim_t) -> c_int {
    if bytes == libc::RLIM_INFINITY {
        return 0;
    }
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: both calls are async-signal-safe and take a pointer to a valid structure.
    let result = unsafe {
        match libc::getrlimit(libc::RLIMIT_DATA, &raw mut limit) {
            0 => {
                limit.rlim_max = limit.rlim_max.min(bytes);
                limit.rlim_cur = limit.rlim_cur.min(bytes);
                libc::setrlimit(libc::RLIMIT_DATA, &raw const limit)
            }
            failed => failed,
        }
    };
    match result {
        0 => 0,
        _ => Errno::last_raw(),
    }
}

/// Executes the first candidate that can be executed. Returns the error number if there is none.
///
/// # Safety
/// The lists of the plan end with a null pointer, and the strings with a zero byte.
unsafe fn execute(plan: &ChildPlan) -> c_int {
    let mut reason = libc::ENOENT;
    let mut candidate = plan.candidates;
    // SAFETY: the caller guarantees valid lists; the loop ends at the null pointer.
    unsafe {
        while !(*candidate).is_null() {
            libc::execve(*candidate, plan.words, plan.environment);
            match Errno::last_raw() {
                libc::ENOENT | libc::ENOTDIR => {}
                // A later candidate may be executable.
                libc::EACCES => reason = libc::EACCES,
                error => return error,
            }
            candidate = candidate.add(1);
        }
    }
    reason
}
