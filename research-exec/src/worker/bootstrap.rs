//! The bootstrap of a worker: a started program learns from a sealed file in memory that it is a
//! worker. The environment is not used, because programs change it.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use research_process::{Lineage, is_socket};
use serde::{Deserialize, Serialize};

use crate::capture::EndNumbers;
use crate::transport::endpoint::LeaderAddress;

/// The name of the file, which `/proc/self/fd` shows.
const NAME: &str = "research-worker";

/// What the leader, or the worker of an executor, tells the program that it starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerBootstrap {
    /// The process that has started it. Programs that were started before the worker came to its
    /// `run` may inherit the file, and see by this that it is not for them.
    parent: u32,
    role: Role,
    /// The descriptor of the socket for commands.
    commands: RawFd,
    /// The `run` of the program that is meant.
    pub target: Target,
}

/// Identifies the `run` of a program to which a worker belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The name of the research.
    pub name: String,
    /// A fingerprint of the domain, the units and the options of the run.
    pub fingerprint: u64,
    /// A fingerprint of its name and units alone, for a program that does not know more of its run
    /// yet.
    pub units: u64,
    /// The number of earlier runs of the program with the same fingerprint.
    pub earlier: u32,
    /// The file about earlier runs of the program, if there were any: a worker that comes past them
    /// needs their results, and must not run them again.
    pub earlier_runs: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    /// Connect to the leader and serve it.
    Worker { address: LeaderAddress },
    /// Run one task for the worker that is the parent.
    Executor {
        /// Where its output goes.
        printed_to: EndNumbers,
    },
}

impl WorkerBootstrap {
    /// A bootstrap by this process, for a child that inherits the descriptor `commands`.
    pub(crate) fn new(role: Role, commands: RawFd, target: Target) -> Self {
        Self {
            parent: std::process::id(),
            role,
            commands,
            target,
        }
    }

    /// The bootstrap with which this process was started, if any.
    #[must_use]
    pub fn received() -> Option<&'static Self> {
        static RECEIVED: OnceLock<Option<WorkerBootstrap>> = OnceLock::new();
        RECEIVED.get_or_init(find).as_ref()
    }

    pub(crate) fn role(&self) -> &Role {
        &self.role
    }

    /// Takes the socket for commands; possible once.
    pub(crate) fn take_commands(&self) -> io::Result<OwnedFd> {
        static TAKEN: AtomicBool = AtomicBool::new(false);
        if !is_socket(self.commands) || TAKEN.swap(true, Ordering::SeqCst) {
            return Err(io::Error::other(
                "the socket for its commands was closed: a program must not close descriptors that \
                 it did not open",
            ));
        }
        // SAFETY: this process was started with it, and nothing else in it owns it: it is taken
        // once.
        Ok(unsafe { OwnedFd::from_raw_fd(self.commands) })
    }

    /// Passes it to the program that a command starts, together with the lineage. The returned file
    /// must live until the program was started.
    pub(crate) fn hand_to(
        &self,
        command: &mut Command,
        lineage: Option<Lineage>,
    ) -> io::Result<OwnedFd> {
        let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
        let mut file = File::from(memfd_create(NAME, flags)?);
        file.write_all(&serde_json::to_vec(self)?)?;
        fcntl(&file, FcntlArg::F_ADD_SEALS(SealFlag::all()))?;
        let inherited = [file.as_raw_fd(), self.commands];
        let printed_to = match self.role {
            Role::Executor { printed_to } => printed_to,
            Role::Worker { .. } => EndNumbers::default(),
        };
        let prepare = move || {
            for descriptor in inherited {
                set_flags(descriptor, FdFlag::empty())?;
            }
            printed_to.inherit()?;
            lineage.map_or(Ok(()), Lineage::apply)
        };
        // SAFETY: it makes plain system calls (fcntl, getrlimit, setrlimit) and allocates nothing.
        unsafe { command.pre_exec(prepare) };
        Ok(file.into())
    }

    fn read(path: PathBuf) -> Option<Self> {
        let mut text = Vec::new();
        File::open(path).ok()?.read_to_end(&mut text).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

/// Looks for the bootstrap among the descriptors. Children of this process will not inherit it.
fn find() -> Option<WorkerBootstrap> {
    let parent = u32::try_from(nix::unistd::getppid().as_raw()).ok()?;
    let file = format!("/memfd:{NAME}");
    for entry in fs::read_dir("/proc/self/fd").ok()?.flatten() {
        let path = entry.path();
        let is_bootstrap =
            fs::read_link(&path).is_ok_and(|target| target.to_string_lossy().starts_with(&file));
        if is_bootstrap
            && let Some(bootstrap) = WorkerBootstrap::read(path)
            && bootstrap.parent == parent
        {
            let number = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok());
            for descriptor in number.into_iter().chain([bootstrap.commands]) {
                // A closed descriptor needs no flag.
                let _ = set_flags(descriptor, FdFlag::FD_CLOEXEC);
            }
            return Some(bootstrap);
        }
    }
    None
}

/// Sets the flags of a descriptor; async-signal-safe.
fn set_flags(descriptor: RawFd, flags: FdFlag) -> io::Result<()> {
    // SAFETY: fcntl takes three integers.
    Errno::result(unsafe { libc::fcntl(descriptor, libc::F_SETFD, flags.bits()) })?;
    Ok(())
}
