//! Results whose values are read from the log as they are needed.

mod table;

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use research_core::{Event, EventLog, StorageError};

use crate::error::TableError;
use crate::log_index::Places;
use crate::options::TableOptions;
use crate::results::{ExperimentResult, Results};
use crate::source::{Partition, Source, Values};
use crate::summary::{SummaryOptions, summary_table};
use crate::table::Table;
use crate::windows::Windows;

pub use table::LogTable;

/// The approximate size in bytes of the values in memory at a time.
const PART_BYTES: usize = 32 << 20;

/// Results whose values are read from the log, the values of some experiments at a time, and of an
/// experiment with many values those of some iterations. They do not include events that were
/// appended after the log was opened.
///
/// An experiment takes about 500 bytes, however many values it has saved.
pub struct LogResults {
    outline: Results,
    places: Places,
    /// The index of the values of large experiments, which is built when values are first needed.
    windows: OnceLock<Windows>,
    unknown: u64,
    log: Mutex<Box<dyn EventLog>>,
    bytes: usize,
}

impl LogResults {
    /// Reads the experiments. Their values are read when they are needed, so they are never all in
    /// memory.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn new(log: impl EventLog + 'static) -> Result<Self, StorageError> {
        Self::with_memory(log, PART_BYTES)
    }

    /// Like [`new`](Self::new), with about `bytes` of values in memory at a time.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn with_memory(log: impl EventLog + 'static, bytes: usize) -> Result<Self, StorageError> {
        let mut log: Box<dyn EventLog> = Box::new(log);
        let mut outline = Results::outline();
        let mut unknown = 0;
        let places = Places::find(&mut *log, bytes, &mut |event| {
            unknown += u64::from(matches!(event, Event::Unknown(_)));
            outline.apply(event);
        })?;
        Ok(Self {
            outline,
            places,
            windows: OnceLock::new(),
            unknown,
            log: Mutex::new(log),
            bytes,
        })
    }
}

impl LogResults {
    /// Returns the number of events in the log whose kinds only newer versions of the program know.
    #[must_use]
    pub fn unknown_events(&self) -> u64 {
        self.unknown
    }

    /// Whether any experiment has saved a value.
    #[must_use]
    pub fn has_values(&self) -> bool {
        self.outline.names().iter().next().is_some()
    }

    /// Returns the means of the variables of each config; see [`Results::summary`].
    ///
    /// # Errors
    /// The log cannot be read; otherwise as for [`Results::summary`].
    pub fn summary(
        &self,
        options: &TableOptions,
        summary: &SummaryOptions,
    ) -> Result<Table<'_>, TableError> {
        summary_table(self, options, summary)
    }
}

impl Source for LogResults {
    fn results(&self) -> &Results {
        &self.outline
    }

    fn divide(&self, experiments: &[&ExperimentResult]) -> Result<Vec<Partition>, StorageError> {
        let places = experiments.iter().map(|one| self.places.get(one.number));
        Ok(self.windows()?.divide(places, self.bytes))
    }

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
    ) -> Result<Values<'_>, StorageError> {
        let windows = self.windows()?;
        let places = experiments.iter();
        let places = places.filter_map(|one| self.places.get(one.number));
        let (mut log, options) = (self.log(), Some(options));
        let results = windows.read(&mut **log, &self.places, places, iterations, options)?;
        Ok(Values::Owned(Box::new(results)))
    }

    fn passes(&self, experiments: &[&ExperimentResult]) -> Result<usize, StorageError> {
        let blocks = |partition: Partition| match partition.iterations {
            // Together, the partitions of a divided experiment read its blocks about once.
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
    fn log(&self) -> MutexGuard<'_, Box<dyn EventLog>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn windows(&self) -> Result<&Windows, StorageError> {
        if let Some(windows) = self.windows.get() {
            return Ok(windows);
        }
        let found = Windows::find(&mut **self.log(), &self.places, self.bytes)?;
        Ok(self.windows.get_or_init(|| found))
    }
}
