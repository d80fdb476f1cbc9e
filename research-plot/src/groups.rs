//! Groups experiments by the values of parameters.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::Hash;

use research_domain::{Entry, Value};

use super::PlotError;
use research_domain::suggest;
use research_results::ExperimentResult;
use research_results::numbers::short_text;

const REPETITION: &str = "repetition";
const UPDATES: &str = "updates";

/// The value of a parameter or an auxiliary key; `None` if an experiment does not have it.
pub(super) type GroupValue<'a> = Option<Cow<'a, Value>>;

pub(super) fn value<'a>(experiment: &'a ExperimentResult, key: &str) -> GroupValue<'a> {
    let record = &experiment.record;
    match (key, record.config.get(key)) {
        (_, Some(value)) => Some(Cow::Borrowed(value)),
        (REPETITION, None) => Some(Cow::Owned(Value::from(record.repetition))),
        (UPDATES, None) => Some(Cow::Owned(Value::from(record.updates))),
        (_, None) => None,
    }
}

/// Returns the values of some keys: experiments with the same values are one group, even if their
/// aliases differ.
pub(super) fn values<'a>(experiment: &'a ExperimentResult, keys: &[String]) -> Vec<GroupValue<'a>> {
    keys.iter().map(|key| value(experiment, key)).collect()
}

/// The labels of groups, from an experiment of each: the values of keys, or their aliases. Floats
/// have about six digits where these tell the groups apart.
pub(super) fn labels(
    experiments: &[&ExperimentResult],
    keys: &[String],
    alias: bool,
) -> Vec<String> {
    let label = |experiment: &&ExperimentResult, is_short: bool| {
        let shown = |key: &String| shown(experiment, key, alias, is_short);
        keys.iter().map(shown).collect::<Vec<_>>().join(", ")
    };
    let mut labels: Vec<String> = experiments.iter().map(|one| label(one, true)).collect();
    let mut counts: HashMap<String, usize> = HashMap::new();
    for label in &labels {
        *counts.entry(label.clone()).or_default() += 1;
    }
    for (shown, experiment) in labels.iter_mut().zip(experiments) {
        if counts.get(shown).is_some_and(|count| *count > 1) {
            *shown = label(experiment, false);
        }
    }
    labels
}

/// A value, or its alias, as it is shown.
fn shown(experiment: &ExperimentResult, key: &str, alias: bool, is_short: bool) -> String {
    let entry = experiment.record.config.entry(key).filter(|_| alias);
    if let Some(alias) = entry.and_then(Entry::explicit_alias) {
        return alias.to_owned();
    }
    match value(experiment, key) {
        None => "–".to_owned(),
        Some(value) if is_short => short_text(&value),
        Some(value) => value.to_string(),
    }
}

/// Returns the value of a parameter as a number.
pub(super) fn number(experiment: &ExperimentResult, key: &str) -> Option<f64> {
    value(experiment, key)?.as_f64()
}

/// Returns the parameters of which experiments have different values, with the number of values, in
/// order of first appearance.
pub(super) fn differing<'a>(experiments: &[&'a ExperimentResult]) -> Vec<(&'a str, usize)> {
    let mut keys = Distinct::default();
    for experiment in experiments {
        for key in experiment.record.config.keys() {
            keys.place(key);
        }
    }
    let count = |key: &&'a str| {
        let mut values = Distinct::default();
        for experiment in experiments {
            values.place(experiment.record.config.get(key));
        }
        values.items.len()
    };
    let counted = keys.items.iter().map(|key| (*key, count(key)));
    counted.filter(|(_, count)| *count > 1).collect()
}

/// Checks that at least one experiment has each of these parameters.
pub(super) fn check<'a>(
    experiments: &[&ExperimentResult],
    keys: impl Iterator<Item = &'a String>,
) -> Result<(), PlotError> {
    for key in keys {
        let has = |one: &&ExperimentResult| one.record.config.contains(key);
        if [REPETITION, UPDATES].contains(&key.as_str()) || experiments.iter().any(has) {
            continue;
        }
        let mut known = Distinct::default();
        for experiment in experiments {
            for key in experiment.record.config.keys() {
                known.place(key);
            }
        }
        return Err(PlotError::UnknownKey {
            key: key.clone(),
            hint: suggest::hint(key, known.items.iter().copied()),
        });
    }
    Ok(())
}

/// Distinct items in order of first appearance.
#[derive(Clone, Debug)]
pub(super) struct Distinct<T> {
    pub(super) items: Vec<T>,
    places: HashMap<T, usize>,
}

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            places: HashMap::new(),
        }
    }
}

impl<T: Clone + Eq + Hash> Distinct<T> {
    /// Returns the index of an item, and adds it if it is new.
    pub(super) fn place(&mut self, item: T) -> usize {
        if let Some(place) = self.places.get(&item) {
            return *place;
        }
        self.places.insert(item.clone(), self.items.len());
        self.items.push(item);
        self.items.len() - 1
    }

    /// Returns the index of an item that was added before.
    pub(super) fn find(&self, item: &T) -> Option<usize> {
        self.places.get(item).copied()
    }
}
