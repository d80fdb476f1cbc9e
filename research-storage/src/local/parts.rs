//! The results of a log in parts, each small enough to be in memory.

use research_core::StorageError;

use super::places::Places;
use super::windows::Windows;
use crate::log::LogReader;
use crate::results::{Partition, Results};

/// Reads the results of a log in parts: those of the experiments of some places after those of the
/// places before. What was appended after the log was first looked through is in none.
///
/// An experiment that is larger than a part is divided into several, each with the values of a range
/// of iterations. Each experiment takes 32 bytes, and a part about as much as was asked for, unless a
/// single iteration takes more.
pub(super) struct Parts {
    log: LogReader,
    /// In the order of the domain.
    places: Places,
    windows: Windows,
    parts: Vec<Partition>,
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
        let windows = Windows::find(&mut log, &places, bytes)?;
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
    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether the experiments of a part have no values in an earlier part.
    pub(super) fn has_new_experiments(&self, part: usize) -> bool {
        let iterations = self.parts[part].iterations.as_ref();
        iterations.is_none_or(|iterations| iterations.start == 0)
    }

    /// The results of a part; the one that was read last is still there.
    pub(super) fn read(&mut self, part: usize) -> Result<&Results, StorageError> {
        let latest = self.latest.take().filter(|(latest, _)| *latest == part);
        let results = match latest {
            Some((_, results)) => results,
            None => {
                let Partition {
                    experiments,
                    iterations,
                } = &self.parts[part];
                let places = &self.places.experiments[experiments.clone()];
                let (log, iterations) = (&mut self.log, iterations.as_ref());
                self.windows
                    .read(log, &self.places, places.iter(), iterations, None)?
            }
        };
        Ok(&self.latest.insert((part, results)).1)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
pub(super) mod tests {
    use research_core::{
        Column, Event, ExperimentNumber, ExperimentRecord, FsyncPolicy, Iterations, Timestamp,
        WorkerNumber,
    };
    use research_domain::{Config, ExperimentId};

    use super::Parts;
    use crate::log::{LogReader, LogWriter};
    use crate::results::{ExperimentResult, Series};

    const EXPERIMENT: ExperimentNumber = ExperimentNumber(0);
    pub(crate) const BATCHES: u64 = 500;
    pub(crate) const BATCH: u64 = 20;

    pub(crate) fn started(attempt: u32) -> Event {
        let record = ExperimentRecord {
            id: ExperimentId::parse("5bd1e99500000000").unwrap(),
            place: 0,
            config: Config::new(),
            repetition: 0,
            updates: 0,
            seed: 0,
        };
        Event::ExperimentStarted {
            at: Timestamp(0),
            experiment: EXPERIMENT,
            attempt,
            worker: WorkerNumber(0),
            pid: 1,
            record: Box::new(record),
            epoch: 0,
            added: Default::default(),
        }
    }

    /// Values of a batch of iterations.
    pub(crate) fn saved(variable: &str, batch: u64) -> Event {
        Event::Values {
            experiment: EXPERIMENT,
            variable: variable.into(),
            iterations: Iterations::Run {
                first: batch * BATCH,
                count: BATCH,
            },
            column: Column::Float(vec![0.5; BATCH as usize]),
        }
    }

    /// Asserts that no part of a log with one experiment, which saves batches in this order, holds
    /// more than twice what was asked for, and that all values are in some part.
    fn assert_bounded(order: impl Iterator<Item = u64>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.log");
        let mut writer = LogWriter::create(&path, FsyncPolicy::Never).unwrap();
        let attempt = |attempt| {
            [
                started(attempt),
                saved("loss", 0),
                saved("loss", BATCHES - 1),
            ]
        };
        writer.append(&attempt(1)).unwrap();
        writer.append(&attempt(2)).unwrap();
        for batch in order {
            let events = [saved("loss", batch), saved("accuracy", batch)];
            writer.append(&events).unwrap();
            writer.commit(false).unwrap();
        }
        let most = 200;
        let bytes = most * size_of::<(u64, f64)>();
        let mut parts = Parts::of(LogReader::open(&path).unwrap(), bytes).unwrap();
        let (mut total, mut experiments) = (0, 0);
        for part in 0..parts.len() {
            experiments += usize::from(parts.has_new_experiments(part));
            let results = parts.read(part).unwrap();
            let series = results.experiments().flat_map(ExperimentResult::series);
            let held: usize = series.map(Series::len).sum();
            assert!((1..=2 * most).contains(&held), "{held} values in {part}");
            total += held;
        }
        assert_eq!((total as u64, experiments), (2 * BATCHES * BATCH, 1));
    }

    #[test]
    fn no_part_of_a_large_experiment_holds_more_than_twice_what_was_asked_for() {
        assert_bounded(0..BATCHES);
        assert_bounded((0..BATCHES).rev());
        assert_bounded((0..BATCHES).map(|batch| batch * 7 % BATCHES));
        assert_bounded(
            (0..2 * BATCHES)
                .map(|batch| batch / 3 % BATCHES)
                .chain(333..BATCHES),
        );
    }
}
