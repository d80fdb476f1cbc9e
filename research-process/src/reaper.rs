//! The reaper of a worker: it adopts the orphans among its descendants, even those that have left
//! their process group, and kills them when their task has ended.

use std::ffi::{CStr, c_int};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use nix::sys::prctl;
use nix::unistd::Pid;

use crate::usage::{ResourceUsage, reap};

/// The time in milliseconds that a signal handler waits for killed children.
const MAX_WAIT_MS: u32 = 1000;

/// Makes this process the parent of all orphans among its descendants (a child subreaper). Returns
/// its current children.
///
/// # Errors
/// The system reports an error.
pub fn become_subreaper() -> io::Result<Vec<i32>> {
    prctl::set_child_subreaper(true)?;
    let mut children = Vec::new();
    for_each_child(|child| children.push(child));
    Ok(children)
}

/// Kills and reaps all children except those in `keep`, then the orphans that they leave, and so
/// on. Returns the resource usage of the killed processes.
pub fn kill_children(keep: &[i32]) -> ResourceUsage {
    let mut usage = ResourceUsage::default();
    while has_children() {
        let mut killed = Vec::new();
        for_each_child(|child| {
            if !keep.contains(&child) {
                killed.push(child);
            }
        });
        if killed.is_empty() {
            break;
        }
        for child in &killed {
            // SAFETY: only integers are passed; the process is a child that was not reaped.
            unsafe { libc::kill(*child, libc::SIGKILL) };
        }
        for child in killed {
            // When the child has died, its children become children of this process. An error means
            // that the child was reaped elsewhere.
            if let Ok((_, used)) = reap(Pid::from_raw(child)) {
                usage = usage.and(ResourceUsage::of_executed(&used));
            }
        }
    }
    usage
}

/// Whether there are children. Usually there are none, and this is the fastest check.
fn has_children() -> bool {
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: all zeros is a valid value of `siginfo_t`, which the call may write.
    let found = unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        libc::waitid(libc::P_ALL, 0, &raw mut info, options)
    };
    found == 0
}

/// Does the same as [`kill_children`] in a signal handler of a process that is about to end: calls
/// only async-signal-safe functions and waits at most a second.
pub(crate) fn kill_children_in_handler() {
    for _ in 0..MAX_WAIT_MS {
        for_each_child(|child| {
            // SAFETY: only integers are passed; the process is a child that was not reaped.
            unsafe { libc::kill(child, libc::SIGKILL) };
        });
        // SAFETY: the pointer to the status may be null.
        match unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } {
            0 => {
                let millisecond = libc::timespec {
                    tv_sec: 0,
                    tv_nsec: 1_000_000,
                };
                // SAFETY: the time is valid, and the second pointer may be null.
                unsafe { libc::nanosleep(&raw const millisecond, std::ptr::null_mut()) };
            }
            -1 => return,
            _ => {}
        }
    }
}

/// The folder with the threads of this process.
const THREADS: &CStr = c"/proc/self/task";

/// The offset of the name in a `linux_dirent64`: after the inode, the offset of the next entry, two
/// bytes of length, and the type.
const NAME_OFFSET: usize = 19;

/// Calls `visit` with the pid of each child of each thread, at most the first few hundred per
/// thread. A child belongs to the thread that started it, an orphan to the first thread.
/// Async-signal-safe. Does nothing on a kernel that does not list children.
fn for_each_child(mut visit: impl FnMut(i32)) {
    let Some(threads) = open(libc::AT_FDCWD, THREADS) else {
        return;
    };
    let mut entries = [0_u8; 4096];
    loop {
        let (folder, size) = (threads.as_raw_fd(), entries.len());
        // SAFETY: it writes at most as many bytes as the array has.
        let read =
            unsafe { libc::syscall(libc::SYS_getdents64, folder, entries.as_mut_ptr(), size) };
        let mut rest = &entries[..usize::try_from(read).unwrap_or(0)];
        if rest.is_empty() {
            return;
        }
        while rest.len() > NAME_OFFSET {
            let length = usize::from(u16::from_ne_bytes([rest[16], rest[17]]));
            let (entry, others) = rest.split_at(length.clamp(NAME_OFFSET, rest.len()));
            for_each_child_of(&threads, &entry[NAME_OFFSET..], &mut visit);
            rest = others;
        }
    }
}

/// Calls `visit` with the pid of each child of one thread, whose name ends with a zero byte.
fn for_each_child_of(threads: &OwnedFd, name: &[u8], visit: &mut impl FnMut(i32)) {
    const LIST: &[u8] = b"/children\0";
    let digits = name.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut path = [0_u8; 32];
    if digits == 0 || digits + LIST.len() > path.len() {
        return;
    }
    path[..digits].copy_from_slice(&name[..digits]);
    path[digits..digits + LIST.len()].copy_from_slice(LIST);
    let Ok(path) = CStr::from_bytes_until_nul(&path) else {
        return;
    };
    // If the thread has ended in the meantime, its children belong to another thread.
    let Some(list) = open(threads.as_raw_fd(), path) else {
        return;
    };
    let mut text = [0_u8; 4096];
    // SAFETY: it writes at most as many bytes as the array has.
    let read = unsafe { libc::read(list.as_raw_fd(), text.as_mut_ptr().cast(), text.len()) };
    let mut number = 0;
    for byte in &text[..usize::try_from(read).unwrap_or(0)] {
        match byte {
            b'0'..=b'9' => number = number * 10 + i32::from(byte - b'0'),
            // Only a number with a space after it is known to be complete.
            _ => {
                if number > 0 {
                    visit(number);
                }
                number = 0;
            }
        }
    }
}

/// Opens a file or a folder for reading; async-signal-safe.
fn open(folder: c_int, path: &CStr) -> Option<OwnedFd> {
    // SAFETY: the path ends with a zero byte.
    let opened = unsafe { libc::openat(folder, path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
    // SAFETY: the system has just given this descriptor to this call.
    (opened >= 0).then(|| unsafe { OwnedFd::from_raw_fd(opened) })
}
