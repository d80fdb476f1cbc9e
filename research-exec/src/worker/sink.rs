//! Where an executor's events go: into frames.

use std::io;

use research_core::{Event, EventSink, SinkError};

use crate::executor::Ending;
use crate::link::frame::{FrameKind, push_frame};
use crate::link::message::TaskNumber;

/// As many events travel in one frame, at most.
const BATCH: usize = 64;

/// Gathers events into frames and sends these.
pub(crate) struct FrameSink<S> {
    task: TaskNumber,
    events: Vec<Event>,
    buffer: Vec<u8>,
    send: S,
}

impl<S: FnMut(&[u8]) -> io::Result<()>> FrameSink<S> {
    pub(crate) fn new(task: TaskNumber, send: S) -> Self {
        Self {
            task,
            events: Vec::new(),
            buffer: Vec::new(),
            send,
        }
    }

    /// Sends what is gathered as the task's last events, with its endings.
    pub(crate) fn end(mut self, endings: Vec<Ending>) -> Result<(), SinkError> {
        let events = std::mem::take(&mut self.events);
        self.send_frame(FrameKind::Ended, &(events, endings))
    }

    fn send_frame<T: serde::Serialize>(
        &mut self,
        kind: FrameKind,
        message: &T,
    ) -> Result<(), SinkError> {
        self.buffer.clear();
        push_frame(&mut self.buffer, kind, self.task.0, message)
            .map_err(|error| SinkError(error.to_string()))?;
        (self.send)(&self.buffer).map_err(|error| SinkError(error.to_string()))
    }
}

impl<S: FnMut(&[u8]) -> io::Result<()>> EventSink for FrameSink<S> {
    fn emit(&mut self, event: Event) -> Result<(), SinkError> {
        self.events.push(event);
        if self.events.len() >= BATCH {
            self.flush()
        } else {
            Ok(())
        }
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        if self.events.is_empty() {
            return Ok(());
        }
        let events = std::mem::take(&mut self.events);
        self.send_frame(FrameKind::Events, &events)
    }
}
