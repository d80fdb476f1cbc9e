//! Which experiments are drawn together: groups by the values of parameters.

use std::collections::HashMap;
use std::hash::Hash;

use research_domain::Value;

use super::PlotError;
use crate::results::ExperimentResult;
use crate::table::hint;

const REPETITION: &str = "repetition";
const UPDATES: &str = "updates";

/// The value of a parameter or an auxiliary key, as it is shown.
pub(super) fn shown(experiment: &ExperimentResult, key: &str, alias: bool) -> String {
    let record = &experiment.record;
    match (key, record.config.entry(key)) {
        (_, Some(entry)) => match entry.explicit_alias() {
            Some(text) if alias => text.to_owned(),
            _ => match entry.value() {
                Value::Text(text) => text.clone(),
                value => value.to_string(),
            },
        },
        (REPETITION, None) => record.repetition.to_string(),
        (UPDATES, None) => record.updates.to_string(),
        (_, None) => "–".to_owned(),
    }
}

/// The number that is the value of a parameter.
pub(super) fn number(experiment: &ExperimentResult, key: &str) -> Option<f64> {
    let record = &experiment.record;
    match (key, record.config.get(key)) {
        (_, Some(value)) => value.as_f64(),
        (REPETITION, None) => Some(record.repetition as f64),
        (UPDATES, None) => Some(record.updates as f64),
        (_, None) => None,
    }
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
            hint: hint(key, &known.items),
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
}
