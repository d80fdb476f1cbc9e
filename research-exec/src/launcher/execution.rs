//! Starts workers that execute this program again.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::Stdio;

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use research_process::{Lineage, MARK, Origin};

use super::handle::WorkerStart;
use crate::relaunch::this_program;
use crate::worker::{Role, WorkerBootstrap, tie_to_parent};

pub(super) fn start_worker(start: &WorkerStart, commands: OwnedFd) -> io::Result<Pid> {
    let role = Role::Worker {
        address: start.address.clone(),
    };
    let bootstrap = WorkerBootstrap::new(role, commands.as_raw_fd(), start.target.clone());
    let mut command = this_program()?;
    let variables = start.variables.iter().map(|(name, value)| (name, value));
    command
        .env(MARK, &start.mark)
        .envs(variables)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    tie_to_parent(&mut command, Signal::SIGTERM);
    let lineage = Lineage::of_child(Origin::Worker, &start.mark);
    let _file = bootstrap.hand_to(&mut command, Some(lineage))?;
    let child = command.spawn()?;
    Ok(Pid::from_raw(
        i32::try_from(child.id()).map_err(io::Error::other)?,
    ))
}
