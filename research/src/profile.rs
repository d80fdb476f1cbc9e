//! What the units of a research took.

use std::collections::HashMap;

use research_core::{Column, Event, ExperimentNumber, Measure};

use crate::error::ResearchError;
use crate::finished::Finished;

/// What a unit, or all iterations, took over all experiments.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitTime {
    /// The unit; `None` for whole iterations.
    pub unit: Option<String>,
    /// How often it was called.
    pub calls: u64,
    /// All calls together, in seconds.
    pub total: f64,
    /// The longest call, in seconds.
    pub longest: f64,
    /// The processor time of all calls, in seconds; with level 2.
    pub cpu: f64,
    /// The page faults of all calls; with level 2.
    pub page_faults: i64,
    /// The most memory that a process has had after one of the calls, in bytes; with level 2.
    pub peak_memory: i64,
}

impl UnitTime {
    /// The mean of its calls, in seconds.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.total / self.calls as f64
    }

    fn add(&mut self, measure: Measure, values: &Column) {
        match (measure, values) {
            (Measure::Seconds, Column::Float(seconds)) => {
                self.calls += seconds.len() as u64;
                self.total += seconds.iter().sum::<f64>();
                self.longest = seconds.iter().copied().fold(self.longest, f64::max);
            }
            (Measure::CpuSeconds, Column::Float(seconds)) => {
                self.cpu += seconds.iter().sum::<f64>()
            }
            (Measure::PageFaults, Column::Int(faults)) => {
                self.page_faults += faults.iter().sum::<i64>()
            }
            (Measure::PeakMemory, Column::Int(bytes)) => {
                self.peak_memory = bytes.iter().copied().fold(self.peak_memory, i64::max);
            }
            // Executors measure in no other way.
            _ => {}
        }
    }
}

impl Finished {
    /// What units and iterations took, the most first, over the last attempts of all experiments;
    /// nothing if no profile was asked for.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn profile(&self) -> Result<Vec<UnitTime>, ResearchError> {
        let mut times: HashMap<ExperimentNumber, Vec<UnitTime>> = HashMap::new();
        self.for_each_event(|event| match event {
            Event::ExperimentStarted { experiment, .. } => {
                times.remove(experiment);
            }
            Event::Profile {
                experiment,
                unit,
                measure,
                values,
                ..
            } => {
                let times = times.entry(*experiment).or_default();
                find(times, unit.as_deref()).add(*measure, values);
            }
            _ => {}
        })?;
        let mut all = Vec::new();
        for time in times.into_values().flatten() {
            let sum = find(&mut all, time.unit.as_deref());
            sum.calls += time.calls;
            sum.total += time.total;
            sum.longest = sum.longest.max(time.longest);
            sum.cpu += time.cpu;
            sum.page_faults += time.page_faults;
            sum.peak_memory = sum.peak_memory.max(time.peak_memory);
        }
        all.sort_by(|a, b| b.total.total_cmp(&a.total));
        Ok(all)
    }
}

fn find<'t>(times: &'t mut Vec<UnitTime>, unit: Option<&str>) -> &'t mut UnitTime {
    let position = times.iter().position(|time| time.unit.as_deref() == unit);
    let position = position.unwrap_or_else(|| {
        times.push(UnitTime {
            unit: unit.map(str::to_owned),
            calls: 0,
            total: 0.0,
            longest: 0.0,
            cpu: 0.0,
            page_faults: 0,
            peak_memory: 0,
        });
        times.len() - 1
    });
    &mut times[position]
}
