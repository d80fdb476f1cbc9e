//! Groups experiments by the values of parameters.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::Hash;

use research_domain::{Entry, Value};

use super::PlotError;
use research_domain::suggest;
use research_results::ExperimentResult;

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

/// Returns the value of a key as it is shown, or its alias.
pub(super) fn shown(experiment: &ExperimentResult, key: &str, alias: bool) -> String {
    let entry = experiment.record.config.entry(key).filter(|_| alias);
    if let Some(alias) = entry.and_then(Entry::explicit_alias) {
        return alias.to_owned();
    }
    value(experiment, key).map_or_else(|| "–".to_owned(), |value| value.to_string())
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
