//! The results of one experiment.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use research_core::events::{LargeValueError, ResourceUsage};
use research_core::{
    Event, ExceptionRecord, ExperimentNumber, ExperimentRecord, LargeValue, Status, Timestamp,
    WorkerNumber,
};
use research_domain::{Config, ConfigPool, Value};

use super::Series;

/// The values and the outcome of one experiment: those of its current attempt.
#[derive(Clone, Debug)]
pub struct ExperimentResult {
    /// The number of the experiment in the log.
    pub number: ExperimentNumber,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// Its id, config, repetition and seed.
    pub record: ExperimentRecord,
    /// The parameters that its worker and its branch have added to its config.
    pub added: Config,
    /// The status; `None` if the experiment has not ended.
    pub status: Option<Status>,
    /// The reason of the status, unless it is a success.
    pub reason: Option<String>,
    /// The number of completed iterations.
    pub iterations: u64,
    /// The resources that the attempt used, once it has ended.
    pub usage: ResourceUsage,
    /// The time at which the attempt started.
    pub started: Timestamp,
    /// The time at which it ended.
    pub ended: Option<Timestamp>,
    /// The number of the run that the attempt belongs to, from 1; `None` in a log without runs.
    pub run: Option<u32>,
    /// The host that it ran on, if it is known.
    pub host: Option<Arc<str>>,
    /// The worker that ran it.
    pub worker: WorkerNumber,
    /// The process that ran its units.
    pub pid: u32,
    /// The errors and panics of its units.
    pub exceptions: Vec<ExceptionRecord>,
    /// The devices of the attempt, in a run with devices: a name, a list of names, or null.
    pub device: Option<Box<Value>>,
    /// Whether the values that it saves are kept.
    pub(super) keeps_values: bool,
    series: Vec<Series>,
    /// The values in separate files, by variable and iteration.
    large: BTreeMap<Arc<str>, BTreeMap<u64, LargeValue>>,
    /// The index where the search for the next variable begins: batches have them in the same
    /// order.
    next: usize,
}

impl ExperimentResult {
    /// Returns the values of each variable, in the order of the variables' first appearance.
    #[must_use]
    pub fn variables(&self) -> &[Series] {
        &self.series
    }

    /// Returns the values of one variable.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&Series> {
        self.series.iter().find(|series| series.variable() == name)
    }

    /// Returns the location of the large value that was saved under this name in this iteration, if
    /// there is one. The variable's [`Series`] has a map with the name and the length of its file
    /// instead.
    #[must_use]
    pub fn large_value(&self, variable: &str, iteration: u64) -> Option<&LargeValue> {
        self.large.get(variable)?.get(&iteration)
    }

    /// Returns all large values: variable, iteration, and the location of the value.
    pub fn large_values(&self) -> impl Iterator<Item = (&str, u64, &LargeValue)> {
        self.large.iter().flat_map(|(variable, values)| {
            values
                .iter()
                .map(|(iteration, value)| (&**variable, *iteration, value))
        })
    }

    /// Replaces the references to large values by the values.
    pub(super) fn read_large(&mut self, research: &Path) -> Result<(), LargeValueError> {
        for (variable, values) in &self.large {
            let mut all = self.series.iter_mut();
            if let Some(series) = all.find(|series| series.variable() == &**variable) {
                for (iteration, value) in values {
                    series.replace(*iteration, value.read(research)?);
                }
            }
        }
        Ok(())
    }

    /// Returns the seconds from start to end; `None` if the experiment has not ended.
    #[must_use]
    pub fn seconds(&self) -> Option<f64> {
        self.ended.map(|ended| ended.seconds_since(self.started))
    }

    /// Returns the start of the attempt, in seconds since 1970.
    #[must_use]
    pub fn started_seconds(&self) -> f64 {
        self.started.seconds_since(Timestamp::default())
    }

    /// Creates the experiment of an `ExperimentStarted`.
    pub(super) fn of_start(event: &Event, configs: &mut ConfigPool) -> Option<Self> {
        let Event::ExperimentStarted {
            at,
            experiment,
            attempt,
            worker,
            pid,
            record,
            added,
            ..
        } = event
        else {
            return None;
        };
        Some(Self {
            number: *experiment,
            attempt: *attempt,
            record: ExperimentRecord {
                config: configs.shared(&record.config),
                ..(**record).clone()
            },
            added: configs.shared(added),
            status: None,
            reason: None,
            iterations: 0,
            usage: ResourceUsage::default(),
            started: *at,
            ended: None,
            run: None,
            host: None,
            worker: *worker,
            pid: *pid,
            exceptions: Vec::new(),
            device: None,
            keeps_values: true,
            series: Vec::new(),
            large: BTreeMap::new(),
            next: 0,
        })
    }

    /// Applies an `ExperimentEnded`, if it ends this attempt.
    pub(super) fn end(&mut self, event: &Event) {
        if let Event::ExperimentEnded {
            at,
            attempt,
            status,
            reason,
            iterations,
            usage,
            ..
        } = event
            && *attempt == self.attempt
        {
            self.status = Some(*status);
            self.reason.clone_from(reason);
            self.iterations = *iterations;
            self.usage = *usage;
            self.ended = Some(*at);
            self.series.iter_mut().for_each(Series::shrink);
        }
    }

    /// Returns the values of a variable; `variables` is the expected number of variables.
    pub(super) fn series_mut(&mut self, variable: &Arc<str>, variables: usize) -> &mut Series {
        let count = self.series.len();
        let found = (self.next..count)
            .chain(0..self.next.min(count))
            .find(|&position| self.series[position].variable() == &**variable);
        let position = found.unwrap_or_else(|| {
            if count == 0 {
                // By default, a vector reserves room for more than one element, too much a million
                // times.
                self.series.reserve_exact(variables.min(8));
            }
            self.series.push(Series::new(Arc::clone(variable)));
            count
        });
        self.next = position + 1;
        &mut self.series[position]
    }

    /// Takes the values of the variables of `other`, and discards the variables that are not
    /// wanted.
    pub(super) fn take_values(&mut self, mut other: Self, is_wanted: impl Fn(&str) -> bool) {
        let keeps_values = self.keeps_values;
        self.series
            .retain(|series| keeps_values && is_wanted(series.variable()));
        for series in &mut self.series {
            let mut others = other.series.iter_mut();
            if let Some(found) = others.find(|one| one.variable() == series.variable()) {
                std::mem::swap(series, found);
            }
        }
        self.large = other.large;
    }

    pub(super) fn push_large(&mut self, variable: &Arc<str>, iteration: u64, value: &LargeValue) {
        let values = self.large.entry(Arc::clone(variable)).or_default();
        values.insert(iteration, value.clone());
    }

    /// Removes large values whose iterations were saved again with other values.
    pub(super) fn forget_large(&mut self, variable: &str, iterations: impl Iterator<Item = u64>) {
        if let Some(values) = self.large.get_mut(variable) {
            for iteration in iterations {
                values.remove(&iteration);
            }
        }
    }
}

/// Returns the keys of all configs, by first appearance, each with its alias there, and, after
/// them, those that were `added` to the configs.
pub(crate) fn parameters<'a>(
    experiments: &[&'a ExperimentResult],
    added: bool,
) -> Vec<(&'a str, &'a str)> {
    let mut seen = HashSet::new();
    let mut keys = Vec::new();
    let configs = experiments.iter().map(|one| &one.record.config);
    let of_place = experiments.iter().filter(|_| added).map(|one| &one.added);
    for config in configs.chain(of_place) {
        for entry in config.entries() {
            if seen.insert(entry.key()) {
                keys.push((entry.key(), entry.key_alias()));
            }
        }
    }
    keys
}
