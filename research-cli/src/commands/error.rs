//! Why a command could not do what it was asked to.

use std::io;
use std::path::{Path, PathBuf};

use research::ResearchError;
use research::core::{LargeValueError, StorageError, shell_word};
use research::domain::{DomainError, IdRegistryError, SyntaxError, suggest};
use research::exec::RunError;
use research::exec::devices::ProbeError;
use research::storage::{
    ArtifactsError, LogPlotError, LogResultsError, PlotError, QueryError, TableError, list,
};

use research::file::{FileError, PreviewError};

use crate::exit::Exit;

/// Why a command could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The research file is bad.
    #[error(transparent)]
    File(#[from] FileError),
    /// An argument is no domain expression.
    #[error("{0}")]
    Expression(Box<SyntaxError>),
    /// An argument is neither a file nor an expression.
    #[error(
        "there is no file `{0}`, and it is no domain expression either: write one as \"a=[1, 2] * b=[3]\""
    )]
    NoDomain(String),
    /// The domain cannot be, or cannot be counted.
    #[error("{0}")]
    Domain(Box<DomainError>),
    /// A config has too many repetitions to have ids.
    #[error("{0}")]
    Ids(#[from] IdRegistryError),
    /// All configs of a domain that has no end were asked for.
    #[error(
        "the domain is infinite: say how many configs you want to see with --head N, or how many there are with --n-items N"
    )]
    Infinite,
    /// A research of the name is there already.
    #[error(
        "{} exists already: go on with `research resume {word}`, run what is new in the file with \
         `research resume {word} --file {}`, remove it with `research remove {word}`, or take another name",
        path.display(),
        shell_word(&file.to_string_lossy()),
        word = shell_word(name)
    )]
    Exists {
        /// The research's folder.
        path: PathBuf,
        /// Its name.
        name: String,
        /// The file that was to be run.
        file: PathBuf,
    },
    /// A research that no file describes.
    #[error(
        "research `{0}` was not made from a research file: resume it with the program that made it"
    )]
    NotFromFile(String),
    /// The folder in which a research runs its commands is not there.
    #[error(
        "{} is gone, where the research was begun and its commands run: give `--here` to run them in the current folder", .0.display()
    )]
    DirectoryGone(PathBuf),
    /// A research cannot be run, or not to its end.
    #[error(transparent)]
    Research(#[from] Box<ResearchError>),
    /// The storage of a research.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A table would lose rows.
    #[error("{0}; --allow-fewer-rows replaces it")]
    FewerRows(StorageError),
    /// The profile was asked for of a research that has none.
    #[error(
        "research `{0}` was run without a profile: run it with `profile = 1` or `--set profile=1`"
    )]
    NoProfile(String),
    /// The condition of a filter of results is invalid.
    #[error("--where: {error}")]
    NoFilter {
        /// What is wrong with it.
        error: Box<SyntaxError>,
    },
    /// A table of results cannot be made.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The driver of devices does not answer.
    #[error(transparent)]
    Devices(#[from] ProbeError),
    /// A file would be written over.
    #[error("{} exists already: it is left alone; write to another file", .0.display())]
    FileExists(PathBuf),
    /// A file cannot be written.
    #[error("{} cannot be written: {source}", path.display())]
    NotWritten {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no such command.
    #[error("there is no command `{0}`: `research help` lists those that there are")]
    NoCommand(String),
    /// A question in SQL cannot be answered.
    #[error(transparent)]
    Query(QueryError),
    /// The files of experiments cannot be listed.
    #[error(transparent)]
    Artifacts(#[from] ArtifactsError),
    /// A large value cannot be read.
    #[error(transparent)]
    LargeValue(#[from] LargeValueError),
    /// A picture cannot be made.
    #[error(transparent)]
    Plot(#[from] PlotError),
    /// A file whose name does not say which kind of picture it is.
    #[error("{} is no picture that can be written: let it end in .svg or .png", .0.display())]
    NoPicture(PathBuf),
    /// What is no text would be written to a terminal.
    #[error("a Parquet file is nothing to read on a terminal: write `> FILE` after the command")]
    Binary,
    /// There is a question, and nobody to answer it.
    #[error(
        "this asks a question, and there is no terminal to answer it at: answer it with {flag}"
    )]
    NobodyToAsk {
        /// The flag that answers it.
        flag: &'static str,
    },
    /// Results that are printed at the end would be printed to nobody.
    #[error(
        "a research that is kept in memory prints its results at the end, and cannot be detached: \
         leave out --detach, or `dump_results = false`"
    )]
    DetachedInMemory,
    /// Nothing of this name was recorded.
    #[error("nothing was recorded as `{what}`; there is: {known}")]
    NoEnv {
        /// The name.
        what: String,
        /// What there is.
        known: String,
    },
    /// Nothing can be printed.
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl CommandError {
    /// The error where a file was to be run: of a research that is there already, it says how what
    /// is new in the file can be run.
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

    /// The exit code of a program that ends with this error.
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
            | Self::NoPicture(_)
            | Self::DetachedInMemory
            | Self::NobodyToAsk { .. } => Exit::Usage,
            Self::Query(QueryError::TimedOut(_)) => Exit::Impossible,
            Self::Query(_) => Exit::Usage,
            Self::NotFromFile(_) | Self::DirectoryGone(_) | Self::Exists { .. } => Exit::Usage,
            Self::FewerRows(_) => Exit::Impossible,
            Self::Storage(error) | Self::Artifacts(ArtifactsError::Storage(error)) => {
                storage_exit(error)
            }
            Self::Artifacts(ArtifactsError::Table(_)) => Exit::Usage,
            Self::Research(error) => research_exit(error),
            // Whoever reads has seen enough: `| head`.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Success,
            Self::Output(_) | Self::LargeValue(_) | Self::Devices(_) | Self::NotWritten { .. } => {
                Exit::Impossible
            }
        }
    }
}

impl CommandError {
    /// What else there is to say, where it takes a look around to know it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let missing = match self {
            Self::Storage(StorageError::NoResearch { path, .. }) => path,
            Self::Research(error) => match &**error {
                ResearchError::Storage(StorageError::NoResearch { path, .. }) => path,
                _ => return None,
            },
            _ => return None,
        };
        let folder = missing.parent().filter(|folder| folder.is_dir());
        let known = list(folder.unwrap_or(Path::new("."))).ok()?;
        let name = missing.file_name()?.to_str()?;
        let names = known
            .iter()
            .filter_map(|stored| stored.folder().file_name()?.to_str());
        Some(match suggest::nearest(name, names) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => "`research list` shows those that there are".to_owned(),
        })
    }
}

fn storage_exit(error: &StorageError) -> Exit {
    match error {
        StorageError::Exists { .. }
        | StorageError::Occupied { .. }
        | StorageError::NoResearch { .. }
        | StorageError::BadName { .. } => Exit::Usage,
        StorageError::Io { .. }
        | StorageError::Damaged { .. }
        | StorageError::TooNew { .. }
        | StorageError::FewerRows { .. }
        | StorageError::LogLost { .. }
        | StorageError::Locked { .. }
        | StorageError::LockedElsewhere { .. }
        | StorageError::TooLarge { .. }
        | StorageError::Encode(_) => Exit::Impossible,
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
        ResearchError::LargeValue(_)
        | ResearchError::Run(_)
        | ResearchError::Worker(_)
        | ResearchError::FailedBefore(_)
        | ResearchError::NotToldApart { .. }
        | ResearchError::LogRemoved { .. }
        | ResearchError::RunElsewhere { .. }
        | ResearchError::UnknownTest { .. }
        | ResearchError::Io { .. } => Exit::Impossible,
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
