//! The traits that connect executors, storage and monitor.

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};

use crate::event::Event;
use crate::output_stream::OutputStream;
use crate::record::ResearchRecord;

/// State that is computed from events alone, live or from the log.
pub trait Fold {
    /// Applies the next event, in the order of the log.
    fn apply(&mut self, event: &Event);

    /// Applies the next events.
    fn apply_all(&mut self, events: &[Event]) {
        events.iter().for_each(|event| self.apply(event));
    }
}

/// A log of events, read in order, and again from any batch.
pub trait EventLog: Send {
    /// Returns the offset of the next batch: the length of all that was read so far.
    fn offset(&self) -> u64;

    /// Continues with the batch at an offset that [`offset`](Self::offset) has returned.
    fn seek(&mut self, offset: u64);

    /// Returns the events of the next batch, or `None` at the end of the log.
    ///
    /// # Errors
    /// The log cannot be read, or is damaged.
    fn next_batch(&mut self) -> Result<Option<Vec<Event>>, StorageError>;

    /// Feeds the events up to the end of the log to folds, in a single pass. A second call feeds
    /// them the events that were appended since.
    ///
    /// # Errors
    /// As for [`next_batch`](Self::next_batch); the folds have received all events before the
    /// damage.
    fn replay(&mut self, folds: &mut [&mut dyn Fold]) -> Result<(), StorageError> {
        while let Some(events) = self.next_batch()? {
            folds.iter_mut().for_each(|fold| fold.apply_all(&events));
        }
        Ok(())
    }
}

impl<L: EventLog + ?Sized> EventLog for Box<L> {
    fn offset(&self) -> u64 {
        (**self).offset()
    }

    fn seek(&mut self, offset: u64) {
        (**self).seek(offset);
    }

    fn next_batch(&mut self) -> Result<Option<Vec<Event>>, StorageError> {
        (**self).next_batch()
    }
}

/// The destination of an executor's events. It may buffer events, in their order.
pub trait EventSink {
    /// Takes one event.
    ///
    /// # Errors
    /// The sink is closed; the executor should end.
    fn emit(&mut self, event: Event) -> Result<(), SinkError>;

    /// Sends the buffered events.
    ///
    /// # Errors
    /// The sink is closed; the executor should end.
    fn flush(&mut self) -> Result<(), SinkError>;
}

impl EventSink for Vec<Event> {
    fn emit(&mut self, event: Event) -> Result<(), SinkError> {
        self.push(event);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}

/// The events of an experiment cannot be kept; the experiment should end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The connection or channel for events is closed.
    #[error("events can no longer be sent: {0}")]
    Closed(String),
    /// A saved value could not be written to the research's folder. This is not the experiment's
    /// failure: it gets no ending, and runs again when the research is resumed.
    #[error("{0}")]
    Unstored(String),
}

/// Receives the output of an experiment, if it is kept.
pub trait OutputSink: Send + Sync {
    /// Whether this stream is kept.
    fn keeps(&self, stream: OutputStream) -> bool;

    /// Receives whole lines; the last one may lack its line end. Output that cannot be kept is
    /// lost, and the experiment continues.
    fn keep(&self, stream: OutputStream, lines: &[u8]);
}

/// The store of events. Only the leader's writer appends.
pub trait Storage: Send {
    /// Appends events, in order. They may be buffered until [`commit`](Self::commit).
    ///
    /// # Errors
    /// The events could not be stored; all that was committed before is kept.
    fn append(&mut self, events: &[Event]) -> Result<(), StorageError>;

    /// Makes all appended events outlive this process; if `durable`, and if the fsync policy says
    /// so, a crash of the machine too.
    ///
    /// # Errors
    /// The events could not be stored; all that was committed before is kept.
    fn commit(&mut self, durable: bool) -> Result<(), StorageError>;

    /// Returns the folder that contains the experiments' folders, if there is one.
    fn experiments_folder(&self) -> Option<&Path>;
}

/// Receives events after they were appended to the log.
///
/// A subscriber that panics is not called again. The log reports it, and the run continues.
pub trait Subscriber: Send {
    /// Returns how events are delivered; through a queue by default. It is called once, before the
    /// run begins.
    fn delivery(&self) -> Delivery {
        Delivery::Queued
    }

    /// Returns the name in messages; its type by default.
    fn name(&self) -> &str {
        std::any::type_name::<Self>()
    }

    /// The run begins, with this record and the research's folder, if it has one. This is the first
    /// call.
    fn on_begin(&mut self, record: &ResearchRecord, folder: Option<&Path>) {
        let _ = (record, folder);
    }

    /// Receives events of earlier runs of the same research, before the first of this run, in
    /// several calls like those of [`on_events`](Self::on_events). The default ignores them.
    fn on_history(&mut self, events: &[Event]) {
        let _ = events;
    }

    /// Receives events, in the order of the log.
    fn on_events(&mut self, events: &[Event]);

    /// Reports the number of events that were not delivered, because the queue was full: the
    /// subscriber is slower than the run. In the log they stand between the events delivered before
    /// and those that follow. The default ignores the call; the log reports the total at the end.
    fn on_missed(&mut self, events: u64) {
        let _ = events;
    }

    /// Called after the last event.
    fn on_end(&mut self) {}
}

/// The delivery of events to a [`Subscriber`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// In a separate thread, through a queue of limited size. The run waits for it only at its end,
    /// until the queue is empty. All events in the queue are delivered in one call, so only a
    /// subscriber that is slow for each event misses any (see [`Subscriber::on_missed`]).
    #[default]
    Queued,
    /// In the thread that writes the log: no event is missed, and the run waits for each call.
    Synchronous,
}

/// An error of storage.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The system returned an error.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The action: "write", "create".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The content of a file is damaged.
    #[error("{} is damaged at byte {offset}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The offset of the damage.
        offset: u64,
        /// The damage, and what to do.
        reason: String,
    },
    /// Another process has deleted, replaced, truncated or moved the log while it was being
    /// written.
    #[error("{} {what} while the run was writing it: {saved}", path.display())]
    LogLost {
        /// The path at which the log was.
        path: PathBuf,
        /// The change to the log.
        what: String,
        /// The part of it that could be saved, and its location.
        saved: String,
        /// Whether no experiment had begun in the log.
        is_empty: bool,
    },
    /// A table has more rows than the log, so the log may have lost some.
    #[error(
        "{} has {before} rows, but the log has {now}: the table is kept, because the log may have \
         lost rows",
        path.display()
    )]
    FewerRows {
        /// The table.
        path: PathBuf,
        /// The number of its rows.
        before: u64,
        /// The number of rows in the log.
        now: u64,
    },
    /// A file was written by a later version.
    #[error(
        "{} has format version {found}, and this program reads up to {known}: use a newer research",
        path.display()
    )]
    TooNew {
        /// The file.
        path: PathBuf,
        /// The version of the file.
        found: u32,
        /// The newest version that this program reads.
        known: u32,
    },
    /// The folder of a new research already exists.
    #[error(
        "research `{}` already exists: resume it, remove it, or use another name",
        path.display()
    )]
    Exists {
        /// The folder.
        path: PathBuf,
        /// The research's name.
        name: String,
    },
    /// A file or folder that is not a research is at the path of the research.
    #[error("{} already exists and is not a research: choose another name, or move it \
             away", path.display())]
    Occupied {
        /// The path.
        path: PathBuf,
    },
    /// The folder is not a research.
    #[error("{} is not a research: {reason}", path.display())]
    NoResearch {
        /// The folder.
        path: PathBuf,
        /// The missing part.
        reason: String,
    },
    /// Another process runs this research.
    #[error("{} is being run by process {pid} on {host}: wait for it, or stop it", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
        /// The process.
        pid: u32,
        /// Its host.
        host: String,
    },
    /// A process on another machine has not released the lock, and this machine cannot check
    /// whether it still runs.
    #[error(
        "process {pid} on {host} did not give back {}: if it does not run any more, delete that \
         file",
        lock.display()
    )]
    LockedElsewhere {
        /// The path of the lock.
        lock: PathBuf,
        /// The process.
        pid: u32,
        /// Its host.
        host: String,
    },
    /// A name is invalid as that of a folder.
    #[error("`{name}` cannot be the name of a research: {reason}")]
    BadName {
        /// The name.
        name: String,
        /// The reason.
        reason: &'static str,
    },
    /// A saved value is larger than one event can be.
    #[error(
        "values of {len} bytes are too many for one event: save them as a file in the experiment's \
         folder"
    )]
    TooLarge {
        /// The encoded event's length in bytes.
        len: usize,
    },
    /// An event cannot be written.
    #[error(transparent)]
    Encode(#[from] crate::codec::EncodeError),
}

impl From<Infallible> for StorageError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl StorageError {
    /// Returns a function that makes an error of the system, for `map_err`.
    pub fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
