//! The traits at which executors, storage and monitor meet.

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};

use crate::event::Event;
use crate::output_stream::OutputStream;
use crate::record::ResearchRecord;

/// State that is computed from events alone, live or from the log.
pub trait Fold {
    /// Takes in the next event, in the order of the log.
    fn apply(&mut self, event: &Event);

    /// Takes in the next events.
    fn apply_all(&mut self, events: &[Event]) {
        events.iter().for_each(|event| self.apply(event));
    }
}

/// A log of events, which is read in order, and again from any batch.
pub trait EventLog: Send {
    /// Returns the offset of the next batch: the length of all that was read.
    fn offset(&self) -> u64;

    /// Continues with the batch at an offset that [`offset`](Self::offset) has returned.
    fn seek(&mut self, offset: u64);

    /// Returns the events of the next batch; `None` at the end of the log.
    ///
    /// # Errors
    /// The log cannot be read, or is damaged.
    fn next_batch(&mut self) -> Result<Option<Vec<Event>>, StorageError>;

    /// Feeds the events up to the end of the log to folds, in a single pass. A second call feeds
    /// them the events that were appended since.
    ///
    /// # Errors
    /// As for [`next_batch`](Self::next_batch); the folds have all events before the damage.
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

/// Where an executor tells what happens. It may gather events; it keeps their order.
pub trait EventSink {
    /// Takes one event.
    ///
    /// # Errors
    /// The sink is closed; the executor should end.
    fn emit(&mut self, event: Event) -> Result<(), SinkError>;

    /// Sends on what was gathered.
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

/// What an experiment tells cannot be kept; it should end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// Events have nowhere to go.
    #[error("events can no longer be sent: {0}")]
    Closed(String),
    /// A saved value could not be written to the research's folder. That is not the fault of
    /// the experiment: it has no ending, and is run again when the research is resumed.
    #[error("{0}")]
    Unstored(String),
}

/// Takes what an experiment prints, where that is kept.
pub trait OutputSink: Send + Sync {
    /// Whether this output is kept at all.
    fn keeps(&self, stream: OutputStream) -> bool;

    /// Takes whole lines, the last of which may lack its end. What cannot be kept is lost;
    /// the experiment continues.
    fn keep(&self, stream: OutputStream, lines: &[u8]);
}

/// Where events are kept. The leader's writer is the only one that appends.
pub trait Storage: Send {
    /// Appends events, in order. They may be gathered until [`commit`](Self::commit).
    ///
    /// # Errors
    /// They could not be kept; whatever was committed before is still there.
    fn append(&mut self, events: &[Event]) -> Result<(), StorageError>;

    /// Makes all that was appended last beyond the end of this process; where `durable`, and where
    /// the storage was asked to, beyond the end of the machine too.
    ///
    /// # Errors
    /// It could not; whatever was committed before is still there.
    fn commit(&mut self, durable: bool) -> Result<(), StorageError>;

    /// The folder in which experiments have their folders, if there is one.
    fn experiments_folder(&self) -> Option<&Path>;
}

/// Sees events after they were appended to the log.
///
/// A subscriber that panics is called no more, and the log says so; the run continues.
pub trait Subscriber: Send {
    /// How events are delivered; through a queue, if not set. It is asked once, before the run
    /// begins.
    fn delivery(&self) -> Delivery {
        Delivery::Queued
    }

    /// How it is called in messages; by its type, if not set.
    fn name(&self) -> &str {
        std::any::type_name::<Self>()
    }

    /// The run begins: what the research is, and its folder, if it has one. This is the first call.
    fn on_begin(&mut self, record: &ResearchRecord, folder: Option<&Path>) {
        let _ = (record, folder);
    }

    /// Events of earlier runs of the same research, before the first of this run. They are passed
    /// in several calls, as to [`on_events`](Self::on_events), and ignored, if not set.
    fn on_history(&mut self, events: &[Event]) {
        let _ = events;
    }

    /// Events, in the order of the log.
    fn on_events(&mut self, events: &[Event]);

    /// So many events are not delivered, because the queue was full: the subscriber is slower than
    /// the run. They stand in the log between what was delivered before and what comes next. If not
    /// set, they are ignored; the log says at the end how many were missed.
    fn on_missed(&mut self, events: u64) {
        let _ = events;
    }

    /// There will be no more events.
    fn on_end(&mut self) {}
}

/// How a [`Subscriber`] gets its events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// In a thread of its own, through a queue of limited size. The run does not wait for it,
    /// except at its end, when all that is in the queue is delivered. What waits in the queue is
    /// delivered in one call, so only a subscriber that takes long for each event misses any (see
    /// [`Subscriber::on_missed`]).
    #[default]
    Queued,
    /// In the thread that writes the log: nothing is missed, and the run waits for each call.
    Synchronous,
}

/// Something could not be stored or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried: "write", "create".
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{} is damaged at byte {offset}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the damage begins.
        offset: u64,
        /// What is wrong there, and what to do.
        reason: String,
    },
    /// Another process has deleted, replaced, cut or moved the log while it was being written.
    #[error("{} {what} while the run was writing it: {saved}", path.display())]
    LogLost {
        /// The log, where it was.
        path: PathBuf,
        /// What has become of it.
        what: String,
        /// What could be saved of it, and where that is.
        saved: String,
        /// Whether no experiment had begun in it.
        is_empty: bool,
    },
    /// A table has more rows than the log gives: the log may have lost them.
    #[error(
        "{} has {before} rows, but the log has {now}: the table is kept, because the log may have \
         lost rows",
        path.display()
    )]
    FewerRows {
        /// The table.
        path: PathBuf,
        /// How many rows it has.
        before: u64,
        /// How many rows it would have.
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
        /// Its version.
        found: u32,
        /// The newest version that is known here.
        known: u32,
    },
    /// The folder is there already.
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
    /// Something that is not a research has the place of the folder.
    #[error("{} already exists and is not a research: choose another name, or move it \
             away", path.display())]
    Occupied {
        /// What is there.
        path: PathBuf,
    },
    /// The folder is not a research.
    #[error("{} is not a research: {reason}", path.display())]
    NoResearch {
        /// The folder.
        path: PathBuf,
        /// What is missing.
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
    /// A process on another machine, which cannot be asked from here, has not given it back.
    #[error(
        "process {pid} on {host} did not give back {}: if it does not run any more, delete that \
         file",
        lock.display()
    )]
    LockedElsewhere {
        /// The lock's file.
        lock: PathBuf,
        /// The process.
        pid: u32,
        /// Its host.
        host: String,
    },
    /// A name cannot be that of a folder.
    #[error("`{name}` cannot be the name of a research: {reason}")]
    BadName {
        /// The name.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// What was saved is larger than the log takes at once.
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
    /// An error of the system, for `map_err`.
    pub fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
