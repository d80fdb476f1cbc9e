//! The sink that sends the events of an executor as frames.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use research_core::{Event, EventSink, SinkError};

use crate::capture::{CapturingSink, TaskOutput};
use crate::executor::{Executor, Interrupt};
use crate::task::Ending;
use crate::transport::frame::{FrameKind, push_frame};
use crate::transport::messages::{Task, TaskNumber};

/// The largest number of events in a frame.
const BATCH: usize = 64;

/// Collects events into frames, and sends the frames.
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

    /// Sends the collected events, the last ones of the task, together with its endings.
    pub(crate) fn end(&mut self, endings: Vec<Ending>) -> Result<(), SinkError> {
        self.end_as(FrameKind::Ended, endings)
    }

    /// Does the same as [`end`](Self::end), in a frame of another kind.
    pub(crate) fn end_as(
        &mut self,
        kind: FrameKind,
        endings: Vec<Ending>,
    ) -> Result<(), SinkError> {
        let events = std::mem::take(&mut self.events);
        self.send_frame(kind, &(events, endings))
    }

    /// Reports that the values of the task could not be stored. Some of its experiments may already
    /// have ended.
    fn give_up(&mut self, reason: &str) -> Result<(), SinkError> {
        self.flush()?;
        self.send_frame(FrameKind::StorageFailed, reason)
    }

    fn send_frame<T: serde::Serialize + ?Sized>(
        &mut self,
        kind: FrameKind,
        message: &T,
    ) -> Result<(), SinkError> {
        self.buffer.clear();
        push_frame(&mut self.buffer, kind, self.task.0, message)
            .map_err(|error| SinkError::Closed(error.to_string()))?;
        (self.send)(&self.buffer).map_err(|error| SinkError::Closed(error.to_string()))
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

/// A sink that an interrupt can take over: the interrupt locks the sink for good, and ends the
/// process.
pub(crate) struct SharedSink<S>(Arc<Mutex<FrameSink<S>>>);

impl<S: FnMut(&[u8]) -> io::Result<()> + Send + 'static> SharedSink<S> {
    pub(crate) fn new(sink: FrameSink<S>) -> Self {
        Self(Arc::new(Mutex::new(sink)))
    }

    /// Returns the interrupt, which sends the last events and the captured output of a task in a
    /// frame of this kind, and then ends the process.
    pub(crate) fn interrupt(
        &self,
        kind: FrameKind,
        end: fn() -> !,
        printed: Option<TaskOutput>,
    ) -> Interrupt {
        let sink = Arc::clone(&self.0);
        Arc::new(move |events, endings| {
            // Panics of units are caught earlier.
            let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
            // If the output cannot be captured, the endings must still be reported.
            let _ = printed.as_ref().map(|printed| printed.cut_off(&mut *sink));
            let told = events
                .into_iter()
                .try_for_each(|event| sink.emit(event))
                .and_then(|()| sink.end_as(kind, endings));
            // The receiver may have ended.
            let _ = told;
            end()
        })
    }

    fn end(&self, endings: Vec<Ending>) -> Result<(), SinkError> {
        self.lock().end(endings)
    }

    fn give_up(&self, reason: &str) -> Result<(), SinkError> {
        self.lock().give_up(reason)
    }

    fn lock(&self) -> MutexGuard<'_, FrameSink<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: FnMut(&[u8]) -> io::Result<()> + Send + 'static> EventSink for SharedSink<S> {
    fn emit(&mut self, event: Event) -> Result<(), SinkError> {
        self.lock().emit(event)
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.lock().flush()
    }
}

/// Runs a task and passes its events and endings to `send`. The output of its units is flushed
/// before the endings are sent, because their receiver may end this process. When a timeout
/// expires, the last events are sent in a frame of kind `last`, and the process ends.
pub(crate) fn run_and_report<S: FnMut(&[u8]) -> io::Result<()> + Send + 'static>(
    executor: &Executor,
    number: TaskNumber,
    task: Task,
    send: S,
    last: FrameKind,
    end: fn() -> !,
    printed: Option<TaskOutput>,
) -> Result<(), SinkError> {
    let mut sink = FrameSink::new(number, send);
    if !executor.needs_interrupt() {
        let run = |task, sink: &mut dyn EventSink| executor.run_task(task, sink);
        let run = capturing(printed.as_ref(), task, &mut sink, run);
        let flushed = io::stdout().flush();
        match run {
            Err(SinkError::Unstored(reason)) => sink.give_up(&reason)?,
            endings => sink.end(endings?)?,
        }
        return flushed.map_err(|error| SinkError::Closed(error.to_string()));
    }
    let mut sink = SharedSink::new(sink);
    let interrupt = sink.interrupt(last, end, printed.clone());
    let run =
        |task, sink: &mut dyn EventSink| executor.run_interruptibly(task, sink, Some(interrupt));
    let run = capturing(printed.as_ref(), task, &mut sink, run);
    let flushed = io::stdout().flush();
    match run {
        Err(SinkError::Unstored(reason)) => sink.give_up(&reason)?,
        endings => sink.end(endings?)?,
    }
    flushed.map_err(|error| SinkError::Closed(error.to_string()))
}

/// Runs a task, and captures its output if it shares this process with other tasks.
fn capturing(
    printed: Option<&TaskOutput>,
    task: Task,
    sink: &mut dyn EventSink,
    run: impl FnOnce(Task, &mut dyn EventSink) -> Result<Vec<Ending>, SinkError>,
) -> Result<Vec<Ending>, SinkError> {
    let Some(printed) = printed else {
        return run(task, sink);
    };
    let endings = run(task, &mut CapturingSink { sink, printed });
    printed.finish(sink)?;
    endings
}
