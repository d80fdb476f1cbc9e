//! Saved values that wait to be sent.

use std::sync::{Arc, Mutex, PoisonError};

use research_domain::Value;

use crate::event::{Event, ExperimentNumber};
use crate::traits::{EventSink, SinkError};
use crate::values::column::{Column, ColumnBuilder, Iterations};
use crate::values::history::{History, KeptVariables, values_of};
use crate::values::large::LargeValue;

/// The values of an experiment, a column for each variable.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    columns: Vec<(Arc<str>, ColumnBuilder)>,
    next: usize,
    /// Values in separate files: variable, iteration, file.
    large: Vec<(Arc<str>, u64, LargeValue)>,
    /// Values that were sent.
    history: History,
}

impl Columns {
    pub(crate) fn new(kept: Arc<KeptVariables>) -> Self {
        Self {
            history: History::new(kept),
            ..Self::default()
        }
    }

    /// Returns all values of a variable, or the reason that they were not kept.
    fn all(&self, variable: &str) -> Result<Vec<Value>, String> {
        let sent = self.history.parts(variable)?.iter();
        let sent = sent.map(|(iterations, column)| (iterations, column));
        Ok(values_of(sent.chain(self.waiting(variable))))
    }

    /// Returns the last value of a variable, or the reason that it was not kept.
    fn last(&self, variable: &str) -> Result<Option<Value>, String> {
        let sent = self.history.parts(variable)?.last();
        let sent = sent.map(|(iterations, column)| (iterations, column));
        let (_, column) = match self.waiting(variable).or(sent) {
            Some(latest) => latest,
            None => return Ok(None),
        };
        Ok(column.get(column.len().saturating_sub(1)))
    }

    fn waiting(&self, variable: &str) -> Option<(&Iterations, &Column)> {
        let mut columns = self.columns.iter();
        let found = columns.find(|(name, _)| **name == *variable);
        found.and_then(|(_, column)| column.gathered())
    }

    #[inline]
    fn push(&mut self, variable: &str, iteration: u64, value: Value) {
        if !self.large.is_empty() {
            self.forget_large(variable, iteration);
        }
        let position = self.variable(variable);
        self.columns[position].1.push(iteration, value);
        self.next = position + 1;
    }

    /// Removes a large value of a variable at an iteration, because another value replaces it.
    /// Large values are sent after the columns, so it would win otherwise.
    #[cold]
    fn forget_large(&mut self, variable: &str, iteration: u64) {
        self.large
            .retain(|(name, at, _)| (&**name, *at) != (variable, iteration));
    }

    /// Returns the index of a variable. Variables are mostly saved in the same order, so the one
    /// after the last is checked first.
    #[inline]
    fn variable(&mut self, name: &str) -> usize {
        let expected = if self.next < self.columns.len() {
            self.next
        } else {
            0
        };
        let is_expected = |(known, _): &(Arc<str>, _)| &**known == name;
        if self.columns.get(expected).is_some_and(is_expected) {
            return expected;
        }
        match self.columns.iter().position(is_expected) {
            Some(position) => position,
            None => {
                self.columns.push((name.into(), ColumnBuilder::default()));
                self.columns.len() - 1
            }
        }
    }

    fn bytes(&self) -> usize {
        self.columns.iter().map(|(_, column)| column.bytes()).sum()
    }

    /// Sends the selected variables.
    fn send(
        &mut self,
        experiment: ExperimentNumber,
        is_wanted: impl Fn(&str) -> bool,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        for (variable, column) in &mut self.columns {
            if !is_wanted(variable) {
                continue;
            }
            let bytes = column.bytes();
            if let Some((iterations, column)) = column.take() {
                self.history.add(variable, (&iterations, &column), bytes);
                sink.emit(Event::Values {
                    experiment,
                    variable: Arc::clone(variable),
                    iterations,
                    column,
                })?;
            }
        }
        let mut large = self
            .large
            .extract_if(.., |(variable, ..)| is_wanted(variable));
        large.try_for_each(|(variable, iteration, value)| {
            sink.emit(Event::LargeValue {
                experiment,
                variable,
                iteration,
                value,
            })
        })
    }
}

/// The values of an experiment: the context's own, or shared with another thread.
#[derive(Debug)]
pub(crate) enum Saved {
    Own(Columns),
    Shared(Arc<Mutex<Columns>>),
}

impl Saved {
    #[inline]
    fn with<T>(&mut self, act: impl FnOnce(&mut Columns) -> T) -> T {
        match self {
            Self::Own(columns) => act(columns),
            // Values are pushed whole, so a panic leaves no partial value.
            Self::Shared(shared) => act(&mut shared.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, variable: &str, iteration: u64, value: Value) {
        self.with(|columns| columns.push(variable, iteration, value));
    }

    pub(crate) fn push_large(&mut self, variable: &str, iteration: u64, value: LargeValue) {
        self.with(|columns| {
            let variable: Arc<str> = variable.into();
            columns.history.drop_large(Arc::clone(&variable));
            columns.large.push((variable, iteration, value));
        });
    }

    fn read<T>(&self, read: impl FnOnce(&Columns) -> T) -> T {
        match self {
            Self::Own(columns) => read(columns),
            Self::Shared(shared) => read(&shared.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.read(Columns::bytes)
    }

    /// Returns all values of a variable, or the reason that they were not kept.
    pub(crate) fn all(&self, variable: &str) -> Result<Vec<Value>, String> {
        self.read(|columns| columns.all(variable))
    }

    /// Returns the last value of a variable, or the reason that it was not kept.
    pub(crate) fn last(&self, variable: &str) -> Result<Option<Value>, String> {
        self.read(|columns| columns.last(variable))
    }

    pub(crate) fn send(
        &mut self,
        experiment: ExperimentNumber,
        is_wanted: impl Fn(&str) -> bool,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        self.with(|columns| columns.send(experiment, is_wanted, sink))
    }

    pub(crate) fn share(&mut self, experiment: ExperimentNumber) -> SharedSaved {
        let columns = match std::mem::replace(self, Self::Own(Columns::default())) {
            Self::Own(columns) => Arc::new(Mutex::new(columns)),
            Self::Shared(shared) => shared,
        };
        *self = Self::Shared(Arc::clone(&columns));
        SharedSaved {
            experiment,
            columns,
        }
    }
}

/// The values of an experiment that wait to be sent, for the thread that ends it during a call:
/// see [`ExecutorContext::share_saved`](crate::executor::ExecutorContext::share_saved).
#[derive(Clone, Debug)]
pub struct SharedSaved {
    experiment: ExperimentNumber,
    columns: Arc<Mutex<Columns>>,
}

impl SharedSaved {
    /// Sends the values.
    ///
    /// # Errors
    /// The sink is closed.
    pub fn send(&self, sink: &mut dyn EventSink) -> Result<(), SinkError> {
        let mut columns = self.columns.lock().unwrap_or_else(PoisonError::into_inner);
        columns.send(self.experiment, |_| true, sink)
    }
}
