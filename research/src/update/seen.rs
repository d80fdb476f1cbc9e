//! The state of a research for update rules: statuses and results of experiments.

use std::cell::{Cell, OnceCell};
use std::io::Write;

use research_core::{Event, EventLog, Status, UnitError};
use research_exec::EndedCounts;
use research_results::{Format, LogResults, Results, TableExport, TableOptions};

use super::log_prefix::{PrefixFinder, missing};
use crate::error::ResearchError;
use crate::place::StorageBackend;

/// The state of a research. Results are read when a rule first requests them, so that rules without
/// them need no memory.
pub(super) struct Seen {
    ended: EndedCounts,
    kept: StorageBackend,
    prefixes: PrefixFinder,
    results: OnceCell<Followed>,
    /// The reason that the results could not be read.
    failure: Cell<Option<ResearchError>>,
}

impl Seen {
    pub(super) fn new(kept: StorageBackend) -> Self {
        Self {
            ended: EndedCounts::default(),
            kept,
            prefixes: PrefixFinder::default(),
            results: OnceCell::new(),
            failure: Cell::new(None),
        }
    }

    /// Takes the counts of all events up to now.
    pub(super) fn see(&mut self, ended: &EndedCounts) {
        self.ended = ended.clone();
        if let Some(results) = self.results.get_mut()
            && let Err(error) = results.follow(ended.events)
        {
            self.failure.set(Some(error));
        }
    }

    /// Returns the number of experiments that ended with one of these statuses.
    pub(super) fn count(&self, is_wanted: impl Fn(Status) -> bool) -> u64 {
        self.ended.count(is_wanted)
    }

    /// Returns the results so far; empty if they cannot be read, which fails the rule.
    pub(super) fn results(&self) -> &Results {
        let followed = self.results.get_or_init(|| {
            self.read().unwrap_or_else(|error| {
                self.failure.set(Some(error));
                Followed::default()
            })
        });
        &followed.results
    }

    /// Returns the reason that the results could not be read, if so.
    pub(super) fn take_failure(&mut self) -> Option<UnitError> {
        let failure = self.failure.take()?;
        self.results.take();
        Some(UnitError::new(format!(
            "the results so far cannot be read: {failure}"
        )))
    }

    fn read(&self) -> Result<Followed, ResearchError> {
        let mut followed = Followed {
            log: Some(self.kept.log()?),
            ..Followed::default()
        };
        followed.follow(self.ended.events)?;
        Ok(followed)
    }

    /// Writes the results of the counted events for a program, with a row for every experiment; for
    /// researches of earlier versions, only saved values.
    pub(super) fn write(&self, sees_all: bool, output: &mut dyn Write) -> Result<(), UnitError> {
        let options = TableOptions::new().aux(true);
        let log = self.prefixes.prefix(self.kept.log()?, self.ended.events);
        let log = log.map_err(|error| UnitError::new(error.to_string()))?;
        if sees_all {
            TableExport::new(log)?.write_csv(output)?;
        } else {
            let results = LogResults::new(log)?;
            results.table(&options)?.write(Format::Csv, output)?;
        }
        Ok(())
    }
}

/// Results that follow the event log.
#[derive(Default)]
struct Followed {
    results: Results,
    log: Option<Box<dyn EventLog>>,
    /// Events that were read and are not yet in the results.
    rest: Vec<Event>,
    /// The number of events in the results.
    seen: u64,
}

impl Followed {
    /// Applies all events up to this number of events.
    fn follow(&mut self, until: u64) -> Result<(), ResearchError> {
        while self.seen < until {
            if self.rest.is_empty() {
                let events = self.log.as_mut().map(EventLog::next_batch).transpose()?;
                let Some(events) = events.flatten() else {
                    return Err(missing(until - self.seen));
                };
                self.rest = events;
            }
            let left = usize::try_from(until - self.seen).unwrap_or(usize::MAX);
            let count = self.rest.len().min(left);
            self.results.extend(&self.rest[..count]);
            self.rest.drain(..count);
            self.seen += count as u64;
        }
        Ok(())
    }
}
