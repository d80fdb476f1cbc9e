//! The results of a log in parts, each small enough to be in memory.

use std::ops::Range;

use research_core::{ExperimentNumber, StorageError};

use super::places::{Place, Places, divide};
use crate::log::LogReader;
use crate::results::Results;

/// Reads the results of a log in parts: those of the experiments of some places after those of the
/// places before. What was appended after the log was first looked through is in none.
///
/// Each experiment takes 32 bytes, and a part what its experiments take, of which there is at least
/// one.
pub(super) struct Parts {
    log: LogReader,
    /// In the order of the domain.
    places: Places,
    /// Which experiments each part has.
    parts: Vec<Range<usize>>,
    /// The part that was read last.
    latest: Option<(usize, Results)>,
}

impl Parts {
    /// Looks through a log for what its parts must be, so that each takes about so many bytes.
    pub(super) fn of(mut log: LogReader, bytes: usize) -> Result<Self, StorageError> {
        let mut places = Places::find(&mut log, bytes, &mut |_| {})?;
        places
            .experiments
            .sort_unstable_by_key(|one| (one.place, one.number));
        let parts = divide(places.experiments.iter().map(Place::bytes), bytes);
        Ok(Self {
            log,
            places,
            parts,
            latest: None,
        })
    }

    /// How many parts there are.
    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    /// The results of a part; the one that was read last is still there.
    pub(super) fn read(&mut self, part: usize) -> Result<&Results, StorageError> {
        let latest = self.latest.take().filter(|(latest, _)| *latest == part);
        let results = match latest {
            Some((_, results)) => results,
            None => self.fold(part)?,
        };
        Ok(&self.latest.insert((part, results)).1)
    }

    fn fold(&mut self, part: usize) -> Result<Results, StorageError> {
        let experiments = &self.places.experiments[self.parts[part].clone()];
        let numbers = experiments
            .iter()
            .map(|one| (ExperimentNumber(one.number), one.place));
        let mut results = Results::of_part(numbers.collect());
        self.places
            .fold(&mut self.log, experiments.iter(), &mut results)?;
        Ok(results)
    }
}
