//! Channels within one process, for tests.

use std::io;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::bytes::{ByteReceiver, ByteSender};

/// One direction of a channel.
pub(crate) fn direction() -> (MemorySender, MemoryReceiver) {
    let (sender, receiver) = unbounded();
    (MemorySender(sender), MemoryReceiver(receiver))
}

pub(crate) struct MemorySender(Sender<Vec<u8>>);

pub(crate) struct MemoryReceiver(Receiver<Vec<u8>>);

impl ByteSender for MemorySender {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let sent = self.0.send(bytes.to_vec());
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl ByteReceiver for MemoryReceiver {
    fn receive(&mut self, take: &mut dyn FnMut(&[u8])) -> io::Result<bool> {
        // `recv` fails only after the sender was dropped and all messages were received.
        let received = self.0.recv().map(|bytes| take(&bytes));
        Ok(received.is_ok())
    }
}
