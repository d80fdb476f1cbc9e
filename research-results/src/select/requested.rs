//! The values that filters request by name, and the values of experiments that are similar.

use std::collections::BTreeSet;

use research_domain::{Condition, Value};

use crate::error::hint;
use crate::filter::{AUXILIARY, is_shown_as, number, same};
use crate::options::{TableOptions, Wanted};
use crate::results::ExperimentResult;

/// The number of strings of a parameter that are kept for suggestions.
const TEXTS: usize = 40;

/// The values that filters request. A float matches by the number that tables show, in about six
/// digits, unless an experiment has exactly the requested value.
#[derive(Debug)]
pub(super) struct RequestedValues {
    values: Vec<RequestedValue>,
}

/// A requested value of a parameter, and the values of experiments.
#[derive(Debug)]
struct RequestedValue {
    key: String,
    /// The value as the user wrote it.
    text: String,
    value: Value,
    /// Whether an experiment has exactly this value.
    is_found: bool,
    /// The floats that tables show like it.
    shown: Vec<Value>,
    nearest: Option<Value>,
    texts: BTreeSet<String>,
}

impl RequestedValues {
    /// Compares the values that the options request with the configs of experiments.
    pub(super) fn new(experiments: &[&ExperimentResult], options: &TableOptions) -> Self {
        let texts = options.config.iter().filter_map(|(key, wanted)| {
            let Wanted::Text(text) = wanted else {
                return None;
            };
            let value = number(text).unwrap_or_else(|| Value::from(text.as_str()));
            Some(RequestedValue::new(key, text.clone(), value))
        });
        let equalities = options.conditions.iter().flat_map(Condition::equalities);
        let literals = equalities.map(|(key, value)| {
            RequestedValue::new(key, value.literal().to_string(), value.clone())
        });
        let mut values: Vec<RequestedValue> = texts.chain(literals).collect();
        if !values.is_empty() {
            for experiment in experiments {
                values.iter_mut().for_each(|one| one.compare(experiment));
            }
        }
        Self { values }
    }

    /// Whether tables show a value like the requested text, and no experiment has it exactly.
    pub(super) fn is_shown(&self, key: &str, text: &str, value: &Value) -> bool {
        let mut asked = self.values.iter();
        asked.any(|one| {
            !one.is_found && one.key == key && one.text == text && one.shown.contains(value)
        })
    }

    /// Returns the condition with exact values in place of floats as tables show them.
    pub(super) fn exact(&self, condition: &Condition) -> Condition {
        condition.with_equalities(&|key, literal| {
            let mut asked = self.values.iter();
            let asked = asked.find(|one| one.key == key && one.value == *literal)?;
            (!asked.is_found && !asked.shown.is_empty()).then(|| asked.shown.clone())
        })
    }

    /// Returns notes on values that no experiment has, with the nearest values.
    pub(super) fn notes(&self) -> Vec<String> {
        let missing = self.values.iter().filter(|one| one.is_missing());
        missing.map(RequestedValue::note).collect()
    }
}

impl RequestedValue {
    fn new(key: &str, text: String, value: Value) -> Self {
        Self {
            key: key.to_owned(),
            text,
            value,
            is_found: false,
            shown: Vec::new(),
            nearest: None,
            texts: BTreeSet::new(),
        }
    }

    fn compare(&mut self, experiment: &ExperimentResult) {
        let record = &experiment.record;
        if let Some(entry) = record.config.entry(&self.key) {
            let is_text = entry.alias() == self.text || entry.value().to_string() == self.text;
            self.is_found |= is_text;
            self.compare_value(entry.value());
        } else if AUXILIARY.contains(&self.key.as_str())
            && let Some(value) = record.full_config().get(&self.key)
        {
            self.compare_value(value);
        }
    }

    fn compare_value(&mut self, value: &Value) {
        self.is_found |= same(value, &self.value);
        if let (Some(wanted), Some(number)) = (self.value.as_f64(), value.as_f64()) {
            if is_shown_as(value, wanted) && !self.shown.contains(value) {
                self.shown.push(value.clone());
            }
            let distance = |number: f64| (number - wanted).abs();
            let nearest = self.nearest.as_ref().and_then(Value::as_f64);
            if nearest.is_none_or(|nearest| distance(number) < distance(nearest)) {
                self.nearest = Some(value.clone());
            }
        }
        if let Value::Text(text) = value
            && self.texts.len() < TEXTS
        {
            self.texts.insert(text.to_string());
        }
    }

    fn is_missing(&self) -> bool {
        let has_known = self.nearest.is_some() || !self.texts.is_empty();
        !self.is_found && self.shown.is_empty() && has_known
    }

    fn note(&self) -> String {
        let Self { key, text, .. } = self;
        let hint = match &self.nearest {
            Some(nearest) => format!("the nearest value is {nearest}"),
            None => {
                let known: Vec<&str> = self.texts.iter().map(String::as_str).collect();
                hint(text.trim_matches('"'), &known)
            }
        };
        format!("no experiment has the value {text} of `{key}`; {hint}")
    }
}
