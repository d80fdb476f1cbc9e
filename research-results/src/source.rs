//! Access to the values of experiments, which are in memory or read when they are needed.

use std::ops::{Deref, Range};

use research_core::StorageError;

use crate::options::TableOptions;
use crate::results::{ExperimentResult, Results};

/// Values that are in memory together: those of some experiments, or of some iterations of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// The positions of the experiments among those that were divided.
    pub experiments: Range<usize>,
    /// The iterations whose values are read; all, if `None`.
    pub iterations: Option<Range<u64>>,
}

/// An experiment with its values, or with the values of some iterations.
pub struct Visit<'a> {
    /// The position of the experiment among those that are visited.
    pub position: usize,
    /// The experiment.
    pub experiment: &'a ExperimentResult,
    /// Whether this is the first visit of the experiment.
    pub is_first: bool,
    /// Whether this is the last visit of the experiment.
    pub is_last: bool,
}

/// The order in which the partitions of one experiment are visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Early iterations first.
    Rising,
    /// Late iterations first.
    Falling,
}

/// Experiments, and their values, which are in memory or read when they are needed.
pub trait Source: Sync {
    /// Returns the experiments, in the order of tables, with or without their values.
    fn results(&self) -> &Results;

    /// Divides experiments, in this order, into partitions. An experiment with many values is
    /// divided by iterations, into consecutive partitions in rising order.
    ///
    /// # Errors
    /// The log cannot be read.
    fn divide(&self, experiments: &[&ExperimentResult]) -> Result<Vec<Partition>, StorageError>;

    /// Divides experiments so that all values of an iteration are read before those of later
    /// iterations. Returns no partitions unless one of the experiments has many values.
    ///
    /// # Errors
    /// The log cannot be read.
    fn divide_by_iterations(
        &self,
        experiments: &[&ExperimentResult],
    ) -> Result<Vec<Partition>, StorageError>;

    /// Returns the values of the experiments of a partition that `options` select.
    ///
    /// # Errors
    /// The log cannot be read.
    fn read(
        &self,
        experiments: &[&ExperimentResult],
        iterations: Option<&Range<u64>>,
        options: &TableOptions,
    ) -> Result<Values<'_>, StorageError>;

    /// Returns how often the log is read if experiments are read in this order.
    ///
    /// # Errors
    /// The log cannot be read.
    fn passes(&self, experiments: &[&ExperimentResult]) -> Result<usize, StorageError>;

    /// Calls `visit` with each experiment, in order, with the values that `options` select.
    ///
    /// # Errors
    /// The log cannot be read.
    fn for_each_value(
        &self,
        experiments: &[&ExperimentResult],
        options: &TableOptions,
        order: Order,
        visit: &mut dyn FnMut(Visit<'_>),
    ) -> Result<(), StorageError> {
        let mut partitions = self.divide(experiments)?;
        let is_same = |one: &Partition, next: &Partition| one.experiments == next.experiments;
        for windows in partitions.chunk_by_mut(is_same) {
            if order == Order::Falling {
                windows.reverse();
            }
            for (number, window) in windows.iter().enumerate() {
                let chosen = &experiments[window.experiments.clone()];
                let values = self.read(chosen, window.iterations.as_ref(), options)?;
                for (position, one) in window.experiments.clone().zip(chosen) {
                    if let Some(experiment) = values.experiment(one.number) {
                        visit(Visit {
                            position,
                            experiment,
                            is_first: number == 0,
                            is_last: number + 1 == windows.len(),
                        });
                    }
                }
            }
        }
        Ok(())
    }
}

/// Results with the values of some experiments.
#[derive(Debug)]
pub enum Values<'a> {
    /// Values that were in memory already.
    Borrowed(&'a Results),
    /// Values that were read.
    Owned(Box<Results>),
}

impl Deref for Values<'_> {
    type Target = Results;

    fn deref(&self) -> &Results {
        match self {
            Self::Borrowed(results) => results,
            Self::Owned(results) => results,
        }
    }
}

impl Source for Results {
    fn results(&self) -> &Results {
        self
    }

    fn divide(&self, experiments: &[&ExperimentResult]) -> Result<Vec<Partition>, StorageError> {
        Ok(vec![Partition {
            experiments: 0..experiments.len(),
            iterations: None,
        }])
    }

    fn divide_by_iterations(
        &self,
        _: &[&ExperimentResult],
    ) -> Result<Vec<Partition>, StorageError> {
        Ok(Vec::new())
    }

    fn read(
        &self,
        _: &[&ExperimentResult],
        _: Option<&Range<u64>>,
        _: &TableOptions,
    ) -> Result<Values<'_>, StorageError> {
        Ok(Values::Borrowed(self))
    }

    fn passes(&self, _: &[&ExperimentResult]) -> Result<usize, StorageError> {
        Ok(1)
    }
}
