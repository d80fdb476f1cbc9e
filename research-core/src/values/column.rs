//! Saved values travel as columns: many iterations of one variable of one experiment.

use research_domain::Value;
use serde::{Deserialize, Serialize};

/// The iterations to which the values of a [`Column`] belong, from 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Iterations {
    /// `count` iterations, one after another, from `first`.
    Run {
        /// The first of them.
        first: u64,
        /// Their number.
        count: u64,
    },
    /// Any, in the order in which they were saved.
    List(Vec<u64>),
}

impl Iterations {
    /// Returns their number.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Run { count, .. } => usize::try_from(*count).unwrap_or(usize::MAX),
            Self::List(list) => list.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Iterates over them in the order of the values.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        let (run, list) = match self {
            Self::Run { first, count } => (*first..first.saturating_add(*count), [].as_slice()),
            Self::List(list) => (0..0, list.as_slice()),
        };
        run.chain(list.iter().copied())
    }

    fn push(&mut self, iteration: u64) {
        match self {
            Self::Run { first, count } if *count == 0 => {
                *first = iteration;
                *count = 1;
            }
            Self::Run { first, count } if first.checked_add(*count) == Some(iteration) => {
                *count += 1
            }
            Self::Run { .. } => *self = Self::List(self.iter().chain([iteration]).collect()),
            Self::List(list) => list.push(iteration),
        }
    }
}

impl Default for Iterations {
    fn default() -> Self {
        Self::Run { first: 0, count: 0 }
    }
}

/// Values of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Column {
    /// Floats.
    Float(Vec<f64>),
    /// Integers.
    Int(Vec<i64>),
    /// Booleans.
    Bool(Vec<bool>),
    /// Strings.
    Text(Vec<String>),
    /// Other values, and values of mixed kinds.
    Value(Vec<Value>),
}

impl Column {
    /// Returns the number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Float(values) => values.len(),
            Self::Int(values) => values.len(),
            Self::Bool(values) => values.len(),
            Self::Text(values) => values.len(),
            Self::Value(values) => values.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the value at an index, as a [`Value`].
    #[must_use]
    pub fn get(&self, position: usize) -> Option<Value> {
        match self {
            Self::Float(values) => values.get(position).copied().map(Value::Float),
            Self::Int(values) => values.get(position).copied().map(Value::Int),
            Self::Bool(values) => values.get(position).copied().map(Value::Bool),
            Self::Text(values) => values.get(position).cloned().map(Value::Text),
            Self::Value(values) => values.get(position).cloned(),
        }
    }

    fn starting_with(value: Value) -> Self {
        match value {
            Value::Float(value) => Self::Float(vec![value]),
            Value::Int(value) => Self::Int(vec![value]),
            Value::Bool(value) => Self::Bool(vec![value]),
            Value::Text(value) => Self::Text(vec![value]),
            other => Self::Value(vec![other]),
        }
    }

    /// Adds a value. A value of another kind turns the column into one of mixed kinds.
    fn push(&mut self, value: Value) {
        match (&mut *self, value) {
            (Self::Float(values), Value::Float(value)) => values.push(value),
            (Self::Int(values), Value::Int(value)) => values.push(value),
            (Self::Bool(values), Value::Bool(value)) => values.push(value),
            (Self::Text(values), Value::Text(value)) => values.push(value),
            (Self::Value(values), value) => values.push(value),
            (_, value) => {
                let mut values: Vec<Value> = (0..self.len()).filter_map(|i| self.get(i)).collect();
                values.push(value);
                *self = Self::Value(values);
            }
        }
    }
}

/// Returns about how many bytes a value takes in an event.
pub(crate) fn weight(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len() + 2,
        Value::Bytes(bytes) => bytes.len() + 2,
        Value::List(values) => 2 + values.iter().map(weight).sum::<usize>(),
        Value::Map(entries) => {
            2 + entries
                .iter()
                .map(|(key, value)| key.len() + weight(value))
                .sum::<usize>()
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Float(_) => 8,
    }
}

/// Collects the values of one variable until they are sent.
#[derive(Debug, Default)]
pub struct ColumnBuilder {
    iterations: Iterations,
    column: Option<Column>,
    bytes: usize,
}

impl ColumnBuilder {
    /// Adds the value of an iteration.
    #[inline]
    pub fn push(&mut self, iteration: u64, value: Value) {
        self.iterations.push(iteration);
        self.bytes += weight(&value);
        match &mut self.column {
            Some(column) => column.push(value),
            None => self.column = Some(Column::starting_with(value)),
        }
    }

    /// Returns about how many bytes the collected values take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the collected values.
    pub(crate) fn gathered(&self) -> Option<(&Iterations, &Column)> {
        Some((&self.iterations, self.column.as_ref()?))
    }

    /// Takes the collected values and starts anew; `None` if there are none.
    pub fn take(&mut self) -> Option<(Iterations, Column)> {
        self.bytes = 0;
        let column = self.column.take()?;
        Some((std::mem::take(&mut self.iterations), column))
    }
}
