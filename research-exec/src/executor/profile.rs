//! Measures units and iterations, if a profile is requested.

use std::sync::Arc;
use std::time::Instant;

use research_core::domain::Value;
use research_core::events::{ColumnBuilder, Measure};
use research_core::{Event, EventSink, ExperimentNumber, SinkError, Unit};
use research_process::ResourceUsage;

use super::spans::{self, SpanTimes};

/// The measurements of one experiment that were not sent yet.
pub(super) struct Profile {
    /// Whether more than time is measured.
    is_detailed: bool,
    units: Vec<UnitProfile>,
    /// For iterations only the time is measured, because an iteration may begin and end in
    /// different threads.
    iterations: Measurements,
    began: Instant,
    /// The number of branches of the task: each is assigned an equal share of the time of an
    /// iteration.
    branches: usize,
}

/// The measurements of one unit.
struct UnitProfile {
    name: Arc<str>,
    /// Whether the unit only runs programs: the usage of this process is then not its own.
    is_process: bool,
    measured: Measurements,
    spans: SpanTimes,
}

/// A column for each measure.
#[derive(Default)]
struct Measurements([ColumnBuilder; Measure::ALL.len()]);

/// The clocks and counters at the start of a call.
pub(super) struct Reading {
    at: Instant,
    used: Option<ResourceUsage>,
}

impl Profile {
    /// Creates a profile of this level, 1 or more, for one of `branches` branches of a task.
    pub(super) fn new(level: u8, units: &[Unit], branches: usize) -> Self {
        let new = |unit: &Unit| UnitProfile {
            name: unit.name().into(),
            is_process: unit.is_process(),
            measured: Measurements::default(),
            spans: SpanTimes::default(),
        };
        Self {
            is_detailed: level > 1,
            units: units.iter().map(new).collect(),
            iterations: Measurements::default(),
            began: Instant::now(),
            branches,
        }
    }

    pub(super) fn begin_iteration(&mut self) {
        self.began = Instant::now();
    }

    pub(super) fn end_iteration(&mut self, iteration: u64) {
        let seconds = self.began.elapsed().as_secs_f64() / self.branches as f64;
        self.iterations.push(Measure::Seconds, iteration, seconds);
    }

    pub(super) fn read(&self) -> Reading {
        if self.is_detailed {
            spans::begin();
        }
        let used = self.is_detailed.then(ResourceUsage::of_this_thread);
        Reading {
            used: used.flatten(),
            at: Instant::now(),
        }
    }

    /// Adds a call of a unit that began with this reading, and the usage of its programs.
    pub(super) fn add(
        &mut self,
        unit: usize,
        iteration: u64,
        began: &Reading,
        programs: Option<ResourceUsage>,
    ) {
        let seconds = began.at.elapsed().as_secs_f64();
        let unit = &mut self.units[unit];
        unit.measured.push(Measure::Seconds, iteration, seconds);
        if !self.is_detailed {
            return;
        }
        unit.spans.extend(spans::end());
        let used = if unit.is_process {
            programs
        } else {
            ResourceUsage::of_this_thread().zip(began.used).map(since)
        };
        if let Some(used) = used {
            unit.measured.push_used(iteration, used);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let units = self.units.iter().map(|unit| &unit.measured);
        let all = units.chain([&self.iterations]);
        all.flat_map(|columns| &columns.0)
            .map(ColumnBuilder::bytes)
            .sum()
    }

    pub(super) fn send(
        &mut self,
        experiment: ExperimentNumber,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        for unit in &mut self.units {
            unit.measured.send(experiment, Some(&unit.name), sink)?;
            let spans = unit.spans.take();
            if !spans.is_empty() {
                sink.emit(Event::Spans {
                    experiment,
                    unit: Arc::clone(&unit.name),
                    spans,
                })?;
            }
        }
        self.iterations.send(experiment, None, sink)
    }
}

impl Measurements {
    fn push(&mut self, measure: Measure, iteration: u64, value: impl Into<Value>) {
        self.0[measure as usize].push(iteration, value.into());
    }

    fn push_used(&mut self, iteration: u64, used: ResourceUsage) {
        self.push(Measure::CpuSeconds, iteration, used.cpu_seconds);
        self.push(Measure::PageFaults, iteration, used.page_faults);
        if let Some(peak) = used.peak_memory {
            self.push(Measure::PeakMemory, iteration, peak);
        }
    }

    fn send(
        &mut self,
        experiment: ExperimentNumber,
        unit: Option<&Arc<str>>,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        for measure in Measure::ALL {
            if let Some((iterations, values)) = self.0[measure as usize].take() {
                sink.emit(Event::Profile {
                    experiment,
                    unit: unit.cloned(),
                    measure,
                    iterations,
                    values,
                })?;
            }
        }
        Ok(())
    }
}

/// Returns the usage between two readings; the memory is the peak until the second one.
fn since((now, before): (ResourceUsage, ResourceUsage)) -> ResourceUsage {
    ResourceUsage {
        cpu_seconds: now.cpu_seconds - before.cpu_seconds,
        page_faults: now.page_faults - before.page_faults,
        ..now
    }
}
