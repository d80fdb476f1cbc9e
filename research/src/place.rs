//! The location of a stored research.

use std::path::{Path, PathBuf};

use research_core::{EventLog, StorageError};
use research_storage::{MemoryEvents, StoredResearch};

#[cfg(feature = "parquet")]
use crate::tables::{ReplaceTables, write_tables};

/// The size of a log from which writing the tables takes seconds, which is announced.
#[cfg(feature = "parquet")]
const LONG_LOG: u64 = 64 << 20;

/// The location of a stored research.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a folder of its name inside this folder.
    Folder(PathBuf),
    Memory,
}

/// The storage of the events.
#[derive(Clone, Debug)]
pub(crate) enum StorageBackend {
    Folder(PathBuf),
    Memory(MemoryEvents),
}

impl StorageBackend {
    /// Returns the log of the research.
    pub(crate) fn log(&self) -> Result<Box<dyn EventLog>, StorageError> {
        Ok(match self {
            Self::Folder(folder) => Box::new(StoredResearch::load(folder)?.events()?),
            Self::Memory(events) => Box::new(events.log()),
        })
    }

    /// Returns the folder of the research, if it has one.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Memory(_) => None,
        }
    }
}

#[cfg(feature = "parquet")]
impl StorageBackend {
    /// Writes the Parquet tables beside the log, and returns an error message if that fails. The
    /// log is complete, so a full disk does not fail the run.
    pub(crate) fn write_tables(
        &self,
        on_large: Option<Box<dyn FnOnce() + Send>>,
    ) -> Option<String> {
        let Self::Folder(folder) = self else {
            return None;
        };
        let log = std::fs::metadata(folder.join("events.log"));
        if let Some(notice) = on_large.filter(|_| log.is_ok_and(|log| log.len() >= LONG_LOG)) {
            notice();
        }
        let replace = ReplaceTables::UnlessFewerExperiments;
        let written =
            StoredResearch::load(folder).and_then(|stored| write_tables(&stored, replace));
        written.err().map(|error| error.to_string())
    }
}
