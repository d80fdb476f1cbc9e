//! A worker that was forked from the process of the run.

use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getppid, setpgid};
use research_core::Experiment;
use research_process::{Lineage, MARK, Origin, redirect_stdin_to_null};

use super::handle::WorkerStart;
use crate::in_unit;
use crate::worker::{Role, WORKER_FAILED, WorkerBootstrap, serve};

/// A forked worker. It has inherited the state that the leader had when its run began.
#[derive(Debug)]
pub struct ForkedWorker {
    bootstrap: WorkerBootstrap,
}

impl ForkedWorker {
    pub(super) fn new(start: &WorkerStart, commands: &OwnedFd, leader: Pid) -> io::Result<Self> {
        setpgid(Pid::from_raw(0), Pid::from_raw(0))?;
        prctl::set_pdeathsig(Signal::SIGTERM)?;
        // The leader may have died before the parent-death signal was set.
        if getppid() != leader {
            return Err(Errno::ESRCH.into());
        }
        redirect_stdin_to_null()?;
        Lineage::of_child(Origin::Worker, &start.mark).apply()?;
        let own = [(MARK.to_owned(), start.mark.clone())];
        for (name, value) in own.iter().chain(&start.variables) {
            // SAFETY: this process has only one thread.
            unsafe { std::env::set_var(name, value) };
        }
        let role = Role::Worker {
            address: start.address.clone(),
        };
        Ok(Self {
            bootstrap: WorkerBootstrap::new(role, commands.as_raw_fd(), start.target.clone()),
        })
    }

    /// Serves the leader, and ends this process: the rest of the program runs in the leader only.
    pub fn serve(self, experiment: Experiment) -> ! {
        in_unit::set_process();
        let serve = AssertUnwindSafe(|| serve(&self.bootstrap, |_| Ok(experiment)));
        let code = match catch_unwind(serve) {
            Ok(Ok(())) => 0,
            Ok(Err(error)) => fail(&error),
            // The panic was already printed.
            Err(_) => 101,
        };
        let _ = io::stdout().flush();
        end(code)
    }
}

pub(super) fn fail(error: &dyn std::error::Error) -> ! {
    let _ = writeln!(io::stderr(), "research: {error}");
    end(WORKER_FAILED)
}

pub(super) fn end(code: i32) -> ! {
    // SAFETY: _exit ends the process without running exit handlers and destructors, which belong to
    // the leader.
    unsafe { libc::_exit(code) }
}
