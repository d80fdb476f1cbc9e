//! Rows of iterations, or of single values.

use std::collections::{BTreeSet, HashMap};

use super::experiment_rows::Identity;
use crate::cell::Cell;
use crate::column_type::ValueKinds;
use crate::options::TableOptions;
use crate::results::{ExperimentResult, Series};

#[derive(Clone, Debug)]
pub(crate) struct IterationRows<'a> {
    experiments: Vec<&'a ExperimentResult>,
    identity: Identity<'a>,
    /// The index of each variable among the variables.
    indexes: HashMap<&'a str, usize>,
    /// The iterations that are shown; all, if it is empty.
    iterations: BTreeSet<u64>,
    long: bool,
    /// Whether an experiment without values has a row, too.
    pub(super) every_experiment: bool,
}

/// The values of a variable that no row has contained yet.
struct Rest<'a> {
    index: usize,
    series: &'a Series,
    position: usize,
}

impl<'a> Rest<'a> {
    fn iteration(&self) -> Option<u64> {
        self.series.iteration(self.position)
    }

    /// Takes the value of an iteration, if it is the next.
    fn take(&mut self, iteration: u64) -> Option<Cell<'a>> {
        if self.iteration() != Some(iteration) {
            return None;
        }
        self.position += 1;
        Some(Cell::at(self.series.column(), self.position - 1))
    }
}

impl<'a> IterationRows<'a> {
    pub(crate) fn new(
        experiments: Vec<&'a ExperimentResult>,
        identity: Identity<'a>,
        variables: Vec<&'a str>,
        options: &TableOptions,
    ) -> Self {
        Self {
            experiments,
            identity,
            indexes: variables.into_iter().zip(0..).collect(),
            iterations: options.iterations.clone(),
            long: options.long,
            every_experiment: options.every_experiment,
        }
    }

    pub(crate) fn for_each<E>(
        &self,
        see: &mut impl FnMut(&[Cell<'a>]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut row = Vec::new();
        for experiment in &self.experiments {
            row.clear();
            self.identity.fill(experiment, &mut row);
            self.for_each_of(experiment, &mut row, see)?;
        }
        Ok(())
    }

    /// Adds the kinds of the cells of each column, if they are known without reading the rows;
    /// returns whether they are.
    pub(crate) fn see_kinds(&self, seen: &mut [&mut ValueKinds]) -> bool {
        if self.long || self.every_experiment || !self.iterations.is_empty() {
            return false;
        }
        let mut row = Vec::new();
        for experiment in &self.experiments {
            row.clear();
            self.identity.fill(experiment, &mut row);
            let identity = row.len();
            let mut has_rows = false;
            for series in experiment.variables() {
                let index = self.indexes.get(series.variable());
                if let Some(index) = index.filter(|_| !series.is_empty()) {
                    has_rows = true;
                    seen[identity + 1 + index].add_column(series.column());
                }
            }
            if has_rows {
                row.push(Cell::Count(0));
                row.iter()
                    .zip(&mut *seen)
                    .for_each(|(cell, seen)| seen.add(cell));
            }
        }
        true
    }

    /// Yields the rows of one experiment, whose identity is in the row already.
    fn for_each_of<E>(
        &self,
        experiment: &'a ExperimentResult,
        row: &mut Vec<Cell<'a>>,
        see: &mut impl FnMut(&[Cell<'a>]) -> Result<(), E>,
    ) -> Result<(), E> {
        let identity = row.len();
        let mut is_seen = false;
        let mut rests: Vec<Rest<'a>> = experiment
            .variables()
            .iter()
            .filter_map(|series| {
                let index = *self.indexes.get(series.variable())?;
                Some(Rest {
                    index,
                    series,
                    position: 0,
                })
            })
            .collect();
        rests.sort_by_key(|rest| rest.index);
        while let Some(iteration) = rests.iter().filter_map(Rest::iteration).min() {
            let is_shown = self.iterations.is_empty() || self.iterations.contains(&iteration);
            row.truncate(identity);
            row.push(Cell::Count(iteration));
            if !self.long {
                row.resize(identity + 1 + self.indexes.len(), Cell::Missing);
            }
            for rest in &mut rests {
                let Some(cell) = rest.take(iteration) else {
                    continue;
                };
                if !self.long {
                    row[identity + 1 + rest.index] = cell;
                } else if is_shown {
                    row.truncate(identity + 1);
                    row.extend([Cell::from(rest.series.variable()), cell]);
                    is_seen = true;
                    see(row)?;
                }
            }
            if !self.long && is_shown {
                is_seen = true;
                see(row)?;
            }
        }
        if self.every_experiment && !is_seen {
            let others = if self.long { 2 } else { self.indexes.len() };
            row.truncate(identity);
            row.resize(identity + 1 + others, Cell::Missing);
            see(row)?;
        }
        Ok(())
    }
}
