//! The means of variables in each experiment.

use std::collections::{BTreeSet, HashMap};

use research_core::Column;
use research_domain::Value;

use super::SummaryOptions;
use crate::results::{Series, Visit};
use crate::statistics::{self, Numbers};
use crate::table::options::TableOptions;

/// What experiments have of their variables.
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

    /// Takes the values of an experiment in; of one that is divided, later iterations first.
    pub(super) fn measure(&mut self, visit: &Visit<'_>) {
        for series in visit.experiment.series() {
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

    /// Whether nothing was saved.
    pub(super) fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }

    /// The variables that have numbers, by first appearance.
    pub(super) fn with_numbers(&self) -> impl Iterator<Item = &Measured> {
        let mut variables = self.variables.iter();
        std::iter::from_fn(move || variables.find(|one| one.means.iter().any(Option::is_some)))
    }

    /// Those of them that were asked for.
    pub(super) fn shown(&self, options: &TableOptions) -> impl Iterator<Item = &Measured> {
        self.with_numbers()
            .filter(|one| options.variables.is_empty() || options.variables.contains(&one.name))
    }
}

/// What each experiment has of a variable.
pub(super) struct Measured {
    pub(super) name: String,
    means: Vec<Option<f64>>,
    /// How many values were no numbers.
    left_out: usize,
    /// What the experiment has that is being measured.
    latest: Latest,
}

/// The last numbers of a series, and how many values among them are no numbers; booleans count as 0
/// and 1.
#[derive(Default)]
struct Latest {
    numbers: Numbers,
    left_out: usize,
    is_complete: bool,
}

impl Latest {
    /// Takes values in that were saved before those that were taken in.
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
            if self.numbers.len() == last {
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

impl Measured {
    /// The mean of a group's experiments, and their standard deviation where there are several.
    pub(super) fn of(&self, group: &[usize]) -> (Option<f64>, Option<f64>) {
        let means: Vec<f64> = group.iter().filter_map(|&at| self.means[at]).collect();
        let mean = statistics::mean(&means);
        (
            mean,
            mean.and_then(|mean| statistics::deviation(&means, mean)),
        )
    }

    pub(super) fn note(&self) -> Option<String> {
        left_out_note(&self.name, self.left_out)
    }
}

/// Says how many values of a variable are left out because they are not numbers, if there are some.
pub(crate) fn left_out_note(name: &str, count: usize) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!(
            "`{name}`: 1 value that is not a number is left out"
        )),
        count => Some(format!(
            "`{name}`: {count} values that are not numbers are left out"
        )),
    }
}

/// Whether the value at a position is `null`, which is as good as missing.
pub(crate) fn is_null(column: &Column, position: usize) -> bool {
    match column {
        Column::Value(values) => values.get(position).is_none_or(Value::is_null),
        _ => false,
    }
}

/// The number at a position of a column; truth values count as 0 and 1.
pub(crate) fn number_at(column: &Column, position: usize) -> Option<f64> {
    match column {
        Column::Float(values) => values.get(position).copied(),
        Column::Int(values) => values.get(position).map(|&value| value as f64),
        Column::Bool(values) => values
            .get(position)
            .map(|&value| f64::from(u8::from(value))),
        Column::Text(_) => None,
        Column::Value(values) => match values.get(position)? {
            Value::Bool(value) => Some(f64::from(u8::from(*value))),
            value => value.as_f64(),
        },
    }
}
