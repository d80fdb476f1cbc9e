//! A control socket: a process answers one-line requests of the same user on the same machine.
//!
//! The socket has an abstract name, which the kernel frees when the process ends, however it ends.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::socket::sockopt::PeerCredentials;
use nix::sys::socket::{UnixCredentials, getsockopt};

/// The largest request or answer, in bytes.
const MAX_LINE: u64 = 1 << 12;

/// The timeout for a peer to send a request, and for it to read the answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A listening control socket. Dropping it ends its thread.
#[derive(Debug)]
pub struct ControlSocket {
    listener: UnixListener,
    thread: Option<JoinHandle<()>>,
}

impl ControlSocket {
    /// Listens under an abstract name, and calls `answer` with each request.
    ///
    /// # Errors
    /// Another process has the name, or the system refuses the socket or the thread.
    pub fn listen(
        name: &str,
        answer: impl Fn(&str) -> String + Send + 'static,
    ) -> io::Result<Self> {
        let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(name)?)?;
        let accepting = listener.try_clone()?;
        let thread = thread::Builder::new().name("control".to_owned());
        let thread = thread.spawn(move || {
            // Accepting fails after the socket was shut down.
            while let Ok((stream, _)) = accepting.accept() {
                // Ignore errors: a peer that sends nothing, or does not read the answer, gets no
                // answer.
                let _ = serve(stream, &answer);
            }
        })?;
        Ok(Self {
            listener,
            thread: Some(thread),
        })
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // SAFETY: it takes an open descriptor and an integer.
        unsafe { libc::shutdown(self.listener.as_raw_fd(), libc::SHUT_RDWR) };
        if let Some(thread) = self.thread.take() {
            // A panic of the handler affects only its request.
            let _ = thread.join();
        }
    }
}

fn serve(stream: UnixStream, answer: &impl Fn(&str) -> String) -> io::Result<()> {
    let peer = credentials(&stream)?.uid();
    // SAFETY: it takes no arguments and cannot fail.
    let own = unsafe { libc::geteuid() };
    if peer != own && peer != 0 {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let request = read_line(&stream)?;
    (&stream).write_all(format!("{}\n", answer(&request)).as_bytes())
}

fn credentials(stream: &UnixStream) -> io::Result<UnixCredentials> {
    Ok(getsockopt(stream, PeerCredentials)?)
}

fn read_line(stream: &UnixStream) -> io::Result<String> {
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let mut line = String::new();
    BufReader::new(stream.take(MAX_LINE)).read_line(&mut line)?;
    match line.strip_suffix('\n') {
        Some(line) => Ok(line.to_owned()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Sends a request to the control socket of the process `pid`, and returns the answer.
///
/// # Errors
/// The process does not listen under this name, or does not answer.
pub fn send_request(name: &str, pid: u32, request: &str) -> io::Result<String> {
    let stream = UnixStream::connect_addr(&SocketAddr::from_abstract_name(name)?)?;
    if u32::try_from(credentials(&stream)?.pid()) != Ok(pid) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let request = format!("{}\n", request.replace('\n', " "));
    (&stream).write_all(request.as_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    read_line(&stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(test: &str) -> String {
        format!("research-test-{test}-{}", std::process::id())
    }

    #[test]
    fn requests_are_answered_until_the_socket_is_dropped() {
        let name = name("answers");
        let socket = ControlSocket::listen(&name, |line| format!("<{line}>")).unwrap();
        let pid = std::process::id();
        assert_eq!(send_request(&name, pid, "a b").unwrap(), "<a b>");
        assert_eq!(
            send_request(&name, pid, "two\nlines").unwrap(),
            "<two lines>"
        );
        assert!(send_request(&name, pid + 1, "x").is_err());
        assert!(ControlSocket::listen(&name, |_| String::new()).is_err());
        drop(socket);
        assert!(send_request(&name, pid, "x").is_err());
    }

    #[test]
    fn a_peer_that_sends_too_much_has_no_answer_and_others_have_one() {
        let name = name("bounds");
        let _socket = ControlSocket::listen(&name, str::to_owned).unwrap();
        let pid = std::process::id();
        let long = "x".repeat(2 * usize::try_from(MAX_LINE).unwrap());
        assert!(send_request(&name, pid, &long).is_err());
        assert_eq!(send_request(&name, pid, "short").unwrap(), "short");
    }
}
