//! Reports over ipc-channel, between processes of one machine.

use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;

use ipc_channel::IpcError;
use ipc_channel::ipc::{
    IpcBytesReceiver, IpcBytesSender, IpcOneShotServer, IpcSender, bytes_channel,
};
use nix::errno::Errno;
use nix::sys::socket::sockopt::PeerCredentials;
use nix::sys::socket::{MsgFlags, getsockopt, recv};
use nix::sys::stat::{Mode, umask};
use research_process::close_on_exec;

use super::bytes::{ByteReceiver, ByteSender};
use crate::executor::catch_quietly;

/// The server to which a worker connects.
pub(crate) struct ReportServer {
    server: IpcOneShotServer<IpcBytesReceiver>,
    name: String,
}

impl ReportServer {
    pub(crate) fn new() -> io::Result<Self> {
        prepare()?;
        let folder = std::env::temp_dir();
        check_folder(&folder)?;
        let make = || close_on_exec(open_server);
        // ipc-channel does not report why it cannot create a folder. If the folder turns out to be
        // usable, the failure may have been temporary, so try once more.
        let made = make().or_else(|_| check_folder(&folder).and_then(|()| make()));
        let ((server, name), _) = made?;
        Ok(Self { server, name })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Accepts the connection of the worker with this pid. The worker must have connected already:
    /// otherwise this call waits without a limit.
    pub(crate) fn accept(self, worker: u32) -> io::Result<impl ByteReceiver + use<>> {
        let accept = || self.server.accept().map_err(io::Error::other);
        let ((first, reports), sockets) = close_on_exec(|| without_panic(accept))?;
        drop(first);
        // Other threads may have opened sockets meanwhile: select the one that the worker created.
        let socket = sockets
            .into_iter()
            .find(|socket| is_made_by(*socket, worker));
        Ok(IpcReports {
            reports,
            socket,
            packet: vec![0; 2 * WORD + MAX_MESSAGE].into(),
        })
    }
}

/// Opens a server in a folder that no other user can enter, so that the first connection is the
/// worker's. ipc-channel creates the folder with a mode that only the umask restricts, so a thread
/// with an umask of its own opens it.
fn open_server() -> io::Result<(IpcOneShotServer<IpcBytesReceiver>, String)> {
    let open = || {
        // SAFETY: the call takes an integer, and affects only this thread.
        let is_own = unsafe { libc::unshare(libc::CLONE_FS) } == 0;
        let before = umask(Mode::S_IRWXG | Mode::S_IRWXO);
        let opened = without_panic(IpcOneShotServer::new);
        if !is_own {
            // Some containers refuse `unshare`. Then the change affected the whole process, and
            // must be undone.
            umask(before);
        }
        opened
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("socket".to_owned());
        let opened = thread.spawn_scoped(scope, open)?.join();
        opened.unwrap_or_else(|_| Err(io::Error::other("the thread that opens it has panicked")))
    })
}

/// Checks that ipc-channel can create its socket in `folder`, as `.tmp123456/socket`. ipc-channel
/// itself truncates a path that is too long for a socket, and panics if it cannot create a folder.
fn check_folder(folder: &Path) -> io::Result<()> {
    const MOST: usize = 107 - "/.tmp123456/socket".len();
    let length = folder.as_os_str().len();
    if length > MOST {
        return Err(io::Error::other(format!(
            "the path of the temporary folder, `{}`, has {length} bytes, but sockets in it allow \
             at most {MOST}: set `TMPDIR` to a folder with a shorter path",
            folder.display()
        )));
    }
    let made = tempfile::tempdir_in(folder).and_then(tempfile::TempDir::close);
    made.map_err(|error| {
        let folder = folder.display();
        let text = format!(
            "cannot use the temporary folder `{folder}`: {error}; set `TMPDIR` to a folder that \
             you can write to"
        );
        io::Error::new(error.kind(), text)
    })
}

/// Connects a worker to its leader. Also returns the sockets, which a forked child must close.
pub(crate) fn connect(server: &str) -> io::Result<(impl ByteSender + use<>, Vec<RawFd>)> {
    let connect = || {
        let bootstrap = IpcSender::connect(server.to_owned())?;
        let (sender, receiver) = bytes_channel()?;
        bootstrap.send(receiver).map_err(io::Error::other)?;
        Ok(IpcReportSender(sender))
    };
    close_on_exec(|| without_panic(connect))
}

/// Calls ipc-channel and converts a panic into an error: in some places it panics if the system
/// refuses a descriptor or a folder.
fn without_panic<T>(call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    catch_quietly(call).unwrap_or_else(|panic| {
        Err(io::Error::other(format!(
            "ipc-channel has failed, probably because too many files are open (see `ulimit -n`): \
             {panic}"
        )))
    })
}

/// Makes ipc-channel determine the size of its largest message while descriptors are available. If
/// this fails once, ipc-channel fails for the rest of the life of the process.
fn prepare() -> io::Result<()> {
    static PREPARED: Mutex<bool> = Mutex::new(false);
    let mut prepared = PREPARED.lock().unwrap_or_else(PoisonError::into_inner);
    if !*prepared {
        let (spare, _) = io::pipe()?;
        let spare = [spare.try_clone()?, spare.try_clone()?, spare];
        close_on_exec(|| {
            let (sender, _receiver) = bytes_channel()?;
            drop(spare);
            without_panic(|| sender.send(&[]))
        })?;
        *prepared = true;
    }
    Ok(())
}

struct IpcReportSender(IpcBytesSender);

/// The longest message, in bytes. It is small because a sender that is killed in the middle of a
/// large message blocks the channel.
const MAX_MESSAGE: usize = 128 << 10;

impl ByteSender for IpcReportSender {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        for piece in bytes.chunks(MAX_MESSAGE) {
            self.0.send(piece)?;
        }
        Ok(())
    }
}

struct IpcReports {
    reports: IpcBytesReceiver,
    /// The socket of `reports`, if it is known.
    socket: Option<RawFd>,
    /// The last received packet.
    packet: Box<[u8]>,
}

impl ByteReceiver for IpcReports {
    fn receive(&mut self, take: &mut dyn FnMut(&[u8])) -> io::Result<bool> {
        let Some(socket) = self.socket else {
            return receive_unchecked(&self.reports, take);
        };
        match receive_packet(socket, &mut self.packet) {
            Ok(0) | Err(Errno::ECONNRESET) => Ok(false),
            Ok(length) => {
                take(message(&self.packet, length)?);
                Ok(true)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Receives a message through ipc-channel, which does not check the lengths in a packet.
fn receive_unchecked(reports: &IpcBytesReceiver, take: &mut dyn FnMut(&[u8])) -> io::Result<bool> {
    loop {
        match reports.recv() {
            Ok(bytes) => {
                take(&bytes);
                return Ok(true);
            }
            Err(IpcError::Disconnected) => return Ok(false),
            Err(IpcError::Io(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(io::Error::other(error)),
        }
    }
}

/// Returns whether the worker created the socket pair to which this socket belongs.
fn is_made_by(socket: RawFd, worker: u32) -> bool {
    // SAFETY: the descriptor is not kept. If another thread has closed it meanwhile, it is not the
    // worker's, and the call fails or returns another pid.
    let socket = unsafe { BorrowedFd::borrow_raw(socket) };
    let peer = getsockopt(&socket, PeerCredentials);
    peer.is_ok_and(|peer| u32::try_from(peer.pid()) == Ok(worker))
}

/// The size of each of the two numbers at the start of an ipc-channel packet: the lengths of the
/// packet and of the message.
const WORD: usize = size_of::<usize>();

/// Receives a packet, and returns its length, which may exceed that of the buffer. The system
/// discards descriptors that are sent with it.
fn receive_packet(socket: RawFd, packet: &mut [u8]) -> nix::Result<usize> {
    loop {
        match recv(socket, packet, MsgFlags::MSG_TRUNC) {
            Err(Errno::EINTR) => {}
            received => return received,
        }
    }
}

/// Returns the message in a packet, after checking its lengths: code in a worker may write to any
/// of its descriptors. ipc-channel does not check, and would wait for bytes that never come.
fn message(packet: &[u8], received: usize) -> io::Result<&[u8]> {
    let length = |bytes: &[u8; WORD]| usize::from_ne_bytes(*bytes);
    let whole = packet.get(..received).unwrap_or_default();
    if let Some((packet_length, rest)) = whole.split_first_chunk()
        && let Some((message_length, message)) = rest.split_first_chunk()
        && length(packet_length) == received
        && length(message_length) == message.len()
    {
        return Ok(message);
    }
    Err(io::Error::other(
        "its reports are invalid: a unit may have written to a descriptor that it did not open",
    ))
}

#[cfg(test)]
#[path = "../../tests/unit/local.rs"]
mod tests;
