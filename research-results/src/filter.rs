//! Filters by the record of an experiment.

use std::collections::BTreeSet;

use research_core::{ExperimentRecord, Status};
use research_domain::{Condition, Config, Value};

use crate::options::{TableOptions, Wanted};
use crate::short_float::ShortFloat;

/// The keys of an experiment besides its parameters.
pub(crate) const AUXILIARY: [&str; 2] = ["repetition", "updates"];

/// Whether each key has one of its requested values. `is_text` returns whether a string requests a
/// value.
pub(crate) fn has_config(
    record: &ExperimentRecord,
    wanted: &[(String, Wanted)],
    is_text: &dyn Fn(&str, &str, Found<'_>) -> bool,
) -> bool {
    if wanted.is_empty() {
        return true;
    }
    let config = record.full_config();
    wanted.iter().all(|(key, _)| {
        wanted
            .iter()
            .filter(|(other, _)| other == key)
            .any(|(_, wanted)| is_wanted(&config, key, wanted, is_text))
    })
}

/// The value of a parameter, and its config.
#[derive(Clone, Copy)]
pub(crate) struct Found<'a> {
    key: &'a str,
    pub(crate) value: &'a Value,
    config: &'a Config,
}

fn is_wanted(
    config: &Config,
    key: &str,
    wanted: &Wanted,
    is_text: &dyn Fn(&str, &str, Found<'_>) -> bool,
) -> bool {
    let Some(value) = config.get(key) else {
        return false;
    };
    match wanted {
        Wanted::Value(wanted) => same(value, wanted),
        Wanted::Text(text) => is_text(key, text, Found { key, value, config }),
    }
}

/// Whether a string requests a value: its alias, its printed form, or the same number.
pub(crate) fn matches_text(text: &str, found: Found<'_>) -> bool {
    let alias = found.config.alias(found.key);
    alias.is_some_and(|alias| alias == text)
        || found.value.to_string() == text
        || number(text).is_some_and(|wanted| same(found.value, &wanted))
}

/// The number in a string: an integer if possible, because floats are not as exact.
pub(crate) fn number(text: &str) -> Option<Value> {
    let integer = text.parse::<i128>().ok();
    let integer = integer.and_then(|integer| Value::try_from(integer).ok());
    integer.or_else(|| text.parse().map(Value::Float).ok())
}

/// Whether values are equal, or numbers that are equal. Integers beyond 53 bits are compared
/// exactly.
pub(crate) fn same(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Float(a), Value::Float(b)) => a == b || value == wanted,
        (integer, Value::Float(float)) | (Value::Float(float), integer) => integer
            .as_i128()
            .is_some_and(|integer| integer as f64 == *float && *float as i128 == integer),
        _ => value == wanted,
    }
}

/// Whether each key has one of its requested aliases.
pub(crate) fn has_alias(record: &ExperimentRecord, wanted: &[(String, String)]) -> bool {
    if wanted.is_empty() {
        return true;
    }
    let config = record.full_config();
    let has = |key: &str, alias: &str| {
        config
            .entries()
            .filter(|entry| entry.key() == key || entry.key_alias() == key)
            .any(|entry| entry.alias() == alias)
    };
    wanted.iter().all(|(key, _)| {
        wanted
            .iter()
            .filter(|(other, _)| other == key)
            .any(|(_, alias)| has(key, alias))
    })
}

/// Whether a value is a float that text tables show as this number.
pub(crate) fn is_shown_as(value: &Value, number: f64) -> bool {
    match value {
        Value::Float(float) => ShortFloat(*float).to_string().parse() == Ok(number),
        _ => false,
    }
}

impl TableOptions {
    /// Whether an experiment may pass the filters on its record: all filters but those by a domain
    /// and by the status. Floats pass if tables show them as the requested number.
    pub(crate) fn admits(&self, record: &ExperimentRecord) -> bool {
        self.admits_identity(record)
            && has_config(record, &self.config, &|_, text, found| {
                let number = text.parse().ok();
                matches_text(text, found)
                    || number.is_some_and(|number| is_shown_as(found.value, number))
            })
            && may_hold(&self.conditions, record)
    }

    pub(crate) fn admits_identity(&self, record: &ExperimentRecord) -> bool {
        (self.ids.is_empty() || self.ids.contains(record.id.as_str()))
            && has_alias(record, &self.alias)
    }

    pub(crate) fn admits_status(&self, status: Option<Status>) -> bool {
        self.statuses.is_empty() || self.statuses.contains(&status)
    }

    /// Whether only experiments with some statuses are shown.
    #[must_use]
    pub fn has_statuses(&self) -> bool {
        !self.statuses.is_empty()
    }

    /// Also reads the iterations of variables that are not requested.
    pub(crate) fn with_all_iterations(mut self) -> Self {
        self.all_iterations = true;
        self
    }

    pub(crate) fn keeps_iterations(&self) -> bool {
        self.all_iterations
    }

    /// Whether an experiment without values has a row.
    pub(crate) fn has_every_experiment(&self) -> bool {
        self.every_experiment
    }

    /// Whether a variable is shown.
    pub(crate) fn shows_variable(&self, name: &str) -> bool {
        self.variables.is_empty() || self.variables.iter().any(|one| one == name)
    }

    /// The variables that are shown; all, if there are none.
    pub(crate) fn variables_shown(&self) -> &[String] {
        &self.variables
    }

    /// Whether aliases replace values.
    #[must_use]
    pub fn shows_aliases(&self) -> bool {
        self.use_alias
    }

    /// The iterations that are shown; all, if none.
    #[must_use]
    pub fn iterations_shown(&self) -> Option<&BTreeSet<u64>> {
        (!self.iterations.is_empty()).then_some(&self.iterations)
    }
}

/// Whether all conditions could be true for a record, if its floats equal the numbers that tables
/// show for them. A condition that cannot be evaluated is reported later.
fn may_hold(conditions: &[Condition], record: &ExperimentRecord) -> bool {
    if conditions.is_empty() {
        return true;
    }
    let config = record.full_config();
    let own = |name: &str, literal: &Value| {
        let value = config.get(name)?;
        let is_shown = literal
            .as_f64()
            .is_some_and(|number| is_shown_as(value, number));
        is_shown.then(|| vec![literal.clone(), value.clone()])
    };
    conditions.iter().all(|condition| {
        let is_true = |condition: &Condition| condition.holds(&config).unwrap_or(true);
        is_true(condition) || is_true(&condition.with_equalities(&own))
    })
}
