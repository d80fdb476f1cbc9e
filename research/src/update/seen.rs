//! The state of a research for update rules: statuses and results of experiments.

use std::cell::{Cell, OnceCell};
use std::io::{self, Write};

use research_core::{Event, Status, UnitError};
use research_storage::{Format, Results, StoredResearch, TableOptions};

use super::tally::Tally;
use crate::completed_run::StorageBackend;
use crate::error::ResearchError;

/// The state of a research. Results are read when a rule first requests them, so that other rules
/// need no memory for them.
pub(super) struct Seen {
    tally: Tally,
    kept: StorageBackend,
    results: OnceCell<Results>,
    /// Why the results could not be read.
    failure: Cell<Option<ResearchError>>,
}

impl Seen {
    pub(super) fn new(kept: StorageBackend, retries: u32) -> Self {
        Self {
            tally: Tally::new(retries),
            kept,
            results: OnceCell::new(),
            failure: Cell::new(None),
        }
    }

    pub(super) fn see(&mut self, events: &[Event]) {
        self.tally.see(events);
        if let Some(results) = self.results.get_mut() {
            results.extend(events);
        }
    }

    pub(super) fn redo_failed(&mut self) {
        self.tally.redo_failed();
    }

    /// Returns the number of experiments that ended with one of these statuses.
    pub(super) fn count(&self, is_wanted: impl Fn(Status) -> bool) -> u64 {
        self.tally.count(is_wanted)
    }

    /// Returns the results so far; empty if they cannot be read, which fails the rule.
    pub(super) fn results(&self) -> &Results {
        self.results.get_or_init(|| {
            self.read().unwrap_or_else(|error| {
                self.failure.set(Some(error));
                Results::new()
            })
        })
    }

    /// Returns why the results could not be read, if so.
    pub(super) fn take_failure(&mut self) -> Option<UnitError> {
        let failure = self.failure.take()?;
        self.results.take();
        Some(UnitError::new(format!(
            "the results so far cannot be read: {failure}"
        )))
    }

    /// Reads the events up to now; later ones arrive by `see`.
    fn read(&self) -> Result<Results, ResearchError> {
        let mut left = self.tally.events();
        let mut results = Results::new();
        let mut take = |events: &[Event]| {
            let count = usize::try_from(left).map_or(events.len(), |left| left.min(events.len()));
            results.extend(&events[..count]);
            left -= count as u64;
            left > 0
        };
        match &self.kept {
            StorageBackend::Memory(events) => {
                let _ = events.batches().iter().all(|batch| take(batch));
            }
            StorageBackend::Folder(folder) => {
                for events in StoredResearch::load(folder)?.events()? {
                    if !take(&events?) {
                        break;
                    }
                }
            }
        }
        if left > 0 {
            let reason = format!("the log has {left} fewer events than were written to it");
            let source = io::Error::new(io::ErrorKind::UnexpectedEof, reason);
            let action = "read the log";
            return Err(ResearchError::Io { action, source });
        }
        Ok(results)
    }

    /// Writes the results so far for a program, with a row for every experiment; for researches of
    /// earlier versions, only saved values.
    pub(super) fn write(&self, sees_all: bool, output: &mut dyn Write) -> Result<(), UnitError> {
        let read;
        let results = match (&self.kept, self.results.get()) {
            (_, Some(results)) => results,
            (StorageBackend::Folder(folder), None) if sees_all => {
                return Ok(StoredResearch::load(folder)?.write_overview(output)?);
            }
            // Needed only here.
            (_, None) => {
                read = self.read()?;
                &read
            }
        };
        if sees_all {
            return Ok(results.write_overview(output)?);
        }
        let table = results.to_table(&TableOptions::new().aux(true))?;
        Ok(table.write(Format::Csv, output)?)
    }
}
