//! The process groups that this process has started and that must not outlive it. They are stored
//! in static atomics, so that a signal handler can kill them.

use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, killpg, sigaction};
use nix::unistd::Pid;

use crate::reaper::kill_children_in_handler;
use crate::signals::survive_job_warnings;

/// The limit on running groups of one process: its executor, a program in a call, and one for each
/// generator.
const MAX_GROUPS: usize = 256;

/// The value of a slot whose group is about to start.
const RESERVED: i32 = -1;

/// The process group in each slot; 0 if the slot is free.
static GROUPS: [AtomicI32; MAX_GROUPS] = [const { AtomicI32::new(0) }; MAX_GROUPS];
/// The owner of each slot's group.
static OWNERS: [AtomicU32; MAX_GROUPS] = [const { AtomicU32::new(NO_OWNER) }; MAX_GROUPS];

/// The owner of groups that have none.
const NO_OWNER: u32 = 0;

thread_local! {
    /// The owner of the groups that this thread starts.
    static OWNER: Cell<u32> = const { Cell::new(NO_OWNER) };
}

/// The owner of the groups that a thread starts, so that they can be killed separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupOwner(u32);

impl Default for GroupOwner {
    fn default() -> Self {
        Self::new()
    }
}

impl GroupOwner {
    /// Creates an owner without groups.
    #[must_use]
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(NO_OWNER + 1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Makes this the owner of all groups that the calling thread starts later.
    pub fn own_this_thread(self) {
        OWNER.set(self.0);
    }

    /// Kills the groups of this owner.
    pub fn kill_groups(self) {
        for (group, owner) in GROUPS.iter().zip(&OWNERS) {
            let number = group.load(Ordering::Acquire);
            if number > 0 && owner.load(Ordering::Acquire) == self.0 {
                kill_group(Pid::from_raw(number));
            }
        }
    }
}

/// Sends a signal to every running group that this process has started.
///
/// Async-signal-safe. The system does not reuse the number of a group until its leader is reaped. A
/// forked child inherits the list of its parent and must call [`forget_groups`] first.
pub fn signal_groups(signal: i32) {
    let errno = nix::errno::Errno::last_raw();
    for group in running_groups() {
        // SAFETY: `kill` takes integers. The leader of the group was not reaped, so the number
        // belongs to no other group.
        unsafe { libc::kill(-group, signal) };
    }
    nix::errno::Errno::set_raw(errno);
}

/// Returns the running groups that this process has started. Async-signal-safe: it neither
/// allocates nor locks.
pub fn running_groups() -> impl Iterator<Item = i32> {
    let groups = GROUPS.iter().map(|slot| slot.load(Ordering::Acquire));
    groups.filter(|group| *group > 0)
}

/// A slot for a running group; dropping it frees the slot.
#[derive(Debug)]
pub struct GroupSlot(&'static AtomicI32);

impl GroupSlot {
    /// Reserves a slot before the group is started, so that every running group has one.
    ///
    /// # Errors
    /// Too many groups are running.
    pub fn reserve() -> io::Result<Self> {
        let taken = GROUPS.iter().zip(&OWNERS).find_map(|(slot, owner)| {
            let swap = slot.compare_exchange(0, RESERVED, Ordering::AcqRel, Ordering::Relaxed);
            swap.ok()?;
            owner.store(OWNER.get(), Ordering::Release);
            Some(slot)
        });
        let full = || {
            io::Error::other(format!(
                "{MAX_GROUPS} process groups run in this process already"
            ))
        };
        taken.map(Self).ok_or_else(full)
    }

    /// Stores the number of the group after it was started.
    pub fn set(&self, group: i32) {
        self.0.store(group, Ordering::Release);
    }
}

impl Drop for GroupSlot {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Release);
    }
}

/// Sets handlers for SIGTERM, SIGINT and SIGHUP that kill the groups and other descendants of this
/// process and end it. Warnings of batch systems have no effect, as with [`survive_job_warnings`].
///
/// # Errors
/// The system rejects the handlers.
pub fn terminate_with_descendants() -> nix::Result<()> {
    survive_job_warnings()?;
    handle(SigHandler::Handler(kill_all))
}

/// Forgets the groups of the parent and sets the default actions of signals; for forked children.
///
/// # Errors
/// The system rejects the actions.
pub fn forget_groups() -> nix::Result<()> {
    for slot in &GROUPS {
        slot.store(0, Ordering::Release);
    }
    handle(SigHandler::SigDfl)
}

fn handle(handler: SigHandler) -> nix::Result<()> {
    let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        // SAFETY: the handler calls only async-signal-safe functions; the default action runs no
        // code of this program.
        unsafe { sigaction(signal, &action)? };
    }
    Ok(())
}

/// Kills the groups of this process and exits with 0, without unwinding. Other descendants are left
/// to the parent.
pub fn kill_groups_and_exit() -> ! {
    signal_groups(libc::SIGKILL);
    // SAFETY: _exit ends the process at once.
    unsafe { libc::_exit(0) }
}

/// Kills the groups and all other descendants of this process and exits with 1, without unwinding.
pub fn kill_descendants_and_exit() -> ! {
    signal_groups(libc::SIGKILL);
    kill_children_in_handler();
    // SAFETY: _exit ends the process at once.
    unsafe { libc::_exit(1) }
}

extern "C" fn kill_all(signal: libc::c_int) {
    signal_groups(libc::SIGKILL);
    kill_children_in_handler();
    // SAFETY: _exit is async-signal-safe and ends the process at once.
    unsafe { libc::_exit(128 + signal) };
}

/// Kills all processes of a group; an empty group is not an error.
pub fn kill_group(group: Pid) {
    // Ignore the error of a group that has ended by itself.
    let _ = killpg(group, Signal::SIGKILL);
}
