//! Which experiments are drawn together: groups by the values of parameters.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::Hash;

use research_domain::{Entry, Value};

use super::PlotError;
use research_domain::suggest;
use research_results::ExperimentResult;

const REPETITION: &str = "repetition";
const UPDATES: &str = "updates";

/// The value of a parameter or an auxiliary key; none if an experiment does not have it.
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

/// The values of some keys: experiments that have the same are one group, however they are shown.
pub(super) fn values<'a>(experiment: &'a ExperimentResult, keys: &[String]) -> Vec<GroupValue<'a>> {
    keys.iter().map(|key| value(experiment, key)).collect()
}

/// A value, or its alias, as it is shown.
pub(super) fn shown(experiment: &ExperimentResult, key: &str, alias: bool) -> String {
    let entry = experiment.record.config.entry(key).filter(|_| alias);
    if let Some(alias) = entry.and_then(Entry::explicit_alias) {
        return alias.to_owned();
    }
    value(experiment, key).map_or_else(|| "–".to_owned(), |value| value.to_string())
}

/// The number that is the value of a parameter.
pub(super) fn number(experiment: &ExperimentResult, key: &str) -> Option<f64> {
    value(experiment, key)?.as_f64()
}

/// The parameters of which experiments have different values, and how many; by first appearance.
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

/// Checks that there are such parameters.
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

/// Items by first appearance.
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
    /// Where an item stands, as it has or as it comes in.
    pub(super) fn place(&mut self, item: T) -> usize {
        if let Some(place) = self.places.get(&item) {
            return *place;
        }
        self.places.insert(item.clone(), self.items.len());
        self.items.push(item);
        self.items.len() - 1
    }

    /// Where an item stands that has come in before.
    pub(super) fn find(&self, item: &T) -> Option<usize> {
        self.places.get(item).copied()
    }
}
