//! Opening the channel between the leader and a worker, over the transport of the run.

use std::io::{self, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::poll::PollTimeout;
use nix::sys::socket::{MsgFlags, recv};
use research_process::wait_readable;
use serde::{Deserialize, Serialize};

use super::bytes::{ByteSender, StreamReceiver};
use super::commands::{CommandReceiver, CommandSender};
use super::local::{self, ReportServer};
use super::reports::ReportReceiver;
use super::tcp::{Handshake, TcpAddress, TcpServer};

/// The environment variable that selects the transport: `tcp`, or the local one by default.
const TRANSPORT: &str = "RESEARCH_TRANSPORT";

/// The leader gives up a worker that does not read a command for this long.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// The address at which a worker connects to its leader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LeaderAddress {
    /// Commands come over an inherited socket, and reports go to the ipc-channel server of this
    /// name.
    Local(String),
    /// Commands and reports go over one TCP connection.
    Tcp(TcpAddress),
}

/// The leader's end of a channel before the worker has connected.
pub(crate) enum Endpoint {
    Local(ReportServer, UnixStream),
    Tcp(TcpServer),
}

/// The leader's end of the channel to a worker.
pub(crate) struct LeaderChannel {
    pub(crate) commands: CommandSender,
    pub(crate) reports: ReportReceiver,
}

/// The worker's end of the channel to its leader. Reports are sent as bytes of frames, which the
/// worker forwards from its executors without decoding them.
pub(crate) struct WorkerChannel {
    pub(crate) commands: CommandReceiver,
    pub(crate) reports: Box<dyn ByteSender>,
    /// The descriptors of the channel, which a forked child closes.
    pub(crate) descriptors: Vec<RawFd>,
}

impl Endpoint {
    /// Opens the channel for the worker with this number and mark. The returned socket is the one
    /// that the worker inherits.
    pub(crate) fn open(worker: u32, mark: &str) -> io::Result<(Self, UnixStream)> {
        let (ours, theirs) = UnixStream::pair()?;
        if std::env::var_os(TRANSPORT).is_some_and(|transport| transport == "tcp") {
            let (run, start) = mark.rsplit_once('-').unwrap_or((mark, ""));
            let handshake = Handshake::new(run, worker, start.parse().unwrap_or_default());
            return Ok((Self::Tcp(TcpServer::new(handshake)?), theirs));
        }
        ours.set_write_timeout(Some(SEND_TIMEOUT))?;
        Ok((Self::Local(ReportServer::new()?, ours), theirs))
    }

    /// The address for the worker.
    pub(crate) fn address(&self) -> io::Result<LeaderAddress> {
        Ok(match self {
            Self::Local(server, _) => LeaderAddress::Local(server.name().to_owned()),
            Self::Tcp(server) => LeaderAddress::Tcp(server.address()?),
        })
    }

    /// Waits until the worker has connected; returns `None` if it ended first, which makes `end`
    /// readable. There is no time limit: a program may run for any time before it reaches its
    /// `run`.
    pub(crate) fn accept(self, end: BorrowedFd<'_>) -> io::Result<Option<LeaderChannel>> {
        match self {
            Self::Local(server, socket) => {
                wait_readable(&[socket.as_fd(), end], PollTimeout::NONE)?;
                let mut pid = [0; size_of::<u32>()];
                let received = recv(socket.as_raw_fd(), &mut pid, MsgFlags::MSG_DONTWAIT);
                if received != Ok(pid.len()) {
                    return Ok(None);
                }
                let reports = server.accept(u32::from_ne_bytes(pid))?;
                let reports = ReportReceiver::new(reports);
                let commands = CommandSender::new(socket);
                Ok(Some(LeaderChannel { commands, reports }))
            }
            Self::Tcp(server) => {
                let Some(stream) = server.accept(end)? else {
                    return Ok(None);
                };
                stream.set_write_timeout(Some(SEND_TIMEOUT))?;
                let reports = ReportReceiver::new(StreamReceiver::new(stream.try_clone()?));
                let commands = CommandSender::new(stream);
                Ok(Some(LeaderChannel { commands, reports }))
            }
        }
    }
}

impl LeaderAddress {
    /// Connects a worker to its leader, with the socket that it has inherited.
    pub(crate) fn connect(&self, inherited: OwnedFd) -> io::Result<WorkerChannel> {
        match self {
            Self::Local(server) => {
                let mut socket = UnixStream::from(inherited);
                let (reports, mut descriptors) = local::connect(server)?;
                descriptors.push(socket.as_raw_fd());
                // With the pid, the leader can accept without waiting, and knows which connection
                // is the worker's.
                socket.write_all(&std::process::id().to_ne_bytes())?;
                Ok(WorkerChannel {
                    commands: CommandReceiver::new(StreamReceiver::new(socket)),
                    reports: Box::new(reports),
                    descriptors,
                })
            }
            Self::Tcp(address) => {
                let reports: TcpStream = address.connect()?;
                let commands = reports.try_clone()?;
                let descriptors = vec![reports.as_raw_fd(), commands.as_raw_fd()];
                Ok(WorkerChannel {
                    commands: CommandReceiver::new(StreamReceiver::new(commands)),
                    reports: Box::new(reports),
                    descriptors,
                })
            }
        }
    }
}
