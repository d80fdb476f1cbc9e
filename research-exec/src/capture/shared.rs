//! What experiments print that share their worker's process.
//!
//! While the one thread runs units it cannot read a pipe, so its output goes to files in memory,
//! which are emptied at each report.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};

use nix::fcntl::{FallocateFlags, FcntlArg, OFlag, fallocate, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use research_core::executor::OutputSink;
use research_core::{Event, EventSink, OutputStream, SinkError};

use super::{OutputWriter, PerStream, Redirects, WholeLines};
use crate::task::TaskExperiment;

/// The outputs of this process, from now on.
#[derive(Debug)]
pub(crate) struct SharedOutput {
    /// Within reach of who ends this process in the middle of a call.
    streams: Mutex<PerStream<Option<Memory>>>,
}

#[derive(Debug)]
struct Memory {
    file: File,
    taken: u64,
    lines: WholeLines,
}

impl SharedOutput {
    /// Catches the outputs of this process that are kept; `None` if none is.
    pub(crate) fn catch(redirects: Redirects) -> io::Result<Option<Self>> {
        if redirects == Redirects::default() {
            return Ok(None);
        }
        let mut streams = PerStream::default();
        for (stream, slot) in streams.iter_mut() {
            if *redirects.get(stream) != Default::default() {
                *slot = Some(Memory::catch(stream)?);
            }
        }
        Ok(Some(Self {
            streams: Mutex::new(streams),
        }))
    }

    fn take(&self, keeper: &OutputWriter) -> io::Result<()> {
        io::stdout().flush()?;
        self.each(|stream, memory| memory.take(stream, keeper))
    }

    fn finish(&self, keeper: &OutputWriter) -> io::Result<()> {
        io::stdout().flush()?;
        self.finish_flushed(keeper)
    }

    /// Takes the rest of what was printed, without what a buffer may hold: another thread may hold
    /// its lock for ever.
    fn finish_flushed(&self, keeper: &OutputWriter) -> io::Result<()> {
        self.each(|stream, memory| {
            memory.take(stream, keeper)?;
            memory.lines.end(|lines| keeper.keep(stream, lines));
            Ok(())
        })
    }

    fn each(
        &self,
        mut act: impl FnMut(OutputStream, &mut Memory) -> io::Result<()>,
    ) -> io::Result<()> {
        // Lines of one that has panicked are taken all the same.
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        for (stream, slot) in streams.iter_mut() {
            if let Some(memory) = slot {
                act(stream, memory)?;
            }
        }
        Ok(())
    }
}

impl Memory {
    fn catch(stream: OutputStream) -> io::Result<Self> {
        let file = memfd_create(c"research-output", MFdFlags::MFD_CLOEXEC)?;
        // Processes that inherit it write at its end, wherever others have written.
        fcntl(&file, FcntlArg::F_SETFL(OFlag::O_APPEND))?;
        match stream {
            OutputStream::Stdout => nix::unistd::dup2_stdout(&file)?,
            OutputStream::Stderr => nix::unistd::dup2_stderr(&file)?,
        }
        Ok(Self {
            file: file.into(),
            taken: 0,
            lines: WholeLines::default(),
        })
    }

    fn take(&mut self, stream: OutputStream, keeper: &OutputWriter) -> io::Result<()> {
        let end = self.file.metadata()?.len();
        let from = self.taken;
        let mut buffer = [0; 16 << 10];
        while self.taken < end {
            let read = self.file.read_at(&mut buffer, self.taken)?;
            if read == 0 {
                break;
            }
            self.taken += read as u64;
            self.lines
                .push(&buffer[..read], |lines| keeper.keep(stream, lines));
        }
        if self.taken > from {
            // What was read need not be held. Cutting the file could lose what is printed just now.
            let hole = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
            fallocate(
                &self.file,
                hole,
                from.cast_signed(),
                (self.taken - from).cast_signed(),
            )?;
        }
        Ok(())
    }
}

/// The outputs while a task runs, and who keeps what its experiments print.
#[derive(Clone, Debug)]
pub(crate) struct TaskOutput {
    output: Arc<SharedOutput>,
    keeper: Arc<OutputWriter>,
    task: Arc<[TaskExperiment]>,
}

impl TaskOutput {
    pub(crate) fn new(
        output: Arc<SharedOutput>,
        keeper: Arc<OutputWriter>,
        task: &[TaskExperiment],
    ) -> Self {
        Self {
            output,
            keeper,
            task: task.into(),
        }
    }

    /// Takes the rest of what was printed.
    pub(crate) fn finish(&self, sink: &mut dyn EventSink) -> Result<(), SinkError> {
        self.output.finish(&self.keeper).map_err(cannot_keep)?;
        self.keeper.tell(&self.task, sink)
    }

    /// The same in the middle of a call, where this process is to end.
    pub(crate) fn cut_off(&self, sink: &mut dyn EventSink) -> Result<(), SinkError> {
        let taken = self.output.finish_flushed(&self.keeper);
        taken.map_err(cannot_keep)?;
        self.keeper.tell(&self.task, sink)
    }
}

/// Empties the outputs whenever something is told.
pub(crate) struct CapturingSink<'a> {
    pub(crate) sink: &'a mut dyn EventSink,
    pub(crate) printed: &'a TaskOutput,
}

impl CapturingSink<'_> {
    fn take(&self) -> Result<(), SinkError> {
        let TaskOutput { output, keeper, .. } = self.printed;
        output.take(keeper).map_err(cannot_keep)
    }
}

fn cannot_keep(error: io::Error) -> SinkError {
    SinkError::Closed(format!("what experiments print cannot be read: {error}"))
}

impl EventSink for CapturingSink<'_> {
    fn emit(&mut self, event: Event) -> Result<(), SinkError> {
        self.take()?;
        self.sink.emit(event)
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.take()?;
        self.sink.flush()
    }
}
