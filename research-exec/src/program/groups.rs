//! The process groups of the programs that run now, within reach of a signal handler.

use std::io;
use std::sync::atomic::{AtomicI32, Ordering};

/// How many programs one process may have running at once: one in a call, and one for each
/// generator.
const MOST: usize = 256;

/// What stands in a slot of a program that is about to start.
const RESERVED: i32 = -1;

/// The process group in each slot; 0 where it is free.
static GROUPS: [AtomicI32; MOST] = [const { AtomicI32::new(0) }; MOST];

/// Sends a signal to every program that this process runs, and to what those started.
///
/// It is async-signal-safe: a signal handler may call it. What it reaches are the process groups
/// of programs that were started here and whose end was not noticed yet; a group's number cannot
/// have been given to others before that. After a `fork` the child has a copy of its parent's
/// list, so it must not call this before its parent's programs have ended.
pub fn signal_programs(signal: i32) {
    let errno = nix::errno::Errno::last_raw();
    for group in running_programs() {
        // SAFETY: `kill` takes plain numbers. The group is that of a process which has not been
        // waited for, so its number stands for nobody else.
        unsafe { libc::kill(-group, signal) };
    }
    nix::errno::Errno::set_raw(errno);
}

/// The process groups of the programs that this process runs. It allocates nothing and takes no
/// lock, so that a signal handler may use it.
pub fn running_programs() -> impl Iterator<Item = i32> {
    let groups = GROUPS.iter().map(|slot| slot.load(Ordering::Acquire));
    groups.filter(|group| *group > 0)
}

/// A place in the list, free again when it is dropped.
#[derive(Debug)]
pub(super) struct Slot(&'static AtomicI32);

impl Slot {
    /// Takes a place before the program is started, so that one which runs always has one.
    pub(super) fn reserve() -> io::Result<Self> {
        let taken = GROUPS.iter().find(|slot| {
            let swap = slot.compare_exchange(0, RESERVED, Ordering::AcqRel, Ordering::Relaxed);
            swap.is_ok()
        });
        let full = || io::Error::other(format!("{MOST} programs run in this process already"));
        taken.map(Self).ok_or_else(full)
    }

    pub(super) fn set(&self, group: i32) {
        self.0.store(group, Ordering::Release);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Release);
    }
}
