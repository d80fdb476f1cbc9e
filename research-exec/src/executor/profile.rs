//! How long units and iterations take, where that is asked for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use research_core::domain::Value;
use research_core::{ColumnBuilder, Event, EventSink, ExperimentNumber, SinkError, Unit};

/// The times of one experiment that wait to be sent.
pub(super) struct Profile {
    units: Vec<(Arc<str>, ColumnBuilder)>,
    iterations: ColumnBuilder,
    began: Instant,
}

impl Profile {
    pub(super) fn new(units: &[Unit]) -> Self {
        let column = |unit: &Unit| (unit.name().into(), ColumnBuilder::default());
        Self {
            units: units.iter().map(column).collect(),
            iterations: ColumnBuilder::default(),
            began: Instant::now(),
        }
    }

    pub(super) fn begin_iteration(&mut self) {
        self.began = Instant::now();
    }

    pub(super) fn end_iteration(&mut self, iteration: u64) {
        self.iterations
            .push(iteration, seconds(self.began.elapsed()));
    }

    pub(super) fn add(&mut self, unit: usize, iteration: u64, took: Duration) {
        self.units[unit].1.push(iteration, seconds(took));
    }

    pub(super) fn bytes(&self) -> usize {
        let units = self.units.iter().map(|(_, column)| column.bytes());
        units.sum::<usize>() + self.iterations.bytes()
    }

    pub(super) fn send(
        &mut self,
        experiment: ExperimentNumber,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        let units = self.units.iter_mut();
        let units = units.map(|(unit, column)| (Some(&*unit), column));
        for (unit, column) in units.chain([(None, &mut self.iterations)]) {
            if let Some((iterations, seconds)) = column.take() {
                sink.emit(Event::Profile {
                    experiment,
                    unit: unit.cloned(),
                    iterations,
                    seconds,
                })?;
            }
        }
        Ok(())
    }
}

fn seconds(duration: Duration) -> Value {
    Value::Float(duration.as_secs_f64())
}
