//! Results whose values are read from the log as they are needed.

use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use research_core::{ExperimentNumber, StorageError};

use super::StoredResearch;
use super::places::{Place, Places, divide};
use crate::log::LogReader;
#[cfg(feature = "plot")]
use crate::plot::{Plot, PlotError, PlotOptions, gather};
use crate::results::{ExperimentResult, Part, Results, Source};
use crate::table::{SummaryOptions, Table, TableError, TableOptions, summary_table};

/// About how much of the values is in memory at once.
const PART_BYTES: usize = 32 << 20;

/// Results whose values are read from the log, the values of some experiments at a time. What was
/// appended after the log was opened is not there.
///
/// An experiment takes some 500 bytes, whatever it has saved.
pub struct LogResults {
    outline: Results,
    places: Places,
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
        let mut log = self.events()?;
        let mut outline = Results::outline();
        let places = Places::find(&mut log, bytes, &mut |event| outline.apply(event))?;
        Ok(LogResults {
            outline,
            places,
            log: Mutex::new(log),
            bytes,
        })
    }
}

impl LogResults {
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

    fn divide(&self, experiments: &[&ExperimentResult]) -> Vec<Range<usize>> {
        let bytes = |one: &&ExperimentResult| self.places.get(one.number).map_or(0, Place::bytes);
        divide(experiments.iter().map(bytes), self.bytes)
    }

    fn read(
        &self,
        experiments: &[&ExperimentResult],
        options: &TableOptions,
    ) -> Result<Part<'_>, StorageError> {
        let places = experiments.iter();
        let places = places.filter_map(|one| self.places.get(one.number));
        let kept: HashMap<ExperimentNumber, u64> = places
            .clone()
            .map(|place| (ExperimentNumber(place.number), place.place))
            .collect();
        let mut results = Results::of_part(kept).with_values_for(options);
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        self.places.fold(&mut log, places, &mut results)?;
        Ok(Part::Owned(Box::new(results)))
    }

    #[cfg(feature = "query")]
    fn passes(&self, experiments: &[&ExperimentResult]) -> usize {
        let blocks = |range: Range<usize>| {
            let places = experiments[range].iter();
            self.places
                .count_blocks(places.filter_map(|one| self.places.get(one.number)))
        };
        let read: usize = self.divide(experiments).into_iter().map(blocks).sum();
        read.div_ceil(self.places.len().max(1))
    }
}
