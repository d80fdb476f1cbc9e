//! Reports of workers to the leader.

use std::io;

use research_core::{Event, codec};

use super::bytes::ByteReceiver;
use super::frame::{Frame, FrameDecoder, FrameKind};
use super::messages::{Ended, Hello, PROTOCOL, TaskNumber, Termination};
use crate::task::Ending;

/// A report of a worker.
#[derive(Debug)]
pub(crate) enum Report {
    /// The worker is ready for tasks.
    Ready { pid: u32 },
    /// Events of a task.
    Events {
        task: TaskNumber,
        events: Vec<Event>,
    },
    /// A task ended.
    Ended {
        task: TaskNumber,
        events: Vec<Event>,
        endings: Vec<Ending>,
        /// Whether the worker can run no more tasks.
        retiring: bool,
    },
    /// The values of a task could not be stored.
    StorageFailed { task: TaskNumber, reason: String },
    /// An executor ended before it reported the ends of all its experiments.
    ExecutorDied {
        task: TaskNumber,
        termination: Termination,
    },
}

/// The leader's end for the reports of one worker.
pub(crate) struct ReportReceiver {
    bytes: Box<dyn ByteReceiver>,
    decoder: FrameDecoder,
}

impl ReportReceiver {
    pub(crate) fn new(bytes: impl ByteReceiver + 'static) -> Self {
        Self {
            bytes: Box::new(bytes),
            decoder: FrameDecoder::default(),
        }
    }

    /// Waits for the next report; returns `None` if the worker has closed the channel.
    ///
    /// # Errors
    /// The connection is broken, or the worker has sent bytes that are not a report.
    pub(crate) fn recv(&mut self) -> io::Result<Option<Report>> {
        loop {
            if let Some(frame) = self.decoder.next_frame().map_err(io::Error::other)? {
                return decode(&frame).map(Some);
            }
            let decoder = &mut self.decoder;
            if !self.bytes.receive(&mut |bytes| decoder.feed(bytes))? {
                return Ok(None);
            }
        }
    }
}

fn decode(frame: &Frame<'_>) -> io::Result<Report> {
    let task = TaskNumber(frame.task);
    let unexpected = || {
        let kind = frame.kind;
        io::Error::other(format!("it sent an unexpected message ({kind:?})"))
    };
    let report = match frame.kind {
        FrameKind::Hello => match codec::decode::<Hello>(frame.payload) {
            Ok(hello) if hello.protocol != PROTOCOL => return Err(unexpected()),
            hello => hello.map(|hello| Report::Ready { pid: hello.pid }),
        },
        FrameKind::Events => {
            codec::decode(frame.payload).map(|events| Report::Events { task, events })
        }
        FrameKind::Ended | FrameKind::Last => {
            codec::decode::<Ended>(frame.payload).map(|(events, endings)| Report::Ended {
                task,
                events,
                endings,
                retiring: frame.kind == FrameKind::Last,
            })
        }
        FrameKind::StorageFailed => {
            codec::decode(frame.payload).map(|reason| Report::StorageFailed { task, reason })
        }
        FrameKind::ExecutorDied => codec::decode(frame.payload)
            .map(|termination| Report::ExecutorDied { task, termination }),
        FrameKind::Init | FrameKind::Run | FrameKind::Quit => return Err(unexpected()),
    };
    report.map_err(io::Error::other)
}
