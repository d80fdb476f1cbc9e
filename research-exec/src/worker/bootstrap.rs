//! How a started program learns that it is to be a worker: from a sealed file in memory that it
//! inherits. The environment has no part in it, for programs change that.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::stat::{SFlag, fstat};
use research_process::Lineage;
use serde::{Deserialize, Serialize};

use crate::capture::EndNumbers;
use crate::transport::endpoint::LeaderAddress;

/// What the file is called: what `/proc/self/fd` says of it.
const NAME: &str = "research-worker";

/// What the leader (or, for an executor, the worker) tells the program that it starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerBootstrap {
    /// The process that invites. Programs that were started before a worker came to its `run` may
    /// inherit the file, and see by this that it is not meant for them.
    parent: u32,
    role: Role,
    /// The number of the descriptor on which commands come.
    commands: RawFd,
    /// Which `run` of the program is meant.
    pub target: Target,
}

/// Which `run` of a program a worker belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The name of the research.
    pub name: String,
    /// A fingerprint of the domain, the units and the options of the run.
    pub fingerprint: u64,
    /// A fingerprint of its name and units alone, for a program that does not know more of its run
    /// yet.
    pub units: u64,
    /// How many runs with the same fingerprint the program had done or tried before.
    pub earlier: u32,
    /// Where the runs that the program did or tried before are noted, if there were any: a worker
    /// that comes past them needs their results, and must not run them again.
    pub earlier_runs: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    /// Connect to the leader and serve it.
    Worker { address: LeaderAddress },
    /// Run one task for the worker that is the parent.
    Executor {
        /// Where it is to print then.
        printed_to: EndNumbers,
    },
}

impl WorkerBootstrap {
    /// One by this process, for a child which gets its commands from a descriptor of this number.
    pub(crate) fn new(role: Role, commands: RawFd, target: Target) -> Self {
        Self {
            parent: std::process::id(),
            role,
            commands,
            target,
        }
    }

    /// The bootstrap that this process was started with, if it was.
    #[must_use]
    pub fn received() -> Option<&'static Self> {
        static RECEIVED: OnceLock<Option<WorkerBootstrap>> = OnceLock::new();
        RECEIVED.get_or_init(find).as_ref()
    }

    pub(crate) fn role(&self) -> &Role {
        &self.role
    }

    /// The socket on which commands come; it can be taken once.
    pub(crate) fn take_commands(&self) -> io::Result<OwnedFd> {
        static TAKEN: AtomicBool = AtomicBool::new(false);
        // SAFETY: the descriptor is looked at and not kept.
        let found = fstat(unsafe { BorrowedFd::borrow_raw(self.commands) })?;
        let is_socket = SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT == SFlag::S_IFSOCK;
        if !is_socket || TAKEN.swap(true, Ordering::SeqCst) {
            return Err(io::Error::other(
                "the socket for its commands is gone: a program must not close descriptors that it did not open",
            ));
        }
        // SAFETY: this process was started with it, and nobody else in it owns it: it is taken
        // once.
        Ok(unsafe { OwnedFd::from_raw_fd(self.commands) })
    }

    /// Lets the program that a command starts find it; the file is to live until it was started.
    /// It, and all that it starts, will have this lineage.
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

/// Looks for the bootstrap of this process among its descriptors. What it starts will inherit
/// nothing of it.
fn find() -> Option<WorkerBootstrap> {
    let parent = u32::try_from(nix::unistd::getppid().as_raw()).ok()?;
    let file = format!("/memfd:{NAME}");
    for entry in fs::read_dir("/proc/self/fd").ok()?.flatten() {
        let path = entry.path();
        let is_invitation =
            fs::read_link(&path).is_ok_and(|target| target.to_string_lossy().starts_with(&file));
        if is_invitation
            && let Some(bootstrap) = WorkerBootstrap::read(path)
            && bootstrap.parent == parent
        {
            let number = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok());
            for descriptor in number.into_iter().chain([bootstrap.commands]) {
                // What is closed already needs no flag.
                let _ = set_flags(descriptor, FdFlag::FD_CLOEXEC);
            }
            return Some(bootstrap);
        }
    }
    None
}

/// It is async-signal-safe.
fn set_flags(descriptor: RawFd, flags: FdFlag) -> io::Result<()> {
    // SAFETY: fcntl takes three integers.
    Errno::result(unsafe { libc::fcntl(descriptor, libc::F_SETFD, flags.bits()) })?;
    Ok(())
}
