//! Starts programs.
//!
//! [`Launch::start`] calls `clone` with `CLONE_VM | CLONE_VFORK`, as `posix_spawn` of the C library
//! does: no memory is copied, so a large process starts programs as fast as a small one.
//! `posix_spawn` itself cannot set a parent-death signal. `Command::pre_exec` uses `fork`, which
//! takes a tenth longer in a small process and eight times as long in one of 200 MB (measured by
//! the benchmark `programs` of research-exec).

mod child;

use std::ffi::{CString, OsString, c_char, c_int};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::ptr;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};
use nix::unistd::{AccessFlags, Pid, pipe2};

use crate::lineage::{Lineage, Origin};

use child::{ChildPlan, child};

/// The search path if `PATH` is not set.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The size in bytes of the stack for the few calls between `clone` and `execve`.
const STACK: usize = 64 << 10;

/// A program with its arguments and environment, ready to be started.
#[derive(Debug)]
pub struct Launch {
    words: Vec<CString>,
    environment: Vec<CString>,
    /// The paths to try, in order.
    candidates: Vec<CString>,
    /// The value of `PATH` with which the program is searched.
    search_path: OsString,
    /// The lineage of the program, if it differs from that of this process.
    lineage: Option<Lineage>,
    directory: Option<CString>,
    /// The standard input of the program; empty if `None`.
    input: Option<OwnedFd>,
    /// The limit on the private memory of each of its processes, in bytes.
    memory_limit: Option<u64>,
}

/// The program cannot be started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpawnError {
    /// An argument or a variable contains a zero byte.
    #[error("an argument or an environment variable contains a zero byte")]
    ZeroByte,
    /// The system does not start the program, for this reason.
    #[error("{0}")]
    Refused(String),
}

/// A program that was started. It leads a process group of its own.
#[derive(Debug)]
pub struct Started {
    /// The pid, which is also the number of the group.
    pub pid: Pid,
    /// A descriptor that becomes readable when the program ends.
    pub pidfd: OwnedFd,
    /// The reading end of its standard output.
    pub stdout: OwnedFd,
    /// The reading end of its standard error.
    pub stderr: OwnedFd,
}

impl Launch {
    /// Prepares a command: `words` are the program and its arguments, `environment` has entries of
    /// the form `NAME=value`. The program is searched in the `PATH` of this environment.
    ///
    /// # Errors
    /// [`SpawnError::ZeroByte`].
    pub fn new(words: Vec<OsString>, environment: Vec<Vec<u8>>) -> Result<Self, SpawnError> {
        let program = words
            .first()
            .map(|word| word.as_bytes())
            .unwrap_or_default();
        let text = |bytes: Vec<u8>| CString::new(bytes).map_err(|_| SpawnError::ZeroByte);
        let search_path = search_path(&environment);
        let candidates = candidates(program, &search_path)
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
            words,
            environment,
            candidates,
            search_path,
            lineage: None,
            directory: None,
            input: None,
            memory_limit: None,
        })
    }

    /// Sets the working directory. Relative paths of the program and in `PATH` are relative to it.
    ///
    /// # Errors
    /// [`SpawnError::ZeroByte`].
    pub fn directory(mut self, directory: PathBuf) -> Result<Self, SpawnError> {
        let directory = CString::new(directory.into_os_string().into_vec());
        self.directory = Some(directory.map_err(|_| SpawnError::ZeroByte)?);
        Ok(self)
    }

    /// Sets the standard input of the program, which is empty by default.
    #[must_use]
    pub fn input(mut self, input: OwnedFd) -> Self {
        self.input = Some(input);
        self
    }

    /// Limits the private memory of each process of the program, in bytes.
    #[must_use]
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit = Some(bytes);
        self
    }

    /// Gives the program, and all that it starts, the lineage of this mark.
    #[must_use]
    pub fn marked(mut self, mark: Option<&str>) -> Self {
        self.lineage = mark.map(|mark| Lineage::of_child(Origin::Program, mark));
        self
    }

    /// Checks that there is a file to execute, without starting it.
    ///
    /// # Errors
    /// [`SpawnError::Refused`].
    pub fn check(&self) -> Result<(), SpawnError> {
        let mut reason = Errno::ENOENT;
        let as_path = |text: &CString| PathBuf::from(OsString::from_vec(text.as_bytes().to_vec()));
        let directory = self.directory.as_ref().map(as_path).unwrap_or_default();
        for candidate in &self.candidates {
            let path = directory.join(as_path(candidate));
            match nix::unistd::access(&path, AccessFlags::X_OK) {
                // For a folder the permission means something else.
                Ok(()) if !path.is_dir() => return Ok(()),
                Ok(()) | Err(Errno::EACCES) => reason = Errno::EACCES,
                Err(_) => {}
            }
        }
        Err(self.refused(&reason.into()))
    }

    /// Starts the program, with pipes for its output.
    ///
    /// # Errors
    /// [`SpawnError::Refused`].
    pub fn start(&self) -> Result<Started, SpawnError> {
        let failed = |error: io::Error| self.refused(&error);
        let pipe = || pipe2(OFlag::O_CLOEXEC).map_err(|errno| failed(errno.into()));
        let (stdout, stdout_end) = pipe()?;
        let (stderr, stderr_end) = pipe()?;
        let stdin_end = match &self.input {
            Some(input) => input.try_clone(),
            // Add the path: a bare ENOENT would be reported as a missing program.
            None => File::open("/dev/null").map(OwnedFd::from).map_err(|error| {
                io::Error::new(error.kind(), format!("cannot open /dev/null: {error}"))
            }),
        };
        let stdin_end = stdin_end.map_err(failed)?;
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
        let mut plan = ChildPlan {
            candidates: candidates.as_ptr(),
            words: words.as_ptr(),
            environment: environment.as_ptr(),
            ends: [0, 1, 2].map(|end: usize| ends[end].as_raw_fd()),
            parent: Pid::this().as_raw(),
            lineage: self.lineage,
            directory: self.directory.as_ref().map_or(ptr::null(), |d| d.as_ptr()),
            memory_limit: self.memory_limit.unwrap_or(libc::RLIM_INFINITY),
            error: 0,
            lacks_directory: false,
        };
        let mut stack: Vec<MaybeUninit<u128>> = Vec::with_capacity(STACK / size_of::<u128>());
        let mut pidfd: c_int = -1;
        let mut mask = SigSet::empty();
        // The child shares the memory of this process, so no signal handler may run in it.
        pthread_sigmask(
            SigmaskHow::SIG_SETMASK,
            Some(&SigSet::all()),
            Some(&mut mask),
        )?;
        // SAFETY: `CLONE_VFORK` keeps this thread here until the child has executed the program or
        // ended, so everything that `plan` points to, and the stack, outlive the child's use of
        // them. The stack's end is aligned for any type, and `child` needs a fraction of it.
        // `child` calls nothing but async-signal-safe functions, with all signals blocked.
        let cloned = Errno::result(unsafe {
            libc::clone(
                child,
                stack.as_mut_ptr().add(stack.capacity()).cast(),
                libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD,
                (&raw mut plan).cast(),
                &raw mut pidfd,
            )
        });
        pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&mask), None)?;
        let pid = Pid::from_raw(cloned?);
        // SAFETY: the kernel has stored a new descriptor there, because of `CLONE_PIDFD`.
        let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
        // SAFETY: `plan` is alive. The read is volatile because the child has written the field,
        // which the compiler cannot see.
        match unsafe { ptr::read_volatile(&raw const plan.error) } {
            0 => Ok((pid, pidfd)),
            error => {
                // The child exits by itself; reap it.
                while nix::sys::wait::waitpid(pid, None) == Err(Errno::EINTR) {}
                let error = io::Error::from_raw_os_error(error);
                // SAFETY: as above.
                match unsafe { ptr::read_volatile(&raw const plan.lacks_directory) } {
                    true => Err(self.no_directory(&error)),
                    false => Err(error),
                }
            }
        }
    }

    fn no_directory(&self, error: &io::Error) -> io::Error {
        let directory = self.directory.as_ref().map(|path| path.to_string_lossy());
        let directory = directory.unwrap_or_default();
        io::Error::new(
            error.kind(),
            format!("cannot enter the working directory `{directory}`: {error}"),
        )
    }

    /// Returns the error for a program that the system did not start.
    fn refused(&self, error: &io::Error) -> SpawnError {
        let name = self.words[0].to_string_lossy();
        let reason = match error.raw_os_error() {
            _ if name.is_empty() => "its name is empty".to_owned(),
            Some(libc::ENOENT) if name.contains('/') => {
                "the file, or the interpreter that its first line names, does not exist".to_owned()
            }
            Some(libc::ENOENT) if Path::new(&*name).is_file() => format!(
                "PATH has no such program, but this folder has: write `./{name}`, or the \
                 interpreter before it, as in `python3 {name}`",
            ),
            Some(libc::ENOENT) => format!(
                "not found in PATH ({}); install it, or write its full path",
                self.search_path.to_string_lossy()
            ),
            Some(libc::EACCES) if Path::new(&*name).is_dir() => {
                "it is a directory; name a program in it".to_owned()
            }
            Some(libc::EACCES) => {
                "it is not executable; make it executable with `chmod +x`".to_owned()
            }
            Some(libc::ENOEXEC) => {
                "it is neither a program of this machine nor a script whose first line names its \
                 interpreter (`#!/bin/sh`)"
                    .to_owned()
            }
            Some(libc::E2BIG) => {
                "its arguments, or the config in RESEARCH_CONFIG, are longer than the system \
                 allows; pass large values as files"
                    .to_owned()
            }
            _ => error.to_string(),
        };
        SpawnError::Refused(reason)
    }
}

/// Returns the search path of this environment, or that of this process if it has none.
fn search_path(environment: &[Vec<u8>]) -> OsString {
    let mut variables = environment.iter().rev();
    let path = variables.find_map(|variable| variable.strip_prefix(b"PATH="));
    let path = path.map(|path| OsString::from_vec(path.to_vec()));
    path.or_else(|| std::env::var_os("PATH"))
        .unwrap_or_else(|| DEFAULT_PATH.into())
}

/// Returns the paths that a shell would try for the name of a program.
fn candidates(program: &[u8], path: &OsString) -> Vec<Vec<u8>> {
    if program.is_empty() || program.contains(&b'/') {
        return vec![program.to_vec()];
    }
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

/// Moves a file to a descriptor above those of the standard streams, which the child replaces.
fn above_standard(file: OwnedFd) -> io::Result<OwnedFd> {
    if file.as_raw_fd() > libc::STDERR_FILENO {
        return Ok(file);
    }
    // The standard library duplicates descriptors to numbers above 2.
    file.try_clone()
}
