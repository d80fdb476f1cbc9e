//! The bootstrap of a worker: a sealed file in memory, from which a started program learns that it
//! is a worker. The environment is not used, because programs change it.

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

/// The message that a leader, or the worker of an executor, passes to the program that it starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerBootstrap {
    /// The process that started the worker. A program that is started before the worker reaches its
    /// `run` may inherit the file; from this pid it sees that the file is not meant for it.
    parent: u32,
    role: Role,
    /// The descriptor of the socket for commands.
    commands: RawFd,
    /// The `run` call of the program that the worker serves.
    pub target: Target,
}

/// Identifies the `run` call of a program to which a worker belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The name of the research.
    pub name: String,
    /// A fingerprint of the domain, the units and the options of the run.
    pub fingerprint: u64,
    /// A fingerprint of the name and the units only, for a program that does not know the rest of
    /// its run yet.
    pub units: u64,
    /// The number of earlier runs of the program with the same fingerprint.
    pub earlier: u32,
    /// The folder with the records of earlier runs of the program, if any: a worker that reaches
    /// one of these runs needs its results, and must not run it again.
    pub earlier_runs: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    /// Connect to the leader and serve it.
    Worker { address: LeaderAddress },
    /// Run one task for the worker that is the parent.
    Executor {
        /// The descriptors that receive its output.
        printed_to: EndNumbers,
    },
}

impl WorkerBootstrap {
    /// Creates a bootstrap for a child of this process that inherits the descriptor `commands`.
    pub(crate) fn new(role: Role, commands: RawFd, target: Target) -> Self {
        Self {
            parent: std::process::id(),
            role,
            commands,
            target,
        }
    }

    /// Returns the bootstrap with which this process was started, if any.
    #[must_use]
    pub fn received() -> Option<&'static Self> {
        static RECEIVED: OnceLock<Option<WorkerBootstrap>> = OnceLock::new();
        RECEIVED.get_or_init(find).as_ref()
    }

    pub(crate) fn role(&self) -> &Role {
        &self.role
    }

    /// Takes the socket for commands. A second call fails.
    pub(crate) fn take_commands(&self) -> io::Result<OwnedFd> {
        static TAKEN: AtomicBool = AtomicBool::new(false);
        if !is_socket(self.commands) || TAKEN.swap(true, Ordering::SeqCst) {
            return Err(io::Error::other(
                "the socket for its commands was closed: a program must not close descriptors that \
                 it did not open",
            ));
        }
        // SAFETY: this process inherited the socket, and this call, which succeeds only once, is
        // the only one that takes it.
        Ok(unsafe { OwnedFd::from_raw_fd(self.commands) })
    }

    /// Passes the bootstrap and the lineage to the program that a command starts. The returned file
    /// must stay open until the program has started.
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
        // SAFETY: the closure makes plain system calls (fcntl, getrlimit, setrlimit) and does not
        // allocate.
        unsafe { command.pre_exec(prepare) };
        Ok(file.into())
    }

    fn read(path: PathBuf) -> Option<Self> {
        let mut text = Vec::new();
        File::open(path).ok()?.read_to_end(&mut text).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

/// Looks for the bootstrap among the open descriptors, and keeps children of this process from
/// inheriting it.
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
