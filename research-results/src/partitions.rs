//! The results of a log in parts, each small enough to be in memory.

use research_core::{EventLog, StorageError};

use crate::log_index::Places;
use crate::results::Results;
use crate::source::Partition;
use crate::windows::Windows;

/// Reads the results of a log in parts: those of the experiments of some places after those of the
/// places before. What was appended after the log was first looked through is in none.
///
/// An experiment that is larger than a partition is divided into several, each with the values of a
/// range of iterations. Each experiment takes 32 bytes, and a partition about as much as was
/// requested, unless a single iteration takes more.
pub(crate) struct Partitions {
    log: Box<dyn EventLog>,
    /// In the order of the domain.
    places: Places,
    windows: Windows,
    parts: Vec<Partition>,
    /// The part that was read last.
    latest: Option<(usize, Results)>,
}

impl Partitions {
    /// Looks through a log for what its parts must be, so that each takes about so many bytes.
    pub(crate) fn new(log: impl EventLog + 'static, bytes: usize) -> Result<Self, StorageError> {
        let mut log: Box<dyn EventLog> = Box::new(log);
        let mut places = Places::find(&mut *log, bytes, &mut |_| {})?;
        places
            .experiments
            .sort_unstable_by_key(|one| (one.place, one.number));
        let windows = Windows::find(&mut *log, &places, bytes)?;
        let parts = windows.divide(places.experiments.iter().map(Some), bytes);
        Ok(Self {
            log,
            places,
            windows,
            parts,
            latest: None,
        })
    }

    /// How many parts there are.
    pub(crate) fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether the experiments of a part have no values in an earlier part.
    pub(crate) fn has_new_experiments(&self, part: usize) -> bool {
        let iterations = self.parts[part].iterations.as_ref();
        iterations.is_none_or(|iterations| iterations.start == 0)
    }

    /// The results of a part; the one that was read last is still there.
    pub(crate) fn read(&mut self, part: usize) -> Result<&Results, StorageError> {
        let latest = self.latest.take().filter(|(latest, _)| *latest == part);
        let results = match latest {
            Some((_, results)) => results,
            None => {
                let Partition {
                    experiments,
                    iterations,
                } = &self.parts[part];
                let places = &self.places.experiments[experiments.clone()];
                let (log, iterations) = (&mut *self.log, iterations.as_ref());
                self.windows
                    .read(log, &self.places, places.iter(), iterations, None)?
            }
        };
        Ok(&self.latest.insert((part, results)).1)
    }
}

#[cfg(test)]
mod tests;
