//! What the units of a research took.

use std::collections::HashMap;

use research_core::{Column, Event, ExperimentNumber};

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
}

impl UnitTime {
    /// The mean of its calls, in seconds.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.total / self.calls as f64
    }

    fn add(&mut self, seconds: &[f64]) {
        self.calls += seconds.len() as u64;
        self.total += seconds.iter().sum::<f64>();
        self.longest = seconds.iter().copied().fold(self.longest, f64::max);
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
                seconds: Column::Float(seconds),
                ..
            } => find(times.entry(*experiment).or_default(), unit.as_deref()).add(seconds),
            _ => {}
        })?;
        let mut all = Vec::new();
        for time in times.into_values().flatten() {
            let sum = find(&mut all, time.unit.as_deref());
            sum.calls += time.calls;
            sum.total += time.total;
            sum.longest = sum.longest.max(time.longest);
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
        });
        times.len() - 1
    });
    &mut times[position]
}
