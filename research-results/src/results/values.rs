//! Saves the values of experiments in results.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use research_core::events::ColumnBuilder;
use research_core::{Column, ExperimentNumber, Iterations, LargeValue};

use super::Results;
use crate::options::TableOptions;

impl Results {
    /// Saves values; returns whether any of them is kept.
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
            // The values are not wanted, only the iterations.
            false if self.keeps_iterations => {
                bare = Column::Bool(vec![false; column.len()]);
                &bare
            }
            false => return false,
        };
        experiment.forget_large(&name, iterations.iter().take(column.len()));
        let series = experiment.series_mut(&name, self.names.len());
        let share = self.range.as_ref().map_or(Share::All, |range| {
            Share::of(range, iterations, column.len())
        });
        if share == Share::None {
            return false;
        }
        if wanted.is_none() && share == Share::All {
            series.append(iterations, column);
            return true;
        }
        let is_chosen = |iteration| {
            wanted.is_none_or(|wanted| wanted.contains(&iteration))
                && self
                    .range
                    .as_ref()
                    .is_none_or(|range| range.contains(&iteration))
        };
        match chosen(iterations, column, is_chosen) {
            Some((iterations, column)) => {
                series.append(&iterations, &column);
                true
            }
            None => false,
        }
    }

    /// Saves the location of a large value in the series.
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

    /// Takes the records of experiments, their ends and the order of their variables from
    /// `outlines`, which has experiments without values.
    pub(crate) fn complete_from(&mut self, outlines: &Self) {
        let wanted = self.wanted.as_deref();
        let variables = wanted.map_or([].as_slice(), TableOptions::variables_shown);
        let keeps_all = variables.is_empty() || self.keeps_iterations;
        for experiment in &mut self.experiments {
            if let Some(outline) = outlines.experiment(experiment.number) {
                let values = std::mem::replace(experiment, outline.clone());
                experiment.keeps_values = values.keeps_values;
                experiment.take_values(values, |name| {
                    keeps_all || variables.iter().any(|one| one == name)
                });
            }
        }
    }
}

/// The share of iterations that are in a range.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Share {
    None,
    Some,
    All,
}

impl Share {
    fn of(range: &Range<u64>, iterations: &Iterations, count: usize) -> Self {
        match span(iterations, count) {
            Some(span) if range.contains(span.start()) && range.contains(span.end()) => Self::All,
            Some(span) if *span.start() < range.end && *span.end() >= range.start => Self::Some,
            _ => Self::None,
        }
    }
}

/// Returns the lowest and the highest of the first `count` iterations.
pub(crate) fn span(iterations: &Iterations, count: usize) -> Option<RangeInclusive<u64>> {
    let count = count.min(iterations.len());
    match iterations {
        Iterations::Run { first, .. } => {
            let others = u64::try_from(count.checked_sub(1)?).unwrap_or(u64::MAX);
            Some(*first..=first.saturating_add(others))
        }
        Iterations::List(list) => {
            let list = &list[..count];
            Some(*list.iter().min()?..=*list.iter().max()?)
        }
    }
}

/// Returns the values of the iterations that are selected.
fn chosen(
    iterations: &Iterations,
    column: &Column,
    is_chosen: impl Fn(u64) -> bool,
) -> Option<(Iterations, Column)> {
    let mut chosen = ColumnBuilder::default();
    for (position, iteration) in iterations.iter().take(column.len()).enumerate() {
        if is_chosen(iteration) {
            chosen.push(iteration, column.get(position)?);
        }
    }
    chosen.take()
}
