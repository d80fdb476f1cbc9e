//! Where the values of experiments come from.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::ops::{Deref, Range};

#[cfg(feature = "query")]
use super::Series;
use super::{ExperimentResult, Results};
use crate::table::{Seen, TableOptions};

/// Values that are in memory together: those of some experiments, or those of some iterations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    /// The positions of the experiments among those that were divided.
    pub(crate) experiments: Range<usize>,
    /// The iterations whose values are read; all, if none.
    pub(crate) iterations: Option<Range<u64>>,
}

/// An experiment with its values, or with those of some iterations.
pub(crate) struct Visit<'a> {
    /// The position of the experiment among those that are visited.
    pub(crate) position: usize,
    pub(crate) experiment: &'a ExperimentResult,
    /// Whether this is the first visit of the experiment.
    pub(crate) is_first: bool,
    /// Whether this is the last visit of the experiment.
    pub(crate) is_last: bool,
}

/// The order in which the iterations of an experiment are visited that is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    #[cfg_attr(
        not(feature = "plot"),
        allow(dead_code, reason = "summaries need the other")
    )]
    Rising,
    Falling,
}

/// Experiments, and their values, which are in memory or are read as they are needed.
pub(crate) trait Source {
    /// Why values cannot be read.
    type Error;

    /// The experiments, in the order of tables; perhaps without their values.
    fn results(&self) -> &Results;

    /// Divides experiments, in this order, into partitions. An experiment with many values is divided
    /// by iterations, into consecutive partitions in rising order.
    fn divide(&self, experiments: &[&ExperimentResult]) -> Result<Vec<Partition>, Self::Error>;

    /// Divides experiments so that all values of an iteration are read before those of later
    /// iterations, if one of the experiments has many values; else there are no partitions.
    #[cfg(feature = "plot")]
    fn divide_by_iterations(
        &self,
        experiments: &[&ExperimentResult],
    ) -> Result<Vec<Partition>, Self::Error>;

    /// The values of the experiments of a partition that `options` ask for.
    fn read(
        &self,
        experiments: &[&ExperimentResult],
        iterations: Option<&Range<u64>>,
        options: &TableOptions,
    ) -> Result<Part<'_>, Self::Error>;

    /// How often the values are read, where experiments are read in this order.
    #[cfg(feature = "query")]
    fn passes(&self, experiments: &[&ExperimentResult]) -> Result<usize, Self::Error>;

    /// Calls a function with each of some experiments, in order, with the values that `options`
    /// ask for.
    fn for_each_value(
        &self,
        experiments: &[&ExperimentResult],
        options: &TableOptions,
        order: Order,
        see: &mut dyn FnMut(Visit<'_>),
    ) -> Result<(), Self::Error> {
        let mut partitions = self.divide(experiments)?;
        let is_same = |one: &Partition, next: &Partition| one.experiments == next.experiments;
        for windows in partitions.chunk_by_mut(is_same) {
            if order == Order::Falling {
                windows.reverse();
            }
            for (number, window) in windows.iter().enumerate() {
                let chosen = &experiments[window.experiments.clone()];
                let part = self.read(chosen, window.iterations.as_ref(), options)?;
                for (position, one) in window.experiments.clone().zip(chosen) {
                    if let Some(experiment) = part.experiment(one.number) {
                        see(Visit {
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
pub(crate) enum Part<'a> {
    Borrowed(&'a Results),
    Owned(Box<Results>),
}

impl Deref for Part<'_> {
    type Target = Results;

    fn deref(&self) -> &Results {
        match self {
            Self::Borrowed(results) => results,
            Self::Owned(results) => results,
        }
    }
}

impl Source for Results {
    type Error = Infallible;

    fn results(&self) -> &Results {
        self
    }

    fn divide(&self, experiments: &[&ExperimentResult]) -> Result<Vec<Partition>, Infallible> {
        Ok(vec![Partition {
            experiments: 0..experiments.len(),
            iterations: None,
        }])
    }

    #[cfg(feature = "plot")]
    fn divide_by_iterations(&self, _: &[&ExperimentResult]) -> Result<Vec<Partition>, Infallible> {
        Ok(Vec::new())
    }

    fn read(
        &self,
        _: &[&ExperimentResult],
        _: Option<&Range<u64>>,
        _: &TableOptions,
    ) -> Result<Part<'_>, Infallible> {
        Ok(Part::Borrowed(self))
    }

    #[cfg(feature = "query")]
    fn passes(&self, _: &[&ExperimentResult]) -> Result<usize, Infallible> {
        Ok(1)
    }
}

impl Results {
    /// The names of all variables, by first appearance in the order of experiments.
    #[cfg(feature = "query")]
    pub(crate) fn variables(&self) -> Vec<&str> {
        self.variables_of_all(self.experiments())
    }

    /// The names of the variables of some experiments, by first appearance.
    pub(crate) fn variables_of_all<'a>(
        &'a self,
        experiments: impl Iterator<Item = &'a ExperimentResult>,
    ) -> Vec<&'a str> {
        let mut seen = HashSet::new();
        let mut names = Vec::new();
        for experiment in experiments {
            for name in self.variables_of(experiment) {
                if seen.insert(name) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// The kinds of the values of each variable.
    pub(crate) fn kinds(&self) -> HashMap<&str, Seen> {
        if let Some(outline) = &self.outline {
            return outline.kinds();
        }
        let mut kinds: HashMap<&str, Seen> = HashMap::new();
        let series = self.experiments().flat_map(ExperimentResult::series);
        for series in series {
            let seen = kinds.entry(series.variable()).or_default();
            seen.see_column(series.column());
        }
        kinds
    }

    /// About how many rows the table of results has.
    #[cfg(feature = "query")]
    pub(crate) fn about_rows(&self) -> u64 {
        if let Some(outline) = &self.outline {
            return outline.most_values();
        }
        let rows = |one: &ExperimentResult| one.series().iter().map(Series::len).max();
        self.experiments().filter_map(rows).sum::<usize>() as u64
    }

    fn variables_of<'a>(
        &'a self,
        experiment: &'a ExperimentResult,
    ) -> Box<dyn Iterator<Item = &'a str> + 'a> {
        match &self.outline {
            Some(outline) => Box::new(outline.variables(experiment.number)),
            None => Box::new(experiment.series().iter().map(|series| series.variable())),
        }
    }
}
