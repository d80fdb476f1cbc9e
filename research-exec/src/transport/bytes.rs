//! The two directions of a channel as streams of bytes, which each transport implements.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

/// Sends bytes in order.
pub(crate) trait ByteSender: Send {
    /// Sends bytes.
    ///
    /// # Errors
    /// The other side has closed the connection.
    fn send(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// Receives bytes in the order in which they were sent, in pieces of any size.
pub(crate) trait ByteReceiver: Send {
    /// Waits for bytes and calls `take` with them; returns false once the other side has closed
    /// the connection and all its bytes were received.
    ///
    /// # Errors
    /// The connection is broken.
    fn receive(&mut self, take: &mut dyn FnMut(&[u8])) -> io::Result<bool>;
}

impl ByteSender for UnixStream {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }
}

impl ByteSender for TcpStream {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }
}

/// Receives bytes from a socket or a pipe.
pub(crate) struct StreamReceiver<S> {
    stream: S,
    chunk: Box<[u8]>,
}

impl<S: Read> StreamReceiver<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            chunk: vec![0; 64 << 10].into(),
        }
    }
}

impl<S: Read + Send> ByteReceiver for StreamReceiver<S> {
    fn receive(&mut self, take: &mut dyn FnMut(&[u8])) -> io::Result<bool> {
        loop {
            match self.stream.read(&mut self.chunk) {
                Ok(0) => return Ok(false),
                Ok(length) => {
                    take(&self.chunk[..length]);
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }
}
