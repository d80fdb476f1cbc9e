//! The errors of commands, and their exit codes.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use research::ResearchError;
use research::base::StorageError;
use research::base::events::LargeValueError;
use research::domain::{DomainError, IdRegistryError, SyntaxError};
use research::exec::RunError;
use research::exec::devices::ProbeError;
use research::file::{FileError, PreviewError};
use research::storage::{PlotError, QueryError, TableError};

use crate::exit::Exit;

/// The error of a command.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum CommandError {
    /// The research file is invalid.
    #[error(transparent)]
    File(#[from] FileError),
    /// A research cannot be run or read.
    #[error(transparent)]
    Research(#[from] Box<ResearchError>),
    /// A research cannot be stored or loaded.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A table would lose rows.
    #[error("{0}")]
    FewerRows(StorageError),
    /// A research of this name exists already.
    #[error("research `{}` already exists", path.display())]
    Exists {
        path: PathBuf,
        name: String,
        /// The file that the command should run.
        file: PathBuf,
    },
    /// Another error that different arguments or files avoid.
    #[error("{0}")]
    Usage(Box<dyn Error + Send + Sync>),
    /// Another error of something that cannot be read or run.
    #[error("{0}")]
    Impossible(Box<dyn Error + Send + Sync>),
    /// An argument is neither a file nor an expression.
    #[error("`{0}` is neither a file nor a domain expression such as \"a=[1, 2] * b=[3]\"")]
    NoDomain(String),
    /// All configs of an infinite domain were requested.
    #[error(
        "the domain is infinite: limit the output with `--head N`, or the domain with `--n-items N`"
    )]
    Infinite,
    /// The research was not created from a research file.
    #[error(
        "research `{0}` was not created from a research file: \
         resume it with the program that created it"
    )]
    NotFromFile(String),
    /// The working directory of a research does not exist.
    #[error(
        "the working directory `{}` of the research does not exist: \
         use `--here` to run its commands in the current directory",
        .0.display()
    )]
    DirectoryGone(PathBuf),
    /// The research has no profile.
    #[error("research `{0}` has no profile: run it with `profile = 1`")]
    NoProfile(String),
    /// The condition of a filter is invalid.
    #[error("`--where`: {0}")]
    InvalidFilter(Box<SyntaxError>),
    /// A file would be overwritten.
    #[error("`{}` already exists", .0.display())]
    FileExists(PathBuf),
    /// A file or a folder cannot be written.
    #[error("cannot write `{}`: {source}", path.display())]
    NotWritten { path: PathBuf, source: io::Error },
    /// The command does not exist.
    #[error("unknown command `{0}`")]
    UnknownCommand(String),
    /// The extension of a plot is not supported.
    #[error("cannot write `{}`: expected a file name that ends in .svg or .png", .0.display())]
    PlotFormat(PathBuf),
    /// Binary output would be written to a terminal.
    #[error("cannot write Parquet to a terminal: redirect standard output to a file")]
    Binary,
    /// A confirmation is required, and standard input is not a terminal.
    #[error("confirmation is required, and there is no terminal: use `{flag}`")]
    NoTerminal { flag: &'static str },
    /// A research in memory, which prints its results at the end, cannot be detached.
    #[error(
        "cannot detach a research that keeps its results in memory: remove `--detach` or \
         `dump_results = false`"
    )]
    DetachedInMemory,
    /// No environment of this name was recorded.
    #[error("no recorded environment `{what}` (available: {known})")]
    NoEnv { what: String, known: String },
    /// Standard output cannot be written.
    #[error("cannot write output: {0}")]
    Output(#[from] io::Error),
}

impl CommandError {
    /// Adds the file that the command should run to the error of a research that already exists.
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
            Self::Storage(error) => storage_exit(error),
            Self::Research(error) => research_exit(error),
            // The reader has closed the pipe, as `head` does.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Success,
            Self::Output(_)
            | Self::NotWritten { .. }
            | Self::FewerRows(_)
            | Self::Impossible(_) => Exit::Impossible,
            _ => Exit::Usage,
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

macro_rules! other_errors {
    ($($variant:ident: $($error:ty),*;)*) => {$($(
        impl From<$error> for CommandError {
            fn from(error: $error) -> Self {
                Self::$variant(error.into())
            }
        }
    )*)*};
}

other_errors! {
    Usage: SyntaxError, DomainError, IdRegistryError;
    Impossible: ProbeError, LargeValueError;
}

macro_rules! errors_of_parts {
    ($($error:ident { $($variant:ident),* } $(else $other:ident)?;)*) => {$(
        impl From<$error> for CommandError {
            fn from(error: $error) -> Self {
                match error {
                    $($error::$variant(error) => error.into(),)*
                    $(other => Self::$other(other.into()),)?
                }
            }
        }
    )*};
}

errors_of_parts! {
    TableError { Storage, Output } else Usage;
    PlotError { Storage, Table } else Usage;
    PreviewError { File, Research, Ids } else Impossible;
}

impl From<QueryError> for CommandError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Storage(error) => error.into(),
            QueryError::Output(error) => error.into(),
            QueryError::TimedOut(_) => Self::Impossible(error.into()),
            error => Self::Usage(error.into()),
        }
    }
}
