//! Starting a program.
//!
//! `clone` with `CLONE_VM | CLONE_VFORK`, as the C library's own `posix_spawn` does it: nothing of
//! this process is copied, so it costs the same from a large process as from a small one. It is
//! not `posix_spawn` itself, because that cannot ask for a parent-death signal; and not
//! `Command::pre_exec`, because that goes by `fork`, which takes a tenth longer from a small
//! process and eight times as long from one of 200 MB (`benches/programs.rs`).

use std::ffi::{CString, OsString, c_char, c_int, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::ptr;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};
use nix::unistd::{AccessFlags, Pid, pipe2};

use super::failure::Failure;
use crate::lineage::{Lineage, Origin};
use crate::process::reset_signals;

/// Where programs are looked for when there is no `PATH`.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A stack for the few calls between `clone` and `execve`.
const STACK: usize = 64 << 10;

/// A command that can be started.
#[derive(Debug)]
pub(super) struct Launch {
    /// What the program is called in messages.
    pub(super) label: String,
    words: Vec<CString>,
    environment: Vec<CString>,
    /// The files that the program may be, in the order in which they are tried.
    candidates: Vec<CString>,
    /// What it descends from, where that is not what this process does.
    lineage: Option<Lineage>,
}

/// A program that was started: it leads a group of its own.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) pid: Pid,
    pub(super) pidfd: OwnedFd,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
}

impl Launch {
    /// A command of these words, the first of which is the program.
    pub(super) fn new(
        words: Vec<OsString>,
        environment: Vec<Vec<u8>>,
        label: Option<String>,
    ) -> Result<Self, Failure> {
        let program = words
            .first()
            .map(|word| word.as_bytes())
            .unwrap_or_default();
        let label = label.unwrap_or_else(|| super::failure::shorten(program));
        let text = |bytes: Vec<u8>| {
            CString::new(bytes).map_err(|_| Failure::ZeroByte {
                program: label.clone(),
            })
        };
        let candidates = candidates(program)
            .into_iter()
            .map(&text)
            .collect::<Result<_, _>>()?;
        let words = words.into_iter().map(|word| text(word.into_vec()));
        let words = words.collect::<Result<_, _>>()?;
        let environment = environment
            .into_iter()
            .map(&text)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            label,
            words,
            environment,
            candidates,
            lineage: None,
        })
    }

    /// Lets the program, and all that it starts, be known as what has this mark.
    pub(super) fn marked(mut self, mark: Option<&str>) -> Self {
        self.lineage = mark.map(|mark| Lineage::of_child(Origin::Program, mark));
        self
    }

    /// Whether there is a file to execute, told without starting it.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let mut reason = Errno::ENOENT;
        for candidate in &self.candidates {
            let path = Path::new(std::ffi::OsStr::from_bytes(candidate.as_bytes()));
            match nix::unistd::access(path, AccessFlags::X_OK) {
                // Folders can be entered, not executed.
                Ok(()) if !path.is_dir() => return Ok(()),
                Ok(()) | Err(Errno::EACCES) => reason = Errno::EACCES,
                Err(_) => {}
            }
        }
        Err(self.start_failure(&reason.into()))
    }

    /// Starts the program, with pipes for its output and nothing to read.
    pub(super) fn start(&self) -> Result<Started, Failure> {
        let failed = |error: io::Error| self.start_failure(&error);
        let pipe = || pipe2(OFlag::O_CLOEXEC).map_err(|errno| failed(errno.into()));
        let (stdout, stdout_end) = pipe()?;
        let (stderr, stderr_end) = pipe()?;
        let stdin_end = std::fs::File::open("/dev/null").map_err(|error| {
            // Without its path ENOENT would be taken for a missing program.
            failed(io::Error::new(
                error.kind(),
                format!("cannot open /dev/null: {error}"),
            ))
        });
        let stdin_end = stdin_end?.into();
        let ends = [stdin_end, stdout_end, stderr_end].map(above_standard);
        let [stdin_end, stdout_end, stderr_end] = ends;
        let ends = [
            stdin_end.map_err(failed)?,
            stdout_end.map_err(failed)?,
            stderr_end.map_err(failed)?,
        ];
        let (pid, pidfd) = self.clone_and_execute(&ends).map_err(failed)?;
        Ok(Started {
            pid,
            pidfd,
            stdout,
            stderr,
        })
    }

    fn clone_and_execute(&self, ends: &[OwnedFd; 3]) -> io::Result<(Pid, OwnedFd)> {
        let words = pointers(&self.words);
        let environment = pointers(&self.environment);
        let candidates = pointers(&self.candidates);
        let mut orders = Orders {
            candidates: candidates.as_ptr(),
            words: words.as_ptr(),
            environment: environment.as_ptr(),
            ends: [0, 1, 2].map(|end: usize| ends[end].as_raw_fd()),
            parent: Pid::this().as_raw(),
            lineage: self.lineage,
            error: 0,
        };
        let mut stack: Vec<MaybeUninit<u128>> = Vec::with_capacity(STACK / size_of::<u128>());
        let mut pidfd: c_int = -1;
        let mut mask = SigSet::empty();
        // The child runs in our memory: none of our signal handlers may run in it.
        pthread_sigmask(
            SigmaskHow::SIG_SETMASK,
            Some(&SigSet::all()),
            Some(&mut mask),
        )?;
        // SAFETY: `CLONE_VFORK` keeps this thread here until the child has executed the program or
        // ended, so all that `orders` points to, and the stack, outlive the child's use of them.
        // The stack's end is aligned for any type, and `child` needs a fraction of it. `child`
        // calls nothing but async-signal-safe functions, with all signals blocked.
        let cloned = Errno::result(unsafe {
            libc::clone(
                child,
                stack.as_mut_ptr().add(stack.capacity()).cast(),
                libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD,
                (&raw mut orders).cast(),
                &raw mut pidfd,
            )
        });
        pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&mask), None)?;
        let pid = Pid::from_raw(cloned?);
        // SAFETY: `CLONE_PIDFD` made the kernel put a new descriptor there, which is ours alone.
        let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
        // SAFETY: `orders` is alive; the read is volatile because it was written by the child,
        // of which the compiler knows nothing.
        match unsafe { ptr::read_volatile(&raw const orders.error) } {
            0 => Ok((pid, pidfd)),
            error => {
                // It ends by itself: no program came of it, and why is all that matters.
                while nix::sys::wait::waitpid(pid, None) == Err(Errno::EINTR) {}
                Err(io::Error::from_raw_os_error(error))
            }
        }
    }

    fn start_failure(&self, error: &io::Error) -> Failure {
        let name = self.words[0].to_string_lossy();
        let reason = match error.raw_os_error() {
            _ if name.is_empty() => "its name is empty".to_owned(),
            Some(libc::ENOENT) if name.contains('/') => {
                "there is no such file, or the interpreter that its first line names is missing"
                    .to_owned()
            }
            Some(libc::ENOENT) if Path::new(&*name).is_file() => format!(
                "programs are looked for in PATH, not here, where there is `./{name}`: write that, or the program that runs it before it, as in `python3 {name}`",
            ),
            Some(libc::ENOENT) => format!(
                "no program of this name was found in PATH, which is {}; install it, or write its whole path",
                search_path().to_string_lossy()
            ),
            Some(libc::EACCES) => {
                "there is no permission to execute it: make it executable with `chmod +x`".to_owned()
            }
            Some(libc::ENOEXEC) => {
                "it is neither a program of this machine nor a script whose first line names its interpreter (`#!/bin/sh`)"
                    .to_owned()
            }
            Some(libc::E2BIG) => {
                "its arguments, or the config in RESEARCH_CONFIG, are longer than the system takes: give it large values as files"
                    .to_owned()
            }
            _ => error.to_string(),
        };
        Failure::Start {
            program: self.label.clone(),
            reason,
        }
    }
}

fn search_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into())
}

/// The files that a program's name may stand for, as a shell sees it.
fn candidates(program: &[u8]) -> Vec<Vec<u8>> {
    if program.is_empty() || program.contains(&b'/') {
        return vec![program.to_vec()];
    }
    let path = search_path();
    let folders = path.as_bytes().split(|byte| *byte == b':');
    let in_folder = |folder: &[u8]| match folder {
        b"" => [b"./", program].concat(),
        folder => [folder, b"/", program].concat(),
    };
    folders.map(in_folder).collect()
}

fn pointers(texts: &[CString]) -> Vec<*const c_char> {
    let pointers = texts.iter().map(|text| text.as_ptr());
    pointers.chain([ptr::null()]).collect()
}

/// The same file under a number that is none of the standard streams', which the child replaces.
fn above_standard(file: OwnedFd) -> io::Result<OwnedFd> {
    if file.as_raw_fd() > libc::STDERR_FILENO {
        return Ok(file);
    }
    // The standard library's duplicates are above them.
    file.try_clone()
}

/// What the child is to do. Plain pointers and numbers: it may not touch anything else.
struct Orders {
    candidates: *const *const c_char,
    words: *const *const c_char,
    environment: *const *const c_char,
    ends: [c_int; 3],
    parent: libc::pid_t,
    lineage: Option<Lineage>,
    /// Why it could not, for the parent to read; 0 if the program was executed.
    error: c_int,
}

/// What happens between `clone` and the program: async-signal-safe calls only.
extern "C" fn child(orders: *mut c_void) -> c_int {
    // SAFETY: it points to the parent's `Orders`, which waits for us; nobody else uses it
    // meanwhile.
    let orders = unsafe { &mut *orders.cast::<Orders>() };
    // SAFETY: each of these is async-signal-safe, and was given numbers or pointers that live
    // until the program is executed. The group, the descriptors, the signals' dispositions and
    // the mask are the child's own: nothing but memory is shared.
    unsafe {
        libc::setpgid(0, 0);
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        // The parent may have died before it could be asked to tell.
        if libc::getppid() != orders.parent {
            libc::_exit(1);
        }
        for (target, end) in orders.ends.iter().enumerate() {
            if libc::dup2(*end, target as c_int) < 0 {
                orders.error = Errno::last_raw();
                libc::_exit(127);
            }
        }
        // A program without it is known by its environment.
        let _ = orders.lineage.map(Lineage::take_on);
        // Not all of our files close by themselves (channels to other processes); an old kernel
        // that does not know the call leaves those open.
        libc::syscall(libc::SYS_close_range, 3, c_int::MAX, 0);
        // Rust programs ignore SIGPIPE, which others do not expect. Our handlers go before the mask does,
        // since they would run in our memory.
        reset_signals(|signal, is_handled| is_handled || signal == libc::SIGPIPE);
        orders.error = execute(orders);
        libc::_exit(127)
    }
}

/// Executes the first candidate that can be; returns why none could, and only then.
///
/// # Safety
/// The orders' lists end with a null pointer, and the texts with a zero byte.
unsafe fn execute(orders: &Orders) -> c_int {
    let mut reason = libc::ENOENT;
    let mut candidate = orders.candidates;
    // SAFETY: the caller's promise; the list is left at its null pointer.
    unsafe {
        while !(*candidate).is_null() {
            libc::execve(*candidate, orders.words, orders.environment);
            match Errno::last_raw() {
                libc::ENOENT | libc::ENOTDIR => {}
                // There may be one further on that can be executed.
                libc::EACCES => reason = libc::EACCES,
                error => return error,
            }
            candidate = candidate.add(1);
        }
    }
    reason
}
