//! Results whose values are read from the log as they are needed.

use std::io;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use research_core::StorageError;

use super::StoredResearch;
use super::places::Places;
use super::windows::Windows;
use crate::log::LogReader;
#[cfg(feature = "plot")]
use crate::plot::{Plot, PlotError, PlotOptions, gather};
use crate::results::{ExperimentResult, Part, Partition, Results, Source};
use crate::table::{SummaryOptions, Table, TableError, TableOptions, summary_table};

/// About how much of the values is in memory at once.
const PART_BYTES: usize = 32 << 20;

/// Results whose values are read from the log, the values of some experiments at a time, and of an
/// experiment with many values those of some iterations. What was appended after the log was opened
/// is not there.
///
/// An experiment takes some 500 bytes, whatever it has saved.
pub struct LogResults {
    outline: Results,
    places: Places,
    /// Where the values of large experiments are; looked for when values are first needed.
    windows: OnceLock<Windows>,
    unknown: u64,
    log: Mutex<LogReader>,
    bytes: usize,
}

/// Why a table of results that are read from the log cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum LogResultsError {
    /// The log cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The options contradict each other, or name what there is not.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The table cannot be written.
    #[error("cannot write the table: {0}")]
    Output(io::Error),
}

/// Why a picture of results that are read from the log cannot be made.
#[cfg(feature = "plot")]
#[derive(Debug, thiserror::Error)]
pub enum LogPlotError {
    /// The log cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The picture cannot be made.
    #[error(transparent)]
    Plot(#[from] PlotError),
}

impl StoredResearch {
    /// Reads which experiments there are; their values are read as they are needed, so that there is
    /// no need of memory for all of them.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn log_results(&self) -> Result<LogResults, StorageError> {
        self.log_results_in_parts(PART_BYTES)
    }

    /// The same with about so many bytes of values in memory at once.
    ///
    /// # Errors
    /// As for [`log_results`](Self::log_results).
    pub fn log_results_in_parts(&self, bytes: usize) -> Result<LogResults, StorageError> {
        read(self.events()?, bytes)
    }
}

fn read(mut log: LogReader, bytes: usize) -> Result<LogResults, StorageError> {
    let mut outline = Results::outline();
    let places = Places::find(&mut log, bytes, &mut |event| outline.apply(event))?;
    Ok(LogResults {
        outline,
        places,
        windows: OnceLock::new(),
        unknown: log.unknown_events(),
        log: Mutex::new(log),
        bytes,
    })
}

impl LogResults {
    /// How many events of the log are of kinds that only newer versions of the program know.
    #[must_use]
    pub fn unknown_events(&self) -> u64 {
        self.unknown
    }

    /// Whether any experiment has saved something.
    #[must_use]
    pub fn has_values(&self) -> bool {
        self.outline.names().iter().next().is_some()
    }

    /// How well each config did; see [`Results::summary`].
    ///
    /// # Errors
    /// The log cannot be read; else as for [`Results::summary`].
    pub fn summary(
        &self,
        options: &TableOptions,
        summary: &SummaryOptions,
    ) -> Result<Table<'_>, LogResultsError> {
        summary_table(self, options, summary)
    }
}

#[cfg(feature = "plot")]
impl LogResults {
    /// A picture of what experiments have saved; see [`Results::plot`].
    ///
    /// # Errors
    /// The log cannot be read; else as for [`Results::plot`].
    pub fn plot(
        &self,
        filters: &TableOptions,
        options: &PlotOptions,
    ) -> Result<Plot, LogPlotError> {
        gather(self, filters, options)
    }
}

impl Source for LogResults {
    type Error = StorageError;

    fn results(&self) -> &Results {
        &self.outline
    }

    fn divide(&self, experiments: &[&ExperimentResult]) -> Result<Vec<Partition>, StorageError> {
        let places = experiments.iter().map(|one| self.places.get(one.number));
        Ok(self.windows()?.divide(places, self.bytes))
    }

    #[cfg(feature = "plot")]
    fn divide_by_iterations(
        &self,
        experiments: &[&ExperimentResult],
    ) -> Result<Vec<Partition>, StorageError> {
        let places = experiments.iter().map(|one| self.places.get(one.number));
        let places: Option<Vec<_>> = places.collect();
        let windows = self.windows()?;
        let divide = |places: Vec<_>| windows.divide_by_iterations(&places, self.bytes);
        Ok(places.map_or_else(Vec::new, divide))
    }

    fn read(
        &self,
        experiments: &[&ExperimentResult],
        iterations: Option<&Range<u64>>,
        options: &TableOptions,
    ) -> Result<Part<'_>, StorageError> {
        let windows = self.windows()?;
        let places = experiments.iter();
        let places = places.filter_map(|one| self.places.get(one.number));
        let (mut log, options) = (self.log(), Some(options));
        let results = windows.read(&mut log, &self.places, places, iterations, options)?;
        Ok(Part::Owned(Box::new(results)))
    }

    #[cfg(feature = "query")]
    fn passes(&self, experiments: &[&ExperimentResult]) -> Result<usize, StorageError> {
        let blocks = |partition: Partition| match partition.iterations {
            // The partitions of a divided experiment read its blocks about once together.
            Some(iterations) if iterations.start > 0 => 0,
            _ => {
                let places = experiments[partition.experiments].iter();
                self.places
                    .count_blocks(places.filter_map(|one| self.places.get(one.number)))
            }
        };
        let read: usize = self.divide(experiments)?.into_iter().map(blocks).sum();
        Ok(read.div_ceil(self.places.len().max(1)))
    }
}

impl LogResults {
    fn log(&self) -> MutexGuard<'_, LogReader> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn windows(&self) -> Result<&Windows, StorageError> {
        if let Some(windows) = self.windows.get() {
            return Ok(windows);
        }
        let found = Windows::find(&mut self.log(), &self.places, self.bytes)?;
        Ok(self.windows.get_or_init(|| found))
    }
}

#[cfg(all(test, feature = "parquet"))]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::super::parts::tests::{BATCH, BATCHES, saved, started};
    use super::{Source, TableOptions};
    use crate::log::{LogReader, LogWriter};
    use crate::results::{Order, Series, Visit};
    use research_core::FsyncPolicy;

    #[test]
    fn readers_hold_no_more_than_twice_what_was_asked_for_of_one_experiment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.log");
        let mut writer = LogWriter::create(&path, FsyncPolicy::Never).unwrap();
        writer.append(&[started(1)]).unwrap();
        for batch in 0..BATCHES {
            writer
                .append(&[saved("loss", batch * 7 % BATCHES)])
                .unwrap();
            writer.commit(false).unwrap();
        }
        let most = 200;
        let bytes = most * size_of::<(u64, f64)>();
        let results = super::read(LogReader::open(&path).unwrap(), bytes).unwrap();
        let experiments: Vec<_> = results.results().experiments().collect();
        for order in [Order::Rising, Order::Falling] {
            let (mut held, mut first) = (Vec::new(), Vec::new());
            let see = &mut |visit: Visit<'_>| {
                let series = visit.experiment.series();
                held.push(series.iter().map(Series::len).sum::<usize>());
                first.push(series[0].iteration(0));
            };
            let options = TableOptions::new();
            results
                .for_each_value(&experiments, &options, order, see)
                .unwrap();
            assert!(
                held.iter().all(|held| (1..=2 * most).contains(held)),
                "{held:?}"
            );
            assert_eq!(held.iter().sum::<usize>() as u64, BATCHES * BATCH);
            let is_sorted = match order {
                Order::Rising => first.is_sorted(),
                Order::Falling => first.is_sorted_by(|one, next| one > next),
            };
            assert!(is_sorted, "{first:?}");
        }
    }
}
