//! Reads the results of a log in partitions, each small enough for memory.

use research_core::{EventLog, StorageError};

use crate::log_index::Places;
use crate::results::Results;
use crate::source::Partition;
use crate::windows::Windows;

/// Reads the results of a log in partitions, in the order of the domain. Events that were appended
/// after the log was indexed are in none of them.
///
/// An experiment that is larger than a partition is divided into several, each with the values of a
/// range of iterations. Each experiment takes 32 bytes, and a partition about the requested memory,
/// unless a single iteration takes more.
pub(crate) struct Partitions {
    log: Box<dyn EventLog>,
    /// The index of the log, with experiments in the order of the domain.
    places: Places,
    windows: Windows,
    parts: Vec<Partition>,
    /// The partition that was read last.
    latest: Option<(usize, Results)>,
}

impl Partitions {
    /// Indexes a log, and divides it into partitions of about `bytes`.
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

    /// Returns the number of partitions.
    pub(crate) fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether the experiments of a partition have no values in an earlier partition.
    pub(crate) fn has_new_experiments(&self, part: usize) -> bool {
        let iterations = self.parts[part].iterations.as_ref();
        iterations.is_none_or(|iterations| iterations.start == 0)
    }

    /// Returns the results of a partition. The one that was read last is still in memory.
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
