//! What experiments have saved, as results take it in.

use std::collections::BTreeSet;
use std::sync::Arc;

use research_core::{Column, ColumnBuilder, ExperimentNumber, Iterations, LargeValue};

use super::Results;

impl Results {
    /// Takes values in; whether any of them is kept.
    pub(super) fn save(
        &mut self,
        experiment: ExperimentNumber,
        variable: &Arc<str>,
        iterations: &Iterations,
        column: &Column,
    ) -> bool {
        let Some(&position) = self.positions.get(&experiment) else {
            return false;
        };
        if column.is_empty() || iterations.is_empty() {
            return false;
        }
        let name = self.names.shared(variable);
        if let Some(outline) = &mut self.outline {
            outline.save(experiment, &name, column);
            return false;
        }
        let experiment = &mut self.experiments[position];
        if !experiment.keeps_values {
            return false;
        }
        let (variables, wanted) = match &self.wanted {
            Some(options) => (options.variables_shown(), options.iterations_shown()),
            None => ([].as_slice(), None),
        };
        let bare;
        let column = match variables.is_empty() || variables.iter().any(|one| **one == *name) {
            true => column,
            // Only the iterations are of interest.
            false if self.keeps_iterations => {
                bare = Column::Bool(vec![false; column.len()]);
                &bare
            }
            false => return false,
        };
        experiment.forget_large(&name, iterations.iter().take(column.len()));
        let series = experiment.series_mut(&name, self.names.len());
        match wanted {
            None => {
                series.append(iterations, column);
                true
            }
            Some(wanted) => match chosen(iterations, column, wanted) {
                Some((iterations, column)) => {
                    series.append(&iterations, &column);
                    true
                }
                None => false,
            },
        }
    }

    /// In the series stands where the value is.
    pub(super) fn save_large(
        &mut self,
        number: ExperimentNumber,
        variable: &Arc<str>,
        iteration: u64,
        value: &LargeValue,
    ) {
        let iterations = Iterations::Run {
            first: iteration,
            count: 1,
        };
        let column = Column::Value(vec![value.stand_in()]);
        let is_kept = self.save(number, variable, &iterations, &column);
        let name = self.names.shared(variable);
        if let Some(experiment) = self.find(number).filter(|_| is_kept) {
            experiment.push_large(&name, iteration, value);
        }
    }
}

/// The values of the iterations that are wanted.
fn chosen(
    iterations: &Iterations,
    column: &Column,
    wanted: &BTreeSet<u64>,
) -> Option<(Iterations, Column)> {
    let mut chosen = ColumnBuilder::default();
    for (position, iteration) in iterations.iter().take(column.len()).enumerate() {
        if wanted.contains(&iteration) {
            chosen.push(iteration, column.get(position)?);
        }
    }
    chosen.take()
}
