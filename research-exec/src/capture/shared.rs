//! Captures the output of experiments that run in the process of their worker.
//!
//! The only thread cannot read a pipe while it runs units, so its output goes to files in memory,
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

/// The captured outputs of this process.
#[derive(Debug)]
pub(crate) struct SharedOutput {
    /// Behind a lock, because the thread that ends this process during a call needs them, too.
    streams: Mutex<PerStream<Option<Memory>>>,
}

#[derive(Debug)]
struct Memory {
    file: File,
    taken: u64,
    lines: WholeLines,
}

impl SharedOutput {
    /// Captures the redirected outputs of this process; `None` if no output is redirected.
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

    /// Takes the rest of the output, except what is in the buffer of standard output, whose lock
    /// another thread may hold forever.
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
        // Ignore poisoning: lines that a panicked thread has printed are valid.
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
        // Append, so that processes which inherit the file do not overwrite the output of others.
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
            // Free the memory of the output that was read. Truncating the file could lose output
            // that is being printed.
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

/// The captured outputs during a task, and their writer.
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

    /// Takes the rest of the output at the end of the task.
    pub(crate) fn finish(&self, sink: &mut dyn EventSink) -> Result<(), SinkError> {
        self.output.finish(&self.keeper).map_err(cannot_keep)?;
        self.keeper.tell(&self.task, sink)
    }

    /// Takes the rest of the output during a call, before this process is ended.
    pub(crate) fn cut_off(&self, sink: &mut dyn EventSink) -> Result<(), SinkError> {
        let taken = self.output.finish_flushed(&self.keeper);
        taken.map_err(cannot_keep)?;
        self.keeper.tell(&self.task, sink)
    }
}

/// Takes the captured output before each event, and at each flush.
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
