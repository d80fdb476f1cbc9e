//! Channels over TCP. They are not encrypted yet, so the leader listens on loopback only.
//!
//! The worker connects and sends a handshake. The leader closes the connection of any other peer,
//! whose handshake is too long, too late, or of another run, worker, version or start.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use research_core::codec;
use research_process::{poll_timeout, wait_readable};
use serde::{Deserialize, Serialize};

use super::messages::PROTOCOL;

/// The largest handshake, in bytes.
const MAX_HANDSHAKE: usize = 1 << 10;

/// The time within which a peer must send its handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// The first message of a worker, by which the leader recognises it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Handshake {
    protocol: u32,
    program_version: String,
    /// The mark of the run.
    run: String,
    worker: u32,
    /// The number of the start of this worker, which distinguishes it from an earlier process.
    epoch: u64,
}

impl Handshake {
    /// The handshake of a worker of this program.
    pub(crate) fn new(run: &str, worker: u32, epoch: u64) -> Self {
        Self {
            protocol: PROTOCOL,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            run: run.to_owned(),
            worker,
            epoch,
        }
    }
}

/// The address to which a worker connects, and the handshake that it sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TcpAddress {
    address: SocketAddr,
    handshake: Handshake,
}

#[cfg(test)]
impl Handshake {
    /// Returns the handshake of a worker of another version of the program.
    pub(super) fn of_version(mut self, version: &str) -> Self {
        self.program_version = version.to_owned();
        self
    }
}

#[cfg(test)]
impl TcpAddress {
    /// Returns the same address with another handshake.
    pub(super) fn with(&self, handshake: Handshake) -> Self {
        let address = self.address;
        Self { address, handshake }
    }

    pub(super) fn socket_address(&self) -> SocketAddr {
        self.address
    }
}

impl TcpAddress {
    /// Connects to the leader.
    pub(crate) fn connect(&self) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect_timeout(&self.address, HANDSHAKE_TIMEOUT)?;
        stream.set_nodelay(true)?;
        let mut bytes = vec![0; 2];
        codec::encode_into(&self.handshake, &mut bytes).map_err(io::Error::other)?;
        let length = u16::try_from(bytes.len() - 2).map_err(io::Error::other)?;
        bytes[..2].copy_from_slice(&length.to_le_bytes());
        stream.write_all(&bytes)?;
        Ok(stream)
    }
}

/// The leader's listener for one worker.
#[derive(Debug)]
pub(crate) struct TcpServer {
    listener: TcpListener,
    expected: Handshake,
}

impl TcpServer {
    /// Listens on loopback for a worker.
    pub(crate) fn new(expected: Handshake) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, expected })
    }

    /// Returns the address and the handshake for the worker.
    pub(crate) fn address(&self) -> io::Result<TcpAddress> {
        Ok(TcpAddress {
            address: self.listener.local_addr()?,
            handshake: self.expected.clone(),
        })
    }

    /// Waits until the worker has connected; returns `None` if it ended first, which makes `end`
    /// readable.
    pub(crate) fn accept(&self, end: BorrowedFd<'_>) -> io::Result<Option<TcpStream>> {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    if let Ok(stream) = self.check(stream) {
                        return Ok(Some(stream));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let waited = [self.listener.as_fd(), end];
                    wait_readable(&waited, poll_timeout(None))?;
                    let listener = [self.listener.as_fd()];
                    if !wait_readable(&listener, poll_timeout(Some(Duration::ZERO)))? {
                        return Ok(None);
                    }
                }
                // The peer has closed the connection meanwhile.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads the handshake of a peer and compares it with the expected one.
    fn check(&self, mut stream: TcpStream) -> io::Result<TcpStream> {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        let deadline = Instant::now() + HANDSHAKE_TIMEOUT;
        let mut length = [0; 2];
        read_until(&mut stream, &mut length, deadline)?;
        let length = usize::from(u16::from_le_bytes(length));
        if length > MAX_HANDSHAKE {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut bytes = vec![0; length];
        read_until(&mut stream, &mut bytes, deadline)?;
        let handshake: Handshake = codec::decode(&bytes).map_err(io::Error::other)?;
        if handshake != self.expected {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        stream.set_read_timeout(None)?;
        Ok(stream)
    }
}

/// Fills a buffer before a deadline, however slowly the peer sends.
fn read_until(stream: &mut TcpStream, buffer: &mut [u8], deadline: Instant) -> io::Result<()> {
    let mut filled = 0;
    while filled < buffer.len() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut buffer[filled..]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
