//! The text logs: `research.log` and the logs of experiments, for users. The event log has all of
//! their content.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use research_core::domain::ExperimentId;
use research_core::files::{append_to_regular, create_experiment_folder};
use research_core::{Event, Fold, LogLevel, StorageError, Timestamp};

use super::files::EXPERIMENT_LOG;
use crate::log_entries::{Boundaries, LogEntries, LogEntry, LogEntryKind};

/// The size in bytes at which lines are written even before a commit.
const BUFFER_TARGET: usize = 1 << 20;

/// The text logs. Lines are buffered, and written at a commit.
#[derive(Debug)]
pub(super) struct TextLogs {
    path: PathBuf,
    file: File,
    experiments: PathBuf,
    entries: LogEntries,
    lines: String,
    /// Buffered lines for the logs of experiments.
    of_experiments: HashMap<ExperimentId, String>,
}

impl TextLogs {
    /// Opens `research.log` to append to it. An experiment has a log if there is a message about
    /// it; at the level `debug` every experiment has one.
    pub(super) fn open(path: &Path, experiments: &Path) -> Result<Self, StorageError> {
        let file = append_to_regular(path).map_err(StorageError::io("open", path))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            experiments: experiments.to_owned(),
            entries: LogEntries::new(LogLevel::Debug, Boundaries::OfLogged),
            lines: String::new(),
            of_experiments: HashMap::new(),
        })
    }

    /// Sets the lowest level of messages that are written.
    pub(super) fn set_level(&mut self, level: LogLevel) {
        self.entries.set_level(level);
        self.entries.set_boundaries(match level {
            LogLevel::Debug => Boundaries::All,
            _ => Boundaries::OfLogged,
        });
    }

    pub(super) fn append(&mut self, events: &[Event]) -> Result<(), StorageError> {
        self.entries.apply_all(events);
        for entry in self.entries.take() {
            if entry.kind != LogEntryKind::Boundary {
                self.lines += &entry.to_string();
            }
            if let Some(id) = &entry.experiment {
                let lines = self.of_experiments.entry(id.clone()).or_default();
                *lines += &entry.in_own_log().to_string();
            }
        }
        match self.lines.len() {
            BUFFER_TARGET.. => self.write(),
            _ => Ok(()),
        }
    }

    /// Writes the buffered lines.
    pub(super) fn write(&mut self) -> Result<(), StorageError> {
        for (id, lines) in self.of_experiments.drain() {
            // A unit may have removed or changed the folder of its experiment, which must not end
            // the run.
            if let Err(error) =
                write_experiment_log(&self.experiments.join(id.as_ref() as &str), &lines)
            {
                let warning = LogEntry {
                    at: Timestamp::now(),
                    level: LogLevel::Warning,
                    experiment: None,
                    text: format!("the log of experiment {id} could not be written: {error}"),
                    kind: LogEntryKind::Message,
                };
                self.lines += &warning.to_string();
            }
        }
        if self.lines.is_empty() {
            return Ok(());
        }
        // Discard the lines even if the write fails: part of them may be in the file, and a retry
        // would write that part twice.
        let lines = std::mem::take(&mut self.lines);
        self.file
            .write_all(lines.as_bytes())
            .map_err(StorageError::io("write", &self.path))
    }
}

fn write_experiment_log(folder: &Path, lines: &str) -> std::io::Result<()> {
    create_experiment_folder(folder)?;
    append_to_regular(&folder.join(EXPERIMENT_LOG))?.write_all(lines.as_bytes())
}
