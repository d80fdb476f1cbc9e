//! Where the values of experiments come from.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::ops::{Deref, Range};

#[cfg(feature = "query")]
use super::Series;
use super::{ExperimentResult, Results};
use crate::table::{Seen, TableOptions};

/// Experiments, and their values, which are in memory or are read as they are needed.
pub(crate) trait Source {
    /// Why values cannot be read.
    type Error;

    /// The experiments, in the order of tables; perhaps without their values.
    fn results(&self) -> &Results;

    /// Divides experiments, in this order, into parts whose values are in memory together.
    fn divide(&self, experiments: &[&ExperimentResult]) -> Vec<Range<usize>>;

    /// The values of experiments that `options` ask for.
    fn read(
        &self,
        experiments: &[&ExperimentResult],
        options: &TableOptions,
    ) -> Result<Part<'_>, Self::Error>;

    /// How often the values are read, where experiments are read in this order.
    #[cfg(feature = "query")]
    fn passes(&self, experiments: &[&ExperimentResult]) -> usize;

    /// Calls a function with each of some experiments, in order, with the values that `options`
    /// ask for.
    fn for_each_value(
        &self,
        experiments: &[&ExperimentResult],
        options: &TableOptions,
        see: &mut dyn FnMut(usize, &ExperimentResult),
    ) -> Result<(), Self::Error> {
        for range in self.divide(experiments) {
            let part = self.read(&experiments[range.clone()], options)?;
            for position in range {
                if let Some(experiment) = part.experiment(experiments[position].number) {
                    see(position, experiment);
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

    fn divide(&self, experiments: &[&ExperimentResult]) -> Vec<Range<usize>> {
        std::iter::once(0..experiments.len()).collect()
    }

    fn read(&self, _: &[&ExperimentResult], _: &TableOptions) -> Result<Part<'_>, Infallible> {
        Ok(Part::Borrowed(self))
    }

    #[cfg(feature = "query")]
    fn passes(&self, _: &[&ExperimentResult]) -> usize {
        1
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
