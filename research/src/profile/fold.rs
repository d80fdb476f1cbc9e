//! The fold of events into a profile.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use research_core::events::{Measure, SpanTime};
use research_core::{Column, Event, ExperimentNumber, Fold};
use research_domain::Value;

use super::{ExperimentTime, Profile, ProfileOptions, UnitSpan, UnitTime};
use crate::error::ResearchError;

/// The unit; `None` for whole iterations.
type Unit = Option<Arc<str>>;

pub(super) struct ProfileFold<'o> {
    options: &'o ProfileOptions,
    seen: HashSet<String>,
    /// The current attempt of each experiment that is looked at.
    experiments: BTreeMap<ExperimentNumber, Sums>,
}

#[derive(Default)]
struct Sums {
    id: String,
    units: BTreeMap<Unit, UnitTime>,
    iterations: BTreeMap<(u64, Unit), UnitTime>,
    spans: BTreeMap<(Arc<str>, String, String), SpanTime>,
}

impl<'o> ProfileFold<'o> {
    pub(super) fn new(options: &'o ProfileOptions) -> Self {
        Self {
            options,
            seen: HashSet::new(),
            experiments: BTreeMap::new(),
        }
    }
}

impl Fold for ProfileFold<'_> {
    fn apply(&mut self, event: &Event) {
        match event {
            Event::ExperimentStarted {
                experiment, record, ..
            } => {
                let id: &str = record.id.as_ref();
                if self.options.ids.is_empty() || self.options.ids.iter().any(|one| one == id) {
                    self.seen.insert(id.to_owned());
                    let sums = Sums {
                        id: id.to_owned(),
                        ..Sums::default()
                    };
                    self.experiments.insert(*experiment, sums);
                }
            }
            Event::Profile {
                experiment,
                unit,
                measure,
                iterations,
                values,
            } => {
                let Some(sums) = self.experiments.get_mut(experiment) else {
                    return;
                };
                let of_unit = sums.units.entry(unit.clone()).or_default();
                values_of(values).for_each(|value| of_unit.add(*measure, &value));
                if self.options.by_iteration {
                    for (iteration, value) in iterations.iter().zip(values_of(values)) {
                        let time = sums.iterations.entry((iteration, unit.clone()));
                        time.or_default().add(*measure, &value);
                    }
                }
            }
            Event::Spans {
                experiment,
                unit,
                spans,
            } => {
                if let Some(sums) = self.experiments.get_mut(experiment) {
                    spans.iter().for_each(|span| sums.add_span(unit, span));
                }
            }
            _ => {}
        }
    }
}

impl ProfileFold<'_> {
    pub(super) fn finish(self) -> Result<Profile, ResearchError> {
        if let Some(id) = self.options.ids.iter().find(|id| !self.seen.contains(*id)) {
            let problem = format!("there is no experiment `{id}`: `results` shows the ids");
            return Err(ResearchError::Options(problem));
        }
        let mut all = Sums::default();
        let mut experiments = Vec::new();
        for sums in self.experiments.into_values() {
            if self.options.by_experiment {
                experiments.extend(sums.times(self.options.by_iteration));
            }
            all.extend(sums);
        }
        Ok(Profile {
            experiments,
            ..all.into_profile()
        })
    }
}

fn named(unit: Unit, time: UnitTime) -> UnitTime {
    UnitTime {
        unit: unit.map(|unit| unit.to_string()),
        ..time
    }
}

fn values_of(column: &Column) -> impl Iterator<Item = Value> {
    (0..).map_while(|position| column.get(position))
}

impl Sums {
    fn add_span(&mut self, unit: &Arc<str>, span: &SpanTime) {
        let key = (Arc::clone(unit), span.name.clone(), span.target.clone());
        self.spans
            .entry(key)
            .and_modify(|sum| {
                sum.calls += span.calls;
                sum.own += span.own;
                sum.total += span.total;
            })
            .or_insert_with(|| span.clone());
    }

    /// The times of an experiment, or of each of its iterations.
    fn times(&self, by_iteration: bool) -> Vec<ExperimentTime> {
        let of = |iteration: Option<u64>, unit: &Unit, time: &UnitTime| ExperimentTime {
            id: self.id.clone(),
            iteration,
            time: named(unit.clone(), time.clone()),
        };
        let units = self.units.iter();
        let iterations = self.iterations.iter();
        match by_iteration {
            true => iterations
                .map(|((iteration, unit), time)| of(Some(*iteration), unit, time))
                .collect(),
            false => units.map(|(unit, time)| of(None, unit, time)).collect(),
        }
    }

    fn extend(&mut self, other: Self) {
        for (unit, time) in other.units {
            self.units.entry(unit).or_default().extend(&time);
        }
        for (at, time) in other.iterations {
            self.iterations.entry(at).or_default().extend(&time);
        }
        for ((unit, ..), span) in &other.spans {
            self.add_span(unit, span);
        }
    }

    fn into_profile(self) -> Profile {
        let units = self.units.into_iter();
        let mut units: Vec<UnitTime> = units.map(|(unit, time)| named(unit, time)).collect();
        units.sort_by(|a, b| b.total.total_cmp(&a.total));
        let spans = self.spans.into_iter();
        let mut spans: Vec<UnitSpan> = spans
            .map(|((unit, ..), span)| UnitSpan {
                unit: unit.to_string(),
                span,
            })
            .collect();
        spans.sort_by(|a, b| b.span.own.total_cmp(&a.span.own));
        let iterations = self.iterations.into_iter();
        Profile {
            units,
            spans,
            experiments: Vec::new(),
            iterations: iterations
                .map(|((iteration, unit), time)| (iteration, named(unit, time)))
                .collect(),
        }
    }
}

impl UnitTime {
    fn add(&mut self, measure: Measure, value: &Value) {
        match (measure, value) {
            (Measure::Seconds, Value::Float(seconds)) => {
                self.calls += 1;
                self.total += seconds;
                self.longest = self.longest.max(*seconds);
            }
            (Measure::CpuSeconds, Value::Float(seconds)) => self.cpu += seconds,
            (Measure::PageFaults, Value::Int(faults)) => self.page_faults += faults,
            (Measure::PeakMemory, Value::Int(bytes)) => {
                self.peak_memory = self.peak_memory.max(*bytes);
            }
            // Executors measure no other quantities.
            _ => {}
        }
    }

    fn extend(&mut self, other: &Self) {
        self.calls += other.calls;
        self.total += other.total;
        self.longest = self.longest.max(other.longest);
        self.cpu += other.cpu;
        self.page_faults += other.page_faults;
        self.peak_memory = self.peak_memory.max(other.peak_memory);
    }
}
