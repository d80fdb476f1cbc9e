//! The process groups that this process has started and that must not outlive it.

use std::sync::atomic::{AtomicI32, Ordering};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::unistd::Pid;

use crate::process::kill_group;

/// A fixed table, because a signal handler reads it.
static GROUPS: [AtomicI32; 64] = [const { AtomicI32::new(0) }; 64];

/// A process group that is killed if this process is told to end, or when the guard is dropped.
#[derive(Debug)]
pub(crate) struct GroupGuard {
    group: Pid,
    slot: Option<&'static AtomicI32>,
}

impl GroupGuard {
    /// Guards a group. When the table is full the group is killed on drop alone.
    pub(crate) fn new(group: Pid) -> Self {
        let slot = GROUPS.iter().find(|slot| {
            slot.compare_exchange(0, group.as_raw(), Ordering::SeqCst, Ordering::Relaxed)
                .is_ok()
        });
        Self { group, slot }
    }
}

impl Drop for GroupGuard {
    fn drop(&mut self) {
        kill_group(self.group);
        if let Some(slot) = self.slot {
            slot.store(0, Ordering::SeqCst);
        }
    }
}

/// Ends this process on SIGTERM, SIGINT and SIGHUP, and its groups with it.
pub(crate) fn end_groups_on_signals() -> nix::Result<()> {
    let action = SigAction::new(
        SigHandler::Handler(end_all),
        SaFlags::empty(),
        SigSet::empty(),
    );
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        // SAFETY: the handler only loads atomics and calls kill and _exit, which are
        // async-signal-safe.
        unsafe { sigaction(signal, &action)? };
    }
    Ok(())
}

/// For a forked child, which has no groups yet and dies of signals as usual.
pub(crate) fn forget_groups() -> nix::Result<()> {
    for slot in &GROUPS {
        slot.store(0, Ordering::SeqCst);
    }
    let action = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        // SAFETY: the default action runs no code of ours.
        unsafe { sigaction(signal, &action)? };
    }
    Ok(())
}

extern "C" fn end_all(signal: libc::c_int) {
    for slot in &GROUPS {
        let group = slot.load(Ordering::SeqCst);
        if group > 0 {
            // SAFETY: kill takes two integers and is async-signal-safe.
            unsafe { libc::kill(-group, libc::SIGKILL) };
        }
    }
    // SAFETY: _exit ends the process at once and is async-signal-safe.
    unsafe { libc::_exit(128 + signal) };
}
