//! The errors of commands, and their exit codes.

use std::io;
use std::path::{Path, PathBuf};

use research::ResearchError;
use research::core::StorageError;
use research::core::events::LargeValueError;
use research::domain::{DomainError, IdRegistryError, SyntaxError};
use research::exec::RunError;
use research::exec::devices::ProbeError;
use research::storage::{
    ArtifactsError, LogPlotError, LogResultsError, PlotError, QueryError, TableError,
};

use research::file::{FileError, PreviewError};

use crate::exit::Exit;

/// The error of a command.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The research file is invalid.
    #[error(transparent)]
    File(#[from] FileError),
    /// An argument is not a valid domain expression.
    #[error("{0}")]
    Expression(Box<SyntaxError>),
    /// An argument is neither a file nor an expression.
    #[error("`{0}` is neither a file nor a domain expression such as \"a=[1, 2] * b=[3]\"")]
    NoDomain(String),
    /// The domain is invalid, or cannot be counted.
    #[error("{0}")]
    Domain(Box<DomainError>),
    /// A config has too many repetitions to have ids.
    #[error("{0}")]
    Ids(#[from] IdRegistryError),
    /// All configs of an infinite domain were requested.
    #[error(
        "the domain is infinite: limit the output with `--head N`, or the domain with `--n-items N`"
    )]
    Infinite,
    /// A research of this name exists already.
    #[error("research `{}` already exists", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
        /// The name.
        name: String,
        /// The file that was to be run.
        file: PathBuf,
    },
    /// The research was not created from a research file.
    #[error(
        "research `{0}` was not created from a research file: resume it with the program that created it"
    )]
    NotFromFile(String),
    /// The working directory of a research does not exist.
    #[error(
        "the working directory `{}` of the research does not exist: use `--here` to run its commands in the current directory",
        .0.display()
    )]
    DirectoryGone(PathBuf),
    /// A research cannot be run or read.
    #[error(transparent)]
    Research(#[from] Box<ResearchError>),
    /// A research cannot be stored or loaded.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A table would lose rows.
    #[error("{0}")]
    FewerRows(StorageError),
    /// The research has no profile.
    #[error("research `{0}` has no profile: run it with `profile = 1`")]
    NoProfile(String),
    /// The condition of a filter is invalid.
    #[error("`--where`: {error}")]
    NoFilter {
        /// The syntax error.
        error: Box<SyntaxError>,
    },
    /// A table of results cannot be created.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The device driver does not respond.
    #[error(transparent)]
    Devices(#[from] ProbeError),
    /// A file would be overwritten.
    #[error("`{}` already exists", .0.display())]
    FileExists(PathBuf),
    /// A file cannot be written.
    #[error("cannot write `{}`: {source}", path.display())]
    NotWritten {
        /// The file or folder.
        path: PathBuf,
        /// The system error.
        source: io::Error,
    },
    /// The command does not exist.
    #[error("unknown command `{0}`")]
    NoCommand(String),
    /// An SQL query failed.
    #[error(transparent)]
    Query(QueryError),
    /// The files of experiments cannot be listed.
    #[error(transparent)]
    Artifacts(#[from] ArtifactsError),
    /// A large value cannot be read.
    #[error(transparent)]
    LargeValue(#[from] LargeValueError),
    /// A plot cannot be created.
    #[error(transparent)]
    Plot(#[from] PlotError),
    /// The extension of a plot is not supported.
    #[error("cannot write `{}`: expected a file name that ends in .svg or .png", .0.display())]
    PlotFormat(PathBuf),
    /// Binary output would be written to a terminal.
    #[error("cannot write Parquet to a terminal: redirect standard output to a file")]
    Binary,
    /// A confirmation is required, and standard input is not a terminal.
    #[error("confirmation is required, and there is no terminal: use `{flag}`")]
    NoTerminal {
        /// The flag that confirms.
        flag: &'static str,
    },
    /// A research in memory, which prints its results at the end, cannot be detached.
    #[error(
        "cannot detach a research that keeps its results in memory: remove `--detach` or \
         `dump_results = false`"
    )]
    DetachedInMemory,
    /// No environment of this name was recorded.
    #[error("no recorded environment `{what}` (available: {known})")]
    NoEnv {
        /// The name.
        what: String,
        /// The names that were recorded.
        known: String,
    },
    /// Standard output cannot be written.
    #[error("cannot write output: {0}")]
    Output(#[from] io::Error),
}

impl CommandError {
    /// Adds the file that was to be run to the error of a research that already exists.
    pub(super) fn with_file(self, file: &Path) -> Self {
        match self {
            Self::Research(error) => match *error {
                ResearchError::Storage(StorageError::Exists { path, name }) => Self::Exists {
                    path,
                    name,
                    file: file.to_owned(),
                },
                other => Self::Research(Box::new(other)),
            },
            other => other,
        }
    }

    /// Returns the exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::File(_)
            | Self::Expression(_)
            | Self::NoDomain(_)
            | Self::Domain(_)
            | Self::Ids(_)
            | Self::Infinite
            | Self::NoProfile(_)
            | Self::NoFilter { .. }
            | Self::Table(_)
            | Self::NoEnv { .. }
            | Self::FileExists(_)
            | Self::NoCommand(_)
            | Self::Binary
            | Self::Plot(_)
            | Self::PlotFormat(_)
            | Self::DetachedInMemory
            | Self::NoTerminal { .. } => Exit::Usage,
            Self::Query(QueryError::TimedOut(_)) => Exit::Impossible,
            Self::Query(_) => Exit::Usage,
            Self::NotFromFile(_) | Self::DirectoryGone(_) | Self::Exists { .. } => Exit::Usage,
            Self::FewerRows(_) => Exit::Impossible,
            Self::Storage(error) | Self::Artifacts(ArtifactsError::Storage(error)) => {
                storage_exit(error)
            }
            Self::Artifacts(ArtifactsError::Table(_)) => Exit::Usage,
            Self::Research(error) => research_exit(error),
            // The reader has closed the pipe, as `head` does.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Success,
            Self::Output(_) | Self::LargeValue(_) | Self::Devices(_) | Self::NotWritten { .. } => {
                Exit::Impossible
            }
        }
    }
}

fn storage_exit(error: &StorageError) -> Exit {
    match error {
        StorageError::Exists { .. }
        | StorageError::Occupied { .. }
        | StorageError::NoResearch { .. }
        | StorageError::BadName { .. } => Exit::Usage,
        _ => Exit::Impossible,
    }
}

fn research_exit(error: &ResearchError) -> Exit {
    match error {
        ResearchError::Experiment(_)
        | ResearchError::Domain(_)
        | ResearchError::Options(_)
        | ResearchError::NoExperiment { .. }
        | ResearchError::Changed { .. }
        | ResearchError::BranchBy(_)
        | ResearchError::Devices(_)
        | ResearchError::Env(_)
        | ResearchError::Source(_)
        | ResearchError::Table(_)
        | ResearchError::InUnit { .. }
        | ResearchError::InMemory { .. } => Exit::Usage,
        ResearchError::Storage(error) => storage_exit(error),
        ResearchError::Io { source, .. } if source.kind() == io::ErrorKind::BrokenPipe => {
            Exit::Success
        }
        ResearchError::Run(RunError::Raised(_)) => Exit::Failures,
        ResearchError::Run(RunError::Interrupted) => Exit::Interrupted,
        _ => Exit::Impossible,
    }
}

impl From<PreviewError> for CommandError {
    fn from(error: PreviewError) -> Self {
        match error {
            PreviewError::File(error) => Self::File(error),
            PreviewError::Research(error) => Self::Research(error),
            PreviewError::Ids(error) => Self::Ids(error),
            other => Self::Output(io::Error::other(other)),
        }
    }
}

impl From<QueryError> for CommandError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Storage(error) => Self::Storage(error),
            QueryError::Output(error) => Self::Output(error),
            error => Self::Query(error),
        }
    }
}

impl From<LogResultsError> for CommandError {
    fn from(error: LogResultsError) -> Self {
        match error {
            LogResultsError::Storage(error) => Self::Storage(error),
            LogResultsError::Table(error) => Self::Table(error),
            LogResultsError::Output(error) => Self::Output(error),
        }
    }
}

impl From<LogPlotError> for CommandError {
    fn from(error: LogPlotError) -> Self {
        match error {
            LogPlotError::Storage(error) => Self::Storage(error),
            LogPlotError::Plot(error) => Self::Plot(error),
        }
    }
}

impl From<SyntaxError> for CommandError {
    fn from(error: SyntaxError) -> Self {
        Self::Expression(Box::new(error))
    }
}

impl From<DomainError> for CommandError {
    fn from(error: DomainError) -> Self {
        Self::Domain(Box::new(error))
    }
}
