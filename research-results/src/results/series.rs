//! The values of one variable of one experiment.

use std::sync::Arc;

use research_core::events::ColumnBuilder;
use research_core::{Column, Iterations};
use research_domain::Value;

/// The values that one experiment saved under one name, by iteration: each iteration once, in
/// rising order. If a name was saved twice in an iteration, the later value counts.
#[derive(Clone, Debug)]
pub struct Series {
    variable: Arc<str>,
    iterations: Iterations,
    column: Column,
}

impl Series {
    pub(super) fn new(variable: Arc<str>) -> Self {
        Self {
            variable,
            iterations: Iterations::default(),
            column: Column::Value(Vec::new()),
        }
    }

    /// Returns the variable's name.
    #[must_use]
    pub fn variable(&self) -> &str {
        &self.variable
    }

    /// Returns the iterations of the values, rising.
    #[must_use]
    pub fn iterations(&self) -> &Iterations {
        &self.iterations
    }

    /// Returns the values.
    #[must_use]
    pub fn column(&self) -> &Column {
        &self.column
    }

    /// Returns the number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.column.len()
    }

    /// Whether there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.column.is_empty()
    }

    /// Returns the iteration of the value at a position.
    #[must_use]
    pub fn iteration(&self, position: usize) -> Option<u64> {
        match &self.iterations {
            Iterations::Run { first, count } => {
                let position = position as u64;
                (position < *count).then(|| first + position)
            }
            Iterations::List(list) => list.get(position).copied(),
        }
    }

    /// Returns the position of the value of an iteration.
    pub(crate) fn position_of(&self, iteration: u64) -> Option<usize> {
        let position = match &self.iterations {
            Iterations::Run { first, .. } => iteration
                .checked_sub(*first)
                .and_then(|position| usize::try_from(position).ok()),
            Iterations::List(list) => list.binary_search(&iteration).ok(),
        };
        position.filter(|position| *position < self.len())
    }

    /// Adds values. Surplus iterations or values are left out.
    pub(super) fn append(&mut self, iterations: &Iterations, column: &Column) {
        let count = iterations.len().min(column.len());
        let (Some(first), true) = (iterations.iter().next(), count > 0) else {
            return;
        };
        let follows = self.last().is_none_or(|last| last < first)
            && first.checked_add(count as u64).is_some();
        if follows && is_rising(iterations, count) {
            append_iterations(&mut self.iterations, iterations, count);
            append_column(&mut self.column, column, count);
        } else {
            self.merge(iterations, column, count);
        }
    }

    /// Releases the memory that is reserved for more values.
    pub(super) fn shrink(&mut self) {
        if let Iterations::List(list) = &mut self.iterations {
            list.shrink_to_fit();
        }
        match &mut self.column {
            Column::Float(values) => values.shrink_to_fit(),
            Column::Int(values) => values.shrink_to_fit(),
            Column::Bool(values) => values.shrink_to_fit(),
            Column::Text(values) => values.shrink_to_fit(),
            Column::Value(values) => values.shrink_to_fit(),
        }
    }

    /// Replaces the value of an iteration, in a column of mixed kinds.
    pub(super) fn replace(&mut self, iteration: u64, value: Value) {
        let position = self.position_of(iteration);
        if let Column::Value(values) = &mut self.column
            && let Some(place) = position.and_then(|position| values.get_mut(position))
        {
            *place = value;
        }
    }

    fn last(&self) -> Option<u64> {
        self.iteration(self.len().checked_sub(1)?)
    }

    /// Adds values that overlap with existing ones, or are out of order among themselves.
    fn merge(&mut self, iterations: &Iterations, column: &Column, count: usize) {
        let added = || (0..count).zip(iterations.iter());
        let Some(least) = added().map(|(_, iteration)| iteration).min() else {
            return;
        };
        let kept = (0..self.len())
            .rev()
            .take_while(|&position| self.iteration(position) >= Some(least))
            .last()
            .unwrap_or(self.len());
        let replaced = (kept..self.len())
            .filter_map(|position| Some((self.iteration(position)?, self.column.get(position)?)));
        let added =
            added().filter_map(|(position, iteration)| Some((iteration, column.get(position)?)));
        let mut values: Vec<(u64, Value)> = replaced.chain(added).collect();
        // The sort is stable, so of one iteration's values the one that was saved last stays the
        // last.
        values.sort_by_key(|(iteration, _)| *iteration);
        let mut merged = ColumnBuilder::default();
        let mut values = values.into_iter().peekable();
        while let Some((iteration, value)) = values.next() {
            let is_replaced = values.peek().is_some_and(|(next, _)| *next == iteration);
            if !is_replaced && iteration != u64::MAX {
                merged.push(iteration, value);
            }
        }
        truncate(&mut self.iterations, &mut self.column, kept);
        if let Some((iterations, column)) = merged.take() {
            append_iterations(&mut self.iterations, &iterations, column.len());
            append_column(&mut self.column, &column, column.len());
        }
    }
}

/// Whether each of the first `count` iterations is greater than the one before. The largest integer
/// is not allowed, because no iteration could follow it.
fn is_rising(iterations: &Iterations, count: usize) -> bool {
    match iterations {
        Iterations::Run { .. } => true,
        Iterations::List(list) => {
            let list = &list[..count];
            list.last() != Some(&u64::MAX) && list.windows(2).all(|pair| pair[0] < pair[1])
        }
    }
}

fn append_iterations(iterations: &mut Iterations, added: &Iterations, count: usize) {
    match (&mut *iterations, added) {
        (Iterations::Run { first, count: had }, Iterations::Run { first: next, .. })
            if *had == 0 || *first + *had == *next =>
        {
            if *had == 0 {
                *first = *next;
            }
            *had += count as u64;
        }
        (Iterations::List(list), added) => list.extend(added.iter().take(count)),
        (run, added) => {
            let list = run.iter().chain(added.iter().take(count)).collect();
            *run = Iterations::List(list);
        }
    }
}

/// Adds the first `count` values; a column of another kind becomes one of mixed kinds.
fn append_column(column: &mut Column, added: &Column, count: usize) {
    if column.is_empty() {
        // The capacity is exact, because most columns have only one batch.
        *column = match added {
            Column::Float(added) => Column::Float(added[..count].to_vec()),
            Column::Int(added) => Column::Int(added[..count].to_vec()),
            Column::Bool(added) => Column::Bool(added[..count].to_vec()),
            Column::Text(added) => Column::Text(added[..count].to_vec()),
            Column::Value(added) => Column::Value(added[..count].to_vec()),
        };
        return;
    }
    match (&mut *column, added) {
        (Column::Float(values), Column::Float(added)) => values.extend_from_slice(&added[..count]),
        (Column::Int(values), Column::Int(added)) => values.extend_from_slice(&added[..count]),
        (Column::Bool(values), Column::Bool(added)) => values.extend_from_slice(&added[..count]),
        (Column::Text(values), Column::Text(added)) => values.extend_from_slice(&added[..count]),
        (Column::Value(values), added) => {
            values.extend((0..count).filter_map(|position| added.get(position)));
        }
        (_, added) => {
            let had = (0..column.len()).filter_map(|position| column.get(position));
            let added = (0..count).filter_map(|position| added.get(position));
            *column = Column::Value(had.chain(added).collect());
        }
    }
}

fn truncate(iterations: &mut Iterations, column: &mut Column, count: usize) {
    match iterations {
        Iterations::Run { count: had, .. } => *had = count as u64,
        Iterations::List(list) => list.truncate(count),
    }
    match column {
        Column::Float(values) => values.truncate(count),
        Column::Int(values) => values.truncate(count),
        Column::Bool(values) => values.truncate(count),
        Column::Text(values) => values.truncate(count),
        Column::Value(values) => values.truncate(count),
    }
}
