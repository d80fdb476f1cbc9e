//! Computes the means of variables in each experiment.

use std::collections::{BTreeSet, HashMap};

use super::SummaryOptions;
use crate::deviation::Deviation;
use crate::error::{TableError, hint};
use crate::numbers::{self, RunningMean, is_null, left_out_note, number_at};
use crate::options::TableOptions;
use crate::results::Series;
use crate::source::Visit;

/// The means of all variables of experiments.
pub(super) struct Measurements<'o> {
    experiments: usize,
    iterations: &'o BTreeSet<u64>,
    last: Option<usize>,
    variables: Vec<Measured>,
    positions: HashMap<String, usize>,
}

impl<'o> Measurements<'o> {
    pub(super) fn new(
        experiments: usize,
        options: &'o TableOptions,
        summary: &SummaryOptions,
    ) -> Self {
        Self {
            experiments,
            iterations: &options.iterations,
            last: summary.last,
            variables: Vec::new(),
            positions: HashMap::new(),
        }
    }

    /// Adds the values of an experiment. Later iterations of a divided experiment come first.
    pub(super) fn measure(&mut self, visit: &Visit<'_>) {
        for series in visit.experiment.variables() {
            let name = series.variable();
            let variable = match self.positions.get(name) {
                Some(variable) => *variable,
                None => {
                    self.variables.push(Measured {
                        name: name.to_owned(),
                        means: vec![None; self.experiments],
                        left_out: 0,
                        latest: Latest::default(),
                    });
                    self.positions
                        .insert(name.to_owned(), self.variables.len() - 1);
                    self.variables.len() - 1
                }
            };
            let variable = &mut self.variables[variable];
            if visit.is_first {
                variable.latest = Latest::default();
            }
            variable.latest.see(series, self.iterations, self.last);
            if visit.is_last {
                variable.means[visit.position] = variable.latest.numbers.mean();
                variable.left_out += variable.latest.left_out;
            }
        }
    }

    /// Whether no values were saved.
    pub(super) fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }

    /// Returns the variables that have numbers, by first appearance.
    pub(super) fn with_numbers(&self) -> impl Iterator<Item = &Measured> {
        let mut variables = self.variables.iter();
        std::iter::from_fn(move || variables.find(|one| one.means.iter().any(Option::is_some)))
    }

    /// The variable with a name, if it has numbers.
    pub(super) fn find(&self, name: &str, options: &TableOptions) -> Result<&Measured, TableError> {
        let found = self.with_numbers().find(|one| one.name == name);
        found.ok_or_else(|| {
            let known: Vec<&str> = self.shown(options).map(|one| one.name.as_str()).collect();
            let (name, hint) = (name.to_owned(), hint(name, &known));
            TableError::NoNumbers { name, hint }
        })
    }

    /// Returns the variables among them that the options request.
    pub(super) fn shown(&self, options: &TableOptions) -> impl Iterator<Item = &Measured> {
        self.with_numbers()
            .filter(|one| options.variables.is_empty() || options.variables.contains(&one.name))
    }
}

/// The mean of a variable in each experiment.
pub(super) struct Measured {
    pub(super) name: String,
    means: Vec<Option<f64>>,
    /// The number of values that are not numbers.
    left_out: usize,
    /// The numbers of the current experiment.
    latest: Latest,
}

/// The last numbers of a series, and the number of values among them that are not numbers. Booleans
/// count as 0 and 1.
#[derive(Default)]
struct Latest {
    numbers: RunningMean,
    left_out: usize,
    is_complete: bool,
}

impl Latest {
    /// Adds values that were saved before those already added.
    fn see(&mut self, series: &Series, iterations: &BTreeSet<u64>, last: Option<usize>) {
        let last = last.unwrap_or(usize::MAX);
        if self.is_complete {
            return;
        }
        for position in (0..series.len()).rev() {
            let iteration = series.iteration(position);
            let is_shown = iterations.is_empty()
                || iteration.is_some_and(|iteration| iterations.contains(&iteration));
            if !is_shown {
                continue;
            }
            if self.numbers.count() == last {
                self.is_complete = true;
                return;
            }
            match number_at(series.column(), position) {
                Some(number) => self.numbers.push(number),
                None => self.left_out += usize::from(!is_null(series.column(), position)),
            }
        }
    }
}

/// A number that a group's experiments have.
#[derive(Clone, Copy)]
pub(super) enum Statistic {
    Mean,
    Median,
    Min,
    Max,
    /// Missing where there is a single experiment.
    Deviation(Deviation),
}

impl Statistic {
    /// Parses the end of the name of a column.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let deviation = Deviation::ALL.into_iter().find(|one| one.as_str() == name);
        match (name, deviation) {
            (_, Some(deviation)) => Some(Self::Deviation(deviation)),
            ("mean", _) => Some(Self::Mean),
            ("median", _) => Some(Self::Median),
            ("min", _) => Some(Self::Min),
            ("max", _) => Some(Self::Max),
            _ => None,
        }
    }
}

impl Measured {
    /// A statistic of the means of a group's experiments.
    pub(super) fn statistic(&self, group: &[usize], statistic: Statistic) -> Option<f64> {
        let mut means: Vec<f64> = group.iter().filter_map(|&at| self.means[at]).collect();
        let mean = numbers::mean(&means)?;
        match statistic {
            Statistic::Mean => Some(mean),
            Statistic::Deviation(deviation) => deviation.of(&means, mean),
            _ if means.iter().any(|mean| mean.is_nan()) => Some(f64::NAN),
            Statistic::Min => means.into_iter().reduce(f64::min),
            Statistic::Max => means.into_iter().reduce(f64::max),
            Statistic::Median => {
                means.sort_by(f64::total_cmp);
                Some(numbers::quantile(&means, 0.5))
            }
        }
    }

    /// The mean of an experiment.
    pub(super) fn mean(&self, experiment: usize) -> Option<f64> {
        self.means[experiment]
    }

    pub(super) fn note(&self) -> Option<String> {
        left_out_note(&self.name, self.left_out)
    }
}
