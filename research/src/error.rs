//! The errors of a research.

use std::path::PathBuf;

use research_core::events::LargeValueError;
use research_core::text::plural;
use research_core::{BuildError, StorageError};
use research_domain::DomainError;
use research_exec::devices::DevicesError;
use research_exec::{RunError, SourceError, WorkerError};
use research_results::TableError;

use crate::environment::EnvError;
use crate::roots::BranchByError;

/// A research cannot be run, resumed or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResearchError {
    /// The experiment is invalid.
    #[error(transparent)]
    Experiment(#[from] BuildError),
    /// The domain is invalid.
    #[error("the domain cannot be iterated: {0}")]
    Domain(Box<DomainError>),
    /// An id prefix matches no experiment, or several.
    #[error(
        "research `{name}` has {} whose id begins with `{id}`{}",
        if several.is_empty() { "no experiment" } else { "several experiments" },
        match several.as_slice() {
            [] => String::new(),
            several => format!(": {}; use a longer prefix", several.join(", ")),
        }
    )]
    NoExperiment {
        /// The research.
        name: String,
        /// The prefix.
        id: String,
        /// The first matches.
        several: Vec<String>,
    },
    /// A research would be resumed with changes that make its results incomparable.
    #[error(
        "research `{name}` was begun with other units or settings, and results of both would not \
         belong together:\n  {}\n\
         run it under another name, or allow the changes (`allow_changes`)",
        changes.join("\n  ")
    )]
    Changed {
        /// The research.
        name: String,
        /// The changes, a line each.
        changes: Vec<String>,
    },
    /// An option is invalid, or contradicts another.
    #[error("{0}")]
    Options(String),
    /// Experiments have failed, and [`require_success`](crate::CompletedRun::require_success) was
    /// called.
    #[error(
        "{failed} of {} of `{name}` failed; the first one: {reason}",
        plural(*ended, "experiment")
    )]
    Failed {
        /// The research.
        name: String,
        /// The number of experiments that failed for good.
        failed: u64,
        /// The number of experiments that ended.
        ended: u64,
        /// The reason of the first failure.
        reason: String,
    },
    /// A unit uses a parameter that no config has.
    #[error("unit `{unit}` uses the parameter `{key}`, which no config has; {hint}")]
    UnknownParameter {
        /// The unit.
        unit: String,
        /// The parameter.
        key: String,
        /// The most similar parameter, or all of them.
        hint: String,
    },
    /// Workers cannot distinguish two runs with the same description, whose closures may have
    /// captured different values.
    #[error(
        "two runs of `{name}` have the same description and were called in different threads: \
         a worker that is started anew cannot tell them apart and may mix up what their closures \
         have captured, \
         so the results of neither can be trusted; give each research a name of its own, \
         or call `run` in the same thread for both"
    )]
    NotToldApart {
        /// The research.
        name: String,
    },
    /// Branches cannot share root units.
    #[error(transparent)]
    BranchBy(#[from] BranchByError),
    /// Workers would not reach the run: a test executable called it in a thread that does not have
    /// the name of a test.
    #[error(
        "research `{name}` was run in a test program, in a thread without the name of a test: \
         workers run the test again, and find it by the name of the thread; \
         call `run` in the thread of the test, or give the thread the test's name \
         (`std::thread::Builder::name`)"
    )]
    UnknownTest {
        /// The research.
        name: String,
    },
    /// A worker has removed the log of its run, or replaced it.
    #[error(
        "`{}` was missing when a worker had started: this program has several threads, \
         so a worker is the program started again, and does what stands before `run`, too. \
         Call `research::worker_entry` first in `main`, or remove the folder with \
         `research::remove`, which does nothing in workers",
        path.display()
    )]
    LogRemoved {
        /// The log.
        path: PathBuf,
    },
    /// The devices are invalid.
    #[error(transparent)]
    Devices(#[from] DevicesError),
    /// Something cannot be stored or read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The domain cannot be iterated.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The run failed, or did not complete.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A table cannot be created.
    #[error(transparent)]
    Table(TableError),
    /// The requested environment cannot be recorded.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// A large value cannot be read.
    #[error(transparent)]
    LargeValue(#[from] LargeValueError),
    /// In a worker: the leader failed this run earlier.
    #[error("{0}")]
    FailedBefore(String),
    /// This worker cannot serve its leader.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// A unit of another research runs a research with workers.
    #[error(
        "research `{name}` cannot have workers in a unit of another research: \
         set its isolation to `none`, or run it as a program of its own"
    )]
    InUnit {
        /// The research of the unit.
        name: String,
    },
    /// The research is kept in memory and has no folder.
    #[error("research `{name}` is kept in memory and has no folder")]
    InMemory {
        /// The research.
        name: String,
    },
    /// The process that runs the research cannot be signalled from here.
    #[error(
        "{} is being run, but not by a process that can be seen from here (its lock names process \
         {pid} on {host}): stop it where it runs, or as the user who runs it",
        folder.display()
    )]
    RunElsewhere {
        /// The research's folder.
        folder: PathBuf,
        /// The process that the lock names; 0 if it names none.
        pid: u32,
        /// The machine that the lock names.
        host: String,
    },
    /// A file cannot be written.
    #[error("cannot {action}: {source}")]
    Io {
        /// The action.
        action: &'static str,
        /// The system error.
        source: std::io::Error,
    },
}

impl From<TableError> for ResearchError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Storage(error) => Self::Storage(error),
            TableError::Output(source) => Self::Io {
                action: "write the table",
                source,
            },
            error => Self::Table(error),
        }
    }
}

impl From<DomainError> for ResearchError {
    fn from(error: DomainError) -> Self {
        Self::Domain(Box::new(error))
    }
}
