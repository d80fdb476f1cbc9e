//! Commands from the leader, over a socket.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

use research_core::codec;
use serde::Serialize;

use super::frame::{FrameDecoder, FrameKind, push_frame};
use super::messages::{Init, Task, TaskNumber};

/// A command of the leader.
#[derive(Debug)]
pub(crate) enum Command {
    Init(Box<Init>),
    Run(TaskNumber, Task),
    Quit,
}

/// The side that commands.
#[derive(Debug)]
pub(crate) struct Commander {
    stream: UnixStream,
    buffer: Vec<u8>,
}

impl Commander {
    pub(crate) fn new(stream: UnixStream) -> Self {
        Self {
            stream,
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
        self.stream.write_all(&self.buffer)
    }
}

/// The side that obeys.
#[derive(Debug)]
pub(crate) struct Commands {
    stream: UnixStream,
    decoder: FrameDecoder,
    chunk: Box<[u8]>,
}

impl Commands {
    pub(crate) fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            decoder: FrameDecoder::default(),
            chunk: vec![0; 16 << 10].into(),
        }
    }

    /// Waits for the next command; `None` when the leader is gone.
    pub(crate) fn next_command(&mut self) -> io::Result<Option<Command>> {
        loop {
            if let Some(frame) = self.decoder.next_frame().map_err(io::Error::other)? {
                return decode(frame.kind, frame.task, frame.payload).map(Some);
            }
            match self.stream.read(&mut self.chunk) {
                Ok(0) => return Ok(None),
                Ok(length) => self.decoder.feed(&self.chunk[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
                Err(error) => return Err(error),
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
            "a worker got a report ({kind:?}) instead of a command"
        ))),
    }
}
