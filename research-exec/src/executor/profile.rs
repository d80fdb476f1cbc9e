//! What units and iterations take, where that is asked for.

use std::sync::Arc;
use std::time::Instant;

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use research_core::domain::Value;
use research_core::{ColumnBuilder, Event, EventSink, ExperimentNumber, Measure, SinkError, Unit};

use super::spans::{self, SpanTimes};

/// The measurements of one experiment that wait to be sent.
pub(super) struct Profile {
    /// Whether more than time is measured.
    is_detailed: bool,
    units: Vec<UnitProfile>,
    /// Of these only the time: an iteration may begin in another thread than it ends in.
    iterations: Measurements,
    began: Instant,
}

/// What one unit took.
struct UnitProfile {
    name: Arc<str>,
    measured: Measurements,
    spans: SpanTimes,
}

/// A column for each measure.
#[derive(Default)]
struct Measurements([ColumnBuilder; Measure::ALL.len()]);

/// Where clocks and counters stood when a call began.
pub(super) struct Reading {
    at: Instant,
    usage: Option<Usage>,
}

impl Profile {
    /// A profile of this level, 1 or more.
    pub(super) fn new(level: u8, units: &[Unit]) -> Self {
        let new = |unit: &Unit| UnitProfile {
            name: unit.name().into(),
            measured: Measurements::default(),
            spans: SpanTimes::default(),
        };
        Self {
            is_detailed: level > 1,
            units: units.iter().map(new).collect(),
            iterations: Measurements::default(),
            began: Instant::now(),
        }
    }

    pub(super) fn begin_iteration(&mut self) {
        self.began = Instant::now();
    }

    pub(super) fn end_iteration(&mut self, iteration: u64) {
        let seconds = self.began.elapsed().as_secs_f64();
        self.iterations.push(Measure::Seconds, iteration, seconds);
    }

    pub(super) fn read(&self) -> Reading {
        if self.is_detailed {
            spans::begin();
        }
        Reading {
            usage: if self.is_detailed { usage() } else { None },
            at: Instant::now(),
        }
    }

    /// Takes in a call of a unit that began with this reading.
    pub(super) fn add(&mut self, unit: usize, iteration: u64, began: &Reading) {
        let seconds = began.at.elapsed().as_secs_f64();
        let UnitProfile {
            measured: columns,
            spans,
            ..
        } = &mut self.units[unit];
        if self.is_detailed {
            spans.extend(spans::end());
        }
        columns.push(Measure::Seconds, iteration, seconds);
        if let Some(before) = &began.usage
            && let Some(after) = usage()
        {
            let cpu = cpu_seconds(&after) - cpu_seconds(before);
            let faults = page_faults(&after) - page_faults(before);
            columns.push(Measure::CpuSeconds, iteration, cpu);
            columns.push(Measure::PageFaults, iteration, faults);
            // The system counts it in kilobytes.
            columns.push(Measure::PeakMemory, iteration, after.max_rss() << 10);
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

/// What this thread has used so far.
fn usage() -> Option<Usage> {
    getrusage(UsageWho::RUSAGE_THREAD).ok()
}

fn cpu_seconds(usage: &Usage) -> f64 {
    let microseconds =
        usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    microseconds as f64 / 1e6
}

fn page_faults(usage: &Usage) -> i64 {
    usage.minor_page_faults() + usage.major_page_faults()
}
