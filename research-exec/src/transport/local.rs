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
        // ipc-channel does not say why it cannot create a folder. What was refused once may succeed
        // later.
        let made = make().or_else(|_| check_folder(&folder).and_then(|()| make()));
        let ((server, name), _) = made?;
        Ok(Self { server, name })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Accepts the connection of the worker with this pid, which must have connected already:
    /// otherwise this would wait without a limit.
    pub(crate) fn accept(self, worker: u32) -> io::Result<impl ByteReceiver + use<>> {
        let accept = || self.server.accept().map_err(io::Error::other);
        let ((first, reports), sockets) = close_on_exec(|| without_panic(accept))?;
        drop(first);
        // Other threads may have opened sockets, too. This one was created by the worker.
        let socket = sockets
            .into_iter()
            .find(|socket| is_made_by(*socket, worker));
        Ok(IpcReports { reports, socket })
    }
}

/// Opens a server in a folder that no other user can enter, so that the first connection is that of
/// the worker. The umask sets the mode of new folders, so a thread with its own umask opens it.
fn open_server() -> io::Result<(IpcOneShotServer<IpcBytesReceiver>, String)> {
    let open = || {
        // SAFETY: it takes a number, and concerns this thread alone.
        let is_own = unsafe { libc::unshare(libc::CLONE_FS) } == 0;
        let before = umask(Mode::S_IRWXG | Mode::S_IRWXO);
        let opened = without_panic(IpcOneShotServer::new);
        if !is_own {
            // Some containers refuse `unshare`: then the umask of the whole process was changed for
            // a moment.
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

/// ipc-channel creates its socket here as `.tmp123456/socket`. It cuts off a path that is too long
/// for a socket, and panics if it cannot create a folder.
fn check_folder(folder: &Path) -> io::Result<()> {
    const MOST: usize = 107 - "/.tmp123456/socket".len();
    let length = folder.as_os_str().len();
    if length > MOST {
        return Err(io::Error::other(format!(
            "the folder for temporary files, `{}`, has a path of {length} bytes, and sockets in it \
             cannot have one of more than {MOST}: set `TMPDIR` to a folder with a shorter one",
            folder.display()
        )));
    }
    let made = tempfile::tempdir_in(folder).and_then(tempfile::TempDir::close);
    made.map_err(|error| {
        let folder = folder.display();
        let text = format!(
            "the folder for temporary files, `{folder}`, cannot be used; set `TMPDIR` \
             to one that can: {error}"
        );
        io::Error::new(error.kind(), text)
    })
}

/// Connects a worker to its leader. Returns the sockets, too: a forked child has to close them.
pub(crate) fn connect(server: &str) -> io::Result<(impl ByteSender + use<>, Vec<RawFd>)> {
    let connect = || {
        let bootstrap = IpcSender::connect(server.to_owned())?;
        let (sender, receiver) = bytes_channel()?;
        bootstrap.send(receiver).map_err(io::Error::other)?;
        Ok(IpcReportSender(sender))
    };
    close_on_exec(|| without_panic(connect))
}

/// Calls ipc-channel, which panics in some places if the system refuses a descriptor or a folder.
fn without_panic<T>(call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    catch_quietly(call).unwrap_or_else(|panic| {
        Err(io::Error::other(format!(
            "ipc-channel has failed, probably because too many files are open (see `ulimit -n`): \
             {panic}"
        )))
    })
}

/// Lets ipc-channel find out the largest message while there are descriptors for that. If it fails
/// once, it fails for the rest of the process's life.
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

impl ByteSender for IpcReportSender {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        // Small messages: a sender that is killed in the middle of a large one blocks the channel.
        for piece in bytes.chunks(128 << 10) {
            self.0.send(piece)?;
        }
        Ok(())
    }
}

struct IpcReports {
    reports: IpcBytesReceiver,
    /// The socket under `reports`, to check messages before ipc-channel reads them.
    socket: Option<RawFd>,
}

impl ByteReceiver for IpcReports {
    fn receive(&mut self, take: &mut dyn FnMut(&[u8])) -> io::Result<bool> {
        loop {
            if let Some(socket) = self.socket {
                check_next(socket)?;
            }
            match self.reports.recv() {
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
}

/// Whether the worker has created the socket pair to which this socket belongs.
fn is_made_by(socket: RawFd, worker: u32) -> bool {
    // SAFETY: the descriptor is not kept; if another thread has closed it meanwhile, it is not
    // the one that is looked for.
    let socket = unsafe { BorrowedFd::borrow_raw(socket) };
    let peer = getsockopt(&socket, PeerCredentials);
    peer.is_ok_and(|peer| u32::try_from(peer.pid()) == Ok(worker))
}

/// Waits for the next message and checks it. Code in a worker may write into any of its
/// descriptors; ipc-channel would trust the length that arrives, and wait for more.
fn check_next(socket: RawFd) -> io::Result<()> {
    // ipc-channel sends two lengths first: of the packet, and of the message, which must be in this
    // packet.
    const WORD: usize = size_of::<usize>();
    let mut lengths = [0; 2 * WORD];
    let received = loop {
        match recv(
            socket,
            &mut lengths,
            MsgFlags::MSG_PEEK | MsgFlags::MSG_TRUNC,
        ) {
            Ok(received) => break received,
            Err(Errno::EINTR) => {}
            // ipc-channel reports the error.
            Err(_) => return Ok(()),
        }
    };
    let (packet, message) = lengths.split_at(WORD);
    let length = |bytes: &[u8]| bytes.try_into().map_or(0, usize::from_ne_bytes);
    let is_message = length(packet) == received && length(message) + 2 * WORD == received;
    if received == 0 || is_message {
        return Ok(());
    }
    Err(io::Error::other(
        "its reports are invalid: a unit may have written to a descriptor that it did not open",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_or_whose_path_is_too_long_for_sockets_is_refused() {
        assert!(check_folder(Path::new("/tmp")).is_ok());
        let none = check_folder(Path::new("/none")).unwrap_err();
        assert!(none.to_string().contains("TMPDIR"), "{none}");
        let long = check_folder(Path::new(&"/long".repeat(20))).unwrap_err();
        assert!(long.to_string().contains("TMPDIR"), "{long}");
    }
}
