//! What executors and programs leave behind. A worker adopts the orphans among its descendants,
//! even those that have left their process group, and ends them when their task has ended.
//! Processes of a worker that could not do so itself are known by their [`Lineage`], or by a mark in
//! their environment.

use std::ffi::{CStr, c_int};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::PollTimeout;
use nix::sys::prctl;
use nix::sys::signal::Signal;

use crate::lineage::Lineage;
use crate::process::{ProcessHandle, wait_readable};

/// The environment variable with the mark of a worker, or of what the leader itself has run: all that
/// descends from it inherits it.
pub(crate) const MARK: &str = "RESEARCH_MARK";

/// How often is looked whether the children of a dying worker have died, or whether a process has
/// been executed, a millisecond apart.
const LOOKS: u32 = 1000;

/// Hardly any environment has more bytes.
const ENVIRONMENT: usize = 256 << 10;

/// So long a process that was killed has time to die, in milliseconds.
const DEATH: u16 = 1000;

/// Makes this process the parent of all orphans among its descendants. Gives its present children.
pub(crate) fn adopt() -> io::Result<Vec<i32>> {
    prctl::set_child_subreaper(true)?;
    let mut children = Vec::new();
    for_each_child(|child| children.push(child));
    Ok(children)
}

/// Kills and reaps all children but those that are to be kept, their children, and so on.
pub(crate) fn end_children(keep: &[i32]) {
    while has_children() {
        let mut ended = Vec::new();
        for_each_child(|child| {
            if !keep.contains(&child) {
                ended.push(child);
            }
        });
        if ended.is_empty() {
            return;
        }
        for child in &ended {
            // SAFETY: plain numbers; the process is a child that was not waited for.
            unsafe { libc::kill(*child, libc::SIGKILL) };
        }
        for child in ended {
            // Its own children are ours when it has died. What cannot be waited for is gone.
            let _ = nix::sys::wait::waitpid(nix::unistd::Pid::from_raw(child), None);
        }
    }
}

/// Whether there is any child at all; mostly there is none, and this is the fastest way to know.
fn has_children() -> bool {
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: all zeros is a value of `siginfo_t`, which the call may write.
    let found = unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        libc::waitid(libc::P_ALL, 0, &raw mut info, options)
    };
    found == 0
}

/// As [`end_children`], from a signal handler of a process that is about to end: it calls
/// async-signal-safe functions only, and waits no longer than a second.
pub(crate) fn end_children_from_handler() {
    for _ in 0..LOOKS {
        for_each_child(|child| {
            // SAFETY: plain numbers; the process is a child that was not waited for.
            unsafe { libc::kill(child, libc::SIGKILL) };
        });
        // SAFETY: the status may be left out.
        match unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } {
            0 => {
                let millisecond = libc::timespec {
                    tv_sec: 0,
                    tv_nsec: 1_000_000,
                };
                // SAFETY: the time is valid, and what is left of it may be left out.
                unsafe { libc::nanosleep(&raw const millisecond, std::ptr::null_mut()) };
            }
            -1 => return,
            _ => {}
        }
    }
}

/// Where the system lists the threads of this process.
const THREADS: &CStr = c"/proc/self/task";

/// What comes before the name in an entry of a folder: its number, the next one's place, its length
/// in two bytes, and its type.
const BEFORE_NAME: usize = 19;

/// Calls a function with the number of each child of each thread (of each of these the first few
/// hundred): a child belongs to the thread that has started it, and an orphan to the first one. It is
/// async-signal-safe; a system that does not list children has none for us.
fn for_each_child(mut see: impl FnMut(i32)) {
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
        while rest.len() > BEFORE_NAME {
            let length = usize::from(u16::from_ne_bytes([rest[16], rest[17]]));
            let (entry, others) = rest.split_at(length.clamp(BEFORE_NAME, rest.len()));
            for_each_child_of(&threads, &entry[BEFORE_NAME..], &mut see);
            rest = others;
        }
    }
}

/// The same for one thread, whose name ends with a zero byte, as all names do there.
fn for_each_child_of(threads: &OwnedFd, name: &[u8], see: &mut impl FnMut(i32)) {
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
    // A thread that has ended meanwhile has left its children to another one.
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
            // Only what ends with a space is whole.
            _ => {
                if number > 0 {
                    see(number);
                }
                number = 0;
            }
        }
    }
}

/// Opens a file or a folder to read it; async-signal-safe.
fn open(folder: c_int, path: &CStr) -> Option<OwnedFd> {
    // SAFETY: the path ends with a zero byte.
    let opened = unsafe { libc::openat(folder, path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
    // SAFETY: the system has just given this descriptor to nobody but us.
    (opened >= 0).then(|| unsafe { OwnedFd::from_raw_fd(opened) })
}

/// A mark for a run that no other run of this machine has.
#[must_use]
pub fn new_mark() -> String {
    let now = research_core::Timestamp::now().0;
    format!("{}-{now}", std::process::id())
}

/// A mark that no other worker of the run has.
pub(crate) fn mark_of_worker(run: &str) -> String {
    static WORKERS: AtomicU64 = AtomicU64::new(0);
    let number = WORKERS.fetch_add(1, Ordering::Relaxed);
    format!("{run}-{number}")
}

/// Whether a process descends from a worker of the run with this mark, or of another run of this
/// process, as far as can be seen.
pub(crate) fn is_marked(pid: u32, run: &str) -> bool {
    let lineage = i32::try_from(pid).ok().and_then(Lineage::of_process);
    if lineage.is_some_and(|lineage| lineage.is_of_run(run)) {
        return true;
    }
    let begin = format!("{MARK}={}-", std::process::id());
    // Processes of others cannot be looked at.
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment
        .split(|byte| *byte == 0)
        .any(|one| one.starts_with(begin.as_bytes()))
}

/// Whose processes are to be killed.
enum Meant<'a> {
    /// Those of the worker with this mark.
    Worker(&'a str),
    /// Those of all workers of the runs with these marks.
    Runs(&'a [String]),
}

impl Meant<'_> {
    fn has_mark(&self, mark: &str) -> bool {
        match self {
            Self::Worker(meant) => mark == *meant,
            Self::Runs(runs) => mark
                .rsplit_once('-')
                .is_some_and(|(run, _)| runs.iter().any(|one| one == run)),
        }
    }

    fn has_lineage(&self, lineage: &Lineage) -> bool {
        match self {
            Self::Worker(mark) => lineage.has_mark(mark),
            Self::Runs(runs) => runs.iter().any(|run| lineage.is_of_run(run)),
        }
    }
}

/// Kills all processes with this mark, wherever they are: those of a worker that was killed.
pub(crate) fn end_marked(mark: &str) -> io::Result<()> {
    end_all(&Meant::Worker(mark)).map(drop)
}

/// Kills what is left of runs that have died, with their leaders and their workers: all processes
/// that these marks of runs say are theirs. Gives who they were.
///
/// # Errors
/// The system does not list processes, or one that was killed does not end.
pub fn end_left_behind(runs: &[String]) -> io::Result<Vec<String>> {
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    end_all(&Meant::Runs(runs))
}

/// Kills all processes that are meant, but this one, until there are none. Gives who they were.
fn end_all(meant: &Meant<'_>) -> io::Result<Vec<String>> {
    let mut ended = Vec::new();
    loop {
        let mut killed = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            if let Some(pid) = name.to_str().and_then(|name| name.parse().ok())
                && let Some(process) = find_meant(pid, meant)
            {
                ended.push(in_words(pid));
                process.signal(Signal::SIGKILL)?;
                killed.push(process);
            }
        }
        for process in &killed {
            if !wait_readable(&[process.descriptor()], PollTimeout::from(DEATH))? {
                return Err(Errno::ETIMEDOUT.into());
            }
        }
        if killed.is_empty() {
            return Ok(ended);
        }
    }
}

/// A process, if it is meant. The handle is opened before the look: if another process gets the
/// number, it stands for neither.
fn find_meant(pid: i32, meant: &Meant<'_>) -> Option<ProcessHandle> {
    // A program that a unit started may itself resume the research.
    if u32::try_from(pid) == Ok(std::process::id()) {
        return None;
    }
    // Most processes are others', which cannot be looked at, and some end meanwhile.
    let process = ProcessHandle::open(pid).ok()?;
    let lineage = Lineage::of_process(pid);
    let is_found =
        lineage.is_some_and(|lineage| meant.has_lineage(&lineage)) || has_variable(pid, meant)?;
    // One that has ended is there until its parent asks how.
    let has_ended = || wait_readable(&[process.descriptor()], PollTimeout::ZERO).unwrap_or(true);
    (is_found && !has_ended()).then_some(process)
}

/// Whether a process has the mark in its environment, where that can be read. Not every process has
/// a lineage: somebody may have limited its limits.
fn has_variable(pid: i32, meant: &Meant<'_>) -> Option<bool> {
    let environment = environment(pid)?;
    let mut variables = environment.split(|byte| *byte == 0);
    Some(variables.any(|variable| {
        let variable = std::str::from_utf8(variable).unwrap_or_default();
        let value = variable.strip_prefix(MARK);
        let mark = value.and_then(|value| value.strip_prefix('='));
        mark.is_some_and(|mark| meant.has_mark(mark))
    }))
}

/// The environment of a process, if it can be read. A program that is being executed has none for a
/// moment, and would go on unseen.
fn environment(pid: i32) -> Option<Vec<u8>> {
    let file = |name: &str| format!("/proc/{pid}/{name}");
    let mut looks = LOOKS;
    loop {
        // At once, as far as it goes: what is read after an execution is another environment.
        let mut environment = vec![0; ENVIRONMENT];
        let mut source = File::open(file("environ")).ok()?;
        let length = source.read(&mut environment).ok()?;
        environment.truncate(length);
        if environment.len() == ENVIRONMENT {
            source.read_to_end(&mut environment).ok()?;
        }
        // The system's own processes, and those that have ended, have no program.
        let is_settled = !environment.is_empty() || fs::read_link(file("exe")).is_err();
        if is_settled || looks == 0 {
            return Some(environment);
        }
        // Where there are arguments, it has been executed meanwhile, or has no environment at all.
        let is_executed = !fs::read(file("cmdline")).ok()?.is_empty();
        looks = if is_executed { looks / 10 } else { looks - 1 };
        thread::sleep(Duration::from_millis(1));
    }
}

/// `sleep (4242)`, as far as it is known.
fn in_words(pid: i32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    format!("{} ({pid})", name.trim_end())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::process::{Child, Command};

    use super::{MARK, end_left_behind, new_mark};

    /// A program with a mark that executes itself again and again; it ends with the test.
    struct Restless(Child);

    impl Restless {
        fn start(mark: &str) -> Self {
            let again = "exec sh -c \"$0\" \"$0\"";
            let mut command = Command::new("sh");
            let command = command.args(["-c", again, again]).env(MARK, mark);
            Self(command.spawn().unwrap())
        }
    }

    impl Drop for Restless {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[test]
    fn a_program_that_is_just_being_executed_is_ended_too() {
        for _ in 0..60 {
            let run = new_mark();
            let mut program = Restless::start(&format!("{run}-0"));
            end_left_behind(&[run]).unwrap();
            let ended = program.0.try_wait().unwrap();
            assert!(ended.is_some(), "it was not seen");
        }
    }
}
