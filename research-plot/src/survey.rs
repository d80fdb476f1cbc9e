//! Finds the variables that can be drawn, in one pass over all values.

use std::collections::HashMap;

use research_core::ExperimentNumber;

use super::PlotOptions;
use super::points::shown_positions;
use research_results::TableOptions;
use research_results::numbers::{is_null, number_at};
use research_results::source::Visit;

/// The variables that experiments have saved.
#[derive(Default)]
pub(super) struct Survey {
    variables: Vec<Surveyed>,
    positions: HashMap<String, usize>,
}

/// A variable.
pub(super) struct Surveyed {
    pub(super) name: String,
    has_numbers: bool,
    /// Whether a finite number is below 0 or above 1.
    exceeds_unit: bool,
    /// The number of values of the experiment with the most values.
    pub(super) longest: usize,
    /// The number of values that are not numbers.
    pub(super) left_out: usize,
    /// The number of values of each experiment that is visited several times.
    pub(super) lengths: HashMap<ExperimentNumber, usize>,
    /// The number of values so far of the current experiment.
    length: usize,
}

impl Surveyed {
    /// Whether all finite numbers are between 0 and 1.
    pub(super) fn is_proportion(&self) -> bool {
        !self.exceeds_unit
    }
}

impl Survey {
    /// Adds the values of one visit of an experiment.
    pub(super) fn see(&mut self, visit: &Visit<'_>, filters: &TableOptions) {
        for series in visit.experiment.variables() {
            let variable = self.variable(series.variable());
            if visit.is_first {
                variable.length = 0;
            }
            let column = series.column();
            for position in shown_positions(series, filters) {
                variable.length += 1;
                match number_at(column, position) {
                    Some(number) => {
                        variable.has_numbers = true;
                        variable.exceeds_unit |=
                            number.is_finite() && !(0.0..=1.0).contains(&number);
                    }
                    None => variable.left_out += usize::from(!is_null(column, position)),
                }
            }
            variable.longest = variable.longest.max(variable.length);
            if visit.is_last && !visit.is_first {
                let number = visit.experiment.number;
                variable.lengths.insert(number, variable.length);
            }
        }
    }

    fn variable(&mut self, name: &str) -> &mut Surveyed {
        let position = match self.positions.get(name) {
            Some(position) => *position,
            None => {
                self.variables.push(Surveyed {
                    name: name.to_owned(),
                    has_numbers: false,
                    exceeds_unit: false,
                    longest: 0,
                    left_out: 0,
                    lengths: HashMap::new(),
                    length: 0,
                });
                self.positions
                    .insert(name.to_owned(), self.variables.len() - 1);
                self.variables.len() - 1
            }
        };
        &mut self.variables[position]
    }

    /// Returns the variables that have numbers, in the requested order.
    pub(super) fn chosen(&self, options: &PlotOptions) -> Vec<&Surveyed> {
        let wanted = |name: &str| options.variables.iter().position(|one| one == name);
        let mut chosen: Vec<&Surveyed> = self
            .variables
            .iter()
            .filter(|one| one.has_numbers)
            .filter(|one| options.variables.is_empty() || wanted(&one.name).is_some())
            .collect();
        chosen.sort_by_key(|one| wanted(&one.name));
        chosen
    }
}
