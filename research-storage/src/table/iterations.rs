//! Tables with a row for each experiment and iteration, or for each saved value.

use std::collections::{BTreeSet, HashMap};

use super::cell::Cell;
use super::experiments::Identity;
use super::filter;
use super::options::TableOptions;
use super::{Rows, Table, TableError};
use crate::results::{ExperimentResult, Names, Series};

/// Makes a table of what experiments, given in order, have saved.
pub(crate) fn results_table<'a>(
    experiments: Vec<&'a ExperimentResult>,
    known: &Names,
    options: &TableOptions,
) -> Result<Table<'a>, TableError> {
    let experiments = filter::select(experiments, options)?;
    let variables = filter::variables(&experiments, known, options)?;
    let identity = Identity::of(&experiments, options);
    Ok(identified_results(
        experiments,
        identity,
        variables,
        options,
    ))
}

/// The same of experiments and variables that were chosen, with these columns in front.
pub(super) fn identified_results<'a>(
    experiments: Vec<&'a ExperimentResult>,
    identity: Identity<'a>,
    variables: Vec<&'a str>,
    options: &TableOptions,
) -> Table<'a> {
    let mut columns = identity.columns();
    columns.push("iteration".to_owned());
    if options.long {
        columns.extend(["name".to_owned(), "value".to_owned()]);
    } else {
        columns.extend(variables.iter().map(|name| (*name).to_owned()));
    }
    let rows = IterationRows {
        experiments,
        identity,
        places: variables.into_iter().zip(0..).collect(),
        iterations: options.iterations.clone(),
        long: options.long,
        every_experiment: options.every_experiment,
    };
    Table::new(columns, Rows::Iterations(rows))
}

#[derive(Clone, Debug)]
pub(super) struct IterationRows<'a> {
    experiments: Vec<&'a ExperimentResult>,
    identity: Identity<'a>,
    /// Where each variable stands among the variables.
    places: HashMap<&'a str, usize>,
    /// The iterations that are shown; all, if empty.
    iterations: BTreeSet<u64>,
    long: bool,
    /// Whether an experiment without values has a row, too.
    every_experiment: bool,
}

/// The values of a variable that have not been in a row yet.
struct Rest<'a> {
    place: usize,
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
    pub(super) fn for_each<E>(
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

    /// The rows of one experiment, whose identity is in the row already.
    fn for_each_of<E>(
        &self,
        experiment: &'a ExperimentResult,
        row: &mut Vec<Cell<'a>>,
        see: &mut impl FnMut(&[Cell<'a>]) -> Result<(), E>,
    ) -> Result<(), E> {
        let identity = row.len();
        let mut is_seen = false;
        let mut rests: Vec<Rest<'a>> = experiment
            .series()
            .iter()
            .filter_map(|series| {
                let place = *self.places.get(series.variable())?;
                Some(Rest {
                    place,
                    series,
                    position: 0,
                })
            })
            .collect();
        rests.sort_by_key(|rest| rest.place);
        while let Some(iteration) = rests.iter().filter_map(Rest::iteration).min() {
            let is_shown = self.iterations.is_empty() || self.iterations.contains(&iteration);
            row.truncate(identity);
            row.push(Cell::Count(iteration));
            if !self.long {
                row.resize(identity + 1 + self.places.len(), Cell::Missing);
            }
            for rest in &mut rests {
                let Some(cell) = rest.take(iteration) else {
                    continue;
                };
                if !self.long {
                    row[identity + 1 + rest.place] = cell;
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
            let others = if self.long { 2 } else { self.places.len() };
            row.truncate(identity);
            row.resize(identity + 1 + others, Cell::Missing);
            see(row)?;
        }
        Ok(())
    }
}
