//! Tables with a row for each experiment and iteration, or for each saved value.

use std::collections::{BTreeSet, HashMap};

use super::cell::Cell;
use super::columns::Seen;
use super::experiments::Identity;
use super::filter::{self, Selected};
use super::options::TableOptions;
use super::{Rows, Table, TableError};
use crate::results::{ExperimentResult, Names, Results, Series};

/// Makes a table of what experiments, given in order, have saved.
pub(crate) fn results_table<'a>(
    experiments: Vec<&'a ExperimentResult>,
    known: &Names,
    options: &TableOptions,
) -> Result<Table<'a>, TableError> {
    let Selected { experiments, notes } = filter::select(experiments, options)?;
    let variables = filter::variables(&experiments, known, options)?;
    let identity = Identity::of(&experiments, options);
    let table = identified_results(experiments, identity, variables, options);
    Ok(table.with_notes(notes))
}

/// The columns of a table of results whose values are elsewhere.
#[derive(Debug)]
pub(crate) struct PartTable<'a> {
    experiments: Vec<&'a ExperimentResult>,
    identity: Identity<'a>,
    variables: Vec<&'a str>,
    columns: Vec<String>,
    notes: Vec<String>,
}

impl<'a> PartTable<'a> {
    pub(crate) fn new(results: &'a Results, options: &TableOptions) -> Result<Self, TableError> {
        let selected = filter::select(results.experiments().collect(), options)?;
        let Selected { experiments, notes } = selected;
        filter::check_variables(results.names(), &options.variables)?;
        let mut variables = results.variables_of_all(experiments.iter().copied());
        variables.retain(|name| {
            options.variables.is_empty() || options.variables.iter().any(|one| one == name)
        });
        let identity = Identity::of(&experiments, options);
        let columns = identified_results(Vec::new(), identity.clone(), variables.clone(), options);
        Ok(Self {
            experiments,
            identity,
            variables,
            columns: columns.columns().to_vec(),
            notes,
        })
    }

    pub(crate) fn experiments(&self) -> &[&'a ExperimentResult] {
        &self.experiments
    }

    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The rows of some of the experiments, which have their values.
    pub(crate) fn of_part<'p>(
        &'p self,
        experiments: Vec<&'p ExperimentResult>,
        options: &TableOptions,
    ) -> Table<'p> {
        let identity: Identity<'p> = self.identity.clone();
        identified_results(experiments, identity, self.variables.clone(), options)
    }

    /// The parameters and variables whose values are of several kinds.
    pub(crate) fn mixed_columns(&self, results: &Results) -> Vec<(String, String)> {
        let parameters = self.identity.parameters().map(|key| {
            let mut seen = Seen::default();
            for experiment in &self.experiments {
                let value = experiment.record.config.get(key);
                value.into_iter().for_each(|value| seen.see_value(value));
            }
            (key, seen)
        });
        let kinds = results.kinds();
        let variables = self.variables.iter();
        let variables = variables.filter_map(|name| Some((*name, *kinds.get(name)?)));
        let columns = parameters.chain(variables);
        columns
            .filter_map(|(name, seen)| Some((name.to_owned(), seen.mixture()?)))
            .collect()
    }
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

impl Table<'_> {
    /// The same table where every experiment has a row, or only those that have values.
    pub(crate) fn with_every_experiment(mut self, every: bool) -> Self {
        if let Rows::Iterations(rows) = &mut self.rows {
            rows.every_experiment = every;
        }
        self
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

    /// Notes for each column what kinds of cells it has, if that can be told without going through
    /// the rows; whether it can.
    pub(super) fn see_kinds(&self, seen: &mut [&mut Seen]) -> bool {
        if self.long || self.every_experiment || !self.iterations.is_empty() {
            return false;
        }
        let mut row = Vec::new();
        for experiment in &self.experiments {
            row.clear();
            self.identity.fill(experiment, &mut row);
            let identity = row.len();
            let mut has_rows = false;
            for series in experiment.series() {
                let place = self.places.get(series.variable());
                if let Some(place) = place.filter(|_| !series.is_empty()) {
                    has_rows = true;
                    seen[identity + 1 + place].see_column(series.column());
                }
            }
            if has_rows {
                row.push(Cell::Count(0));
                row.iter()
                    .zip(&mut *seen)
                    .for_each(|(cell, seen)| seen.see(cell));
            }
        }
        true
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
