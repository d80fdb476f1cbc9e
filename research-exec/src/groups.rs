//! The process groups that this process has started and that must not outlive it: executors and
//! programs. They are within reach of a signal handler.

use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use crate::orphans::end_children_from_handler;
use crate::process::{disposition, kill_group};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::unistd::Pid;

/// How many groups one process may have running at once: its executor, a program in a call, and
/// one for each generator.
const MOST: usize = 256;

/// What stands in a slot of a group that is about to start.
const RESERVED: i32 = -1;

/// The process group in each slot; 0 where it is free.
static GROUPS: [AtomicI32; MOST] = [const { AtomicI32::new(0) }; MOST];
/// The owner of each slot's group.
static OWNERS: [AtomicU32; MOST] = [const { AtomicU32::new(NOBODY) }; MOST];

/// The owner of groups that nobody claims.
const NOBODY: u32 = 0;

thread_local! {
    /// Who owns the groups that this thread starts.
    static OWNER: Cell<u32> = const { Cell::new(NOBODY) };
}

/// Who owns the groups that a thread starts, so that these can be ended alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner(u32);

impl Owner {
    /// Somebody who owns nothing yet.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(NOBODY + 1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// From now on the groups that this thread starts are its.
    pub(crate) fn own_this_thread(self) {
        OWNER.set(self.0);
    }

    /// Kills its groups.
    pub(crate) fn kill_groups(self) {
        for (group, owner) in GROUPS.iter().zip(&OWNERS) {
            let number = group.load(Ordering::Acquire);
            if number > 0 && owner.load(Ordering::Acquire) == self.0 {
                kill_group(Pid::from_raw(number));
            }
        }
    }
}

/// Sends a signal to every group that this process has started.
///
/// It is async-signal-safe: a signal handler may call it. A group's number cannot have been given
/// to others before its end was noticed. After a `fork` the child has a copy of its parent's list,
/// so it must not call this before those have ended.
pub fn signal_groups(signal: i32) {
    let errno = nix::errno::Errno::last_raw();
    for group in running_groups() {
        // SAFETY: `kill` takes plain numbers. The group is that of a process which has not been
        // waited for, so its number stands for nobody else.
        unsafe { libc::kill(-group, signal) };
    }
    nix::errno::Errno::set_raw(errno);
}

/// The groups that this process runs. It allocates nothing and takes no lock, so that a signal
/// handler may use it.
pub fn running_groups() -> impl Iterator<Item = i32> {
    let groups = GROUPS.iter().map(|slot| slot.load(Ordering::Acquire));
    groups.filter(|group| *group > 0)
}

/// A group's place in the list, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Slot(&'static AtomicI32);

impl Slot {
    /// Takes a place before the group is started, so that one which runs always has one.
    pub(crate) fn reserve() -> io::Result<Self> {
        let taken = GROUPS.iter().zip(&OWNERS).find_map(|(slot, owner)| {
            let swap = slot.compare_exchange(0, RESERVED, Ordering::AcqRel, Ordering::Relaxed);
            swap.ok()?;
            owner.store(OWNER.get(), Ordering::Release);
            Some(slot)
        });
        let full =
            || io::Error::other(format!("{MOST} process groups run in this process already"));
        taken.map(Self).ok_or_else(full)
    }

    pub(crate) fn set(&self, group: i32) {
        self.0.store(group, Ordering::Release);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Release);
    }
}

/// Ends this process on SIGTERM, SIGINT and SIGHUP, and its groups and other descendants with it.
pub(crate) fn end_groups_on_signals() -> nix::Result<()> {
    survive_warnings()?;
    handle(SigHandler::Handler(end_all))
}

/// Lets SIGUSR1 and SIGUSR2 do nothing in a worker or an executor, unless the program has its own
/// handler: batch systems send them to all processes of a job as a warning, and the leader decides
/// what follows from it. The same for SIGXFSZ, see [`survive_file_size_limit`].
pub(crate) fn survive_warnings() -> nix::Result<()> {
    survive(&[Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGXFSZ])
}

/// Makes writing beyond the limit on the size of files (`ulimit -f`) an error, EFBIG, instead of the
/// end of this process by SIGXFSZ; unless the program has its own handler.
///
/// # Errors
/// The system refuses the handler.
pub fn survive_file_size_limit() -> std::io::Result<()> {
    Ok(survive(&[Signal::SIGXFSZ])?)
}

/// Sets a handler that does nothing where the default action would end this process. Programs that
/// it executes get the default action back: the system resets handlers, not signals that are ignored.
fn survive(signals: &[Signal]) -> nix::Result<()> {
    let handler = SigHandler::Handler(do_nothing);
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    for signal in signals {
        let current = disposition(*signal as libc::c_int);
        if current.is_ok_and(|current| current == libc::SIG_DFL) {
            // SAFETY: the handler does nothing.
            unsafe { sigaction(*signal, &action)? };
        }
    }
    Ok(())
}

extern "C" fn do_nothing(_: libc::c_int) {}

/// For a forked child, which has no groups yet and dies of signals as usual.
pub(crate) fn forget_groups() -> nix::Result<()> {
    for slot in &GROUPS {
        slot.store(0, Ordering::Release);
    }
    handle(SigHandler::SigDfl)
}

/// Lets a signal do what it does by default; async-signal-safe.
pub(crate) fn default_action(signal: Signal) -> nix::Result<()> {
    let action = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the default action runs no code of ours.
    unsafe { sigaction(signal, &action)? };
    Ok(())
}

fn handle(handler: SigHandler) -> nix::Result<()> {
    let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        // SAFETY: all that the handler calls is async-signal-safe; the default action runs no
        // code of ours.
        unsafe { sigaction(signal, &action)? };
    }
    Ok(())
}

/// Ends this executor, and the programs that it runs. Its worker ends what else is left.
pub(crate) fn end_executor() -> ! {
    signal_groups(libc::SIGKILL);
    // SAFETY: _exit ends the process at once.
    unsafe { libc::_exit(0) }
}

/// Ends this worker, and all that it runs.
pub(crate) fn end_worker() -> ! {
    signal_groups(libc::SIGKILL);
    end_children_from_handler();
    // SAFETY: _exit ends the process at once.
    unsafe { libc::_exit(1) }
}

extern "C" fn end_all(signal: libc::c_int) {
    signal_groups(libc::SIGKILL);
    end_children_from_handler();
    // SAFETY: _exit ends the process at once and is async-signal-safe.
    unsafe { libc::_exit(128 + signal) };
}
