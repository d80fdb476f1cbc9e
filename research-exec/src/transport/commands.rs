//! Commands of the leader to a worker, and of a worker to an executed executor.

use std::io;

use research_core::codec;
use serde::Serialize;

use super::bytes::{ByteReceiver, ByteSender};
use super::frame::{FrameDecoder, FrameKind, push_frame};
use super::messages::{Init, Task, TaskNumber};

/// A command of the leader.
#[derive(Debug)]
pub(crate) enum Command {
    Init(Box<Init>),
    Run(TaskNumber, Task),
    Quit,
}

/// Sends commands.
pub(crate) struct CommandSender {
    bytes: Box<dyn ByteSender>,
    buffer: Vec<u8>,
}

impl CommandSender {
    pub(crate) fn new(bytes: impl ByteSender + 'static) -> Self {
        Self {
            bytes: Box::new(bytes),
            buffer: Vec::new(),
        }
    }

    pub(crate) fn init(&mut self, init: &Init) -> io::Result<()> {
        self.send(FrameKind::Init, 0, init)
    }

    pub(crate) fn run(&mut self, number: TaskNumber, task: &Task) -> io::Result<()> {
        self.send(FrameKind::Run, number.0, task)
    }

    pub(crate) fn quit(&mut self) -> io::Result<()> {
        self.send(FrameKind::Quit, 0, &())
    }

    fn send<T: Serialize>(&mut self, kind: FrameKind, task: u64, message: &T) -> io::Result<()> {
        self.buffer.clear();
        push_frame(&mut self.buffer, kind, task, message).map_err(io::Error::other)?;
        self.bytes.send(&self.buffer)
    }
}

/// Receives commands.
pub(crate) struct CommandReceiver {
    bytes: Box<dyn ByteReceiver>,
    decoder: FrameDecoder,
}

impl CommandReceiver {
    pub(crate) fn new(bytes: impl ByteReceiver + 'static) -> Self {
        Self {
            bytes: Box::new(bytes),
            decoder: FrameDecoder::default(),
        }
    }

    /// Waits for the next command; returns `None` if the leader has closed the channel.
    pub(crate) fn recv(&mut self) -> io::Result<Option<Command>> {
        loop {
            if let Some(frame) = self.decoder.next_frame().map_err(io::Error::other)? {
                return decode(frame.kind, frame.task, frame.payload).map(Some);
            }
            let decoder = &mut self.decoder;
            if !self.bytes.receive(&mut |bytes| decoder.feed(bytes))? {
                return Ok(None);
            }
        }
    }
}

fn decode(kind: FrameKind, task: u64, payload: &[u8]) -> io::Result<Command> {
    match kind {
        FrameKind::Init => codec::decode(payload)
            .map(|init| Command::Init(Box::new(init)))
            .map_err(io::Error::other),
        FrameKind::Run => codec::decode(payload)
            .map(|experiments| Command::Run(TaskNumber(task), experiments))
            .map_err(io::Error::other),
        FrameKind::Quit => Ok(Command::Quit),
        FrameKind::Hello
        | FrameKind::Events
        | FrameKind::Ended
        | FrameKind::Last
        | FrameKind::StorageFailed
        | FrameKind::ExecutorDied => Err(io::Error::other(format!(
            "a worker received a report ({kind:?}) instead of a command"
        ))),
    }
}
