//! Whether a config has the values that a filter asks for.

use research_core::ExperimentRecord;
use research_domain::{Config, Value};

use crate::table::options::Wanted;
use crate::table::write::Short;

/// Whether each key has one of the values wanted of it; `is_text` says whether a value is what a
/// text asks for.
pub(super) fn has_config(
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
pub(super) struct Found<'a> {
    key: &'a str,
    pub(super) value: &'a Value,
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

/// Whether a value is what a text asks for: its alias, its printed form, or the same number.
pub(super) fn matches_text(text: &str, found: Found<'_>) -> bool {
    let alias = found.config.alias(found.key);
    alias.is_some_and(|alias| alias == text)
        || found.value.to_string() == text
        || number(text).is_some_and(|wanted| same(found.value, &wanted))
}

/// The number that a text is: a float only where it is no integer, for floats are not as exact.
pub(super) fn number(text: &str) -> Option<Value> {
    let integer = text.parse::<i128>().ok();
    let integer = integer.and_then(|integer| Value::try_from(integer).ok());
    integer.or_else(|| text.parse().map(Value::Float).ok())
}

/// Equal, or numbers that are equal: integers beyond 53 bits are not taken for their neighbours.
pub(super) fn same(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Float(a), Value::Float(b)) => a == b || value == wanted,
        (integer, Value::Float(float)) | (Value::Float(float), integer) => integer
            .as_i128()
            .is_some_and(|integer| integer as f64 == *float && *float as i128 == integer),
        _ => value == wanted,
    }
}

/// Whether each key has one of the aliases wanted of it.
pub(super) fn has_alias(record: &ExperimentRecord, wanted: &[(String, String)]) -> bool {
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

/// Whether a value is a float that tables for people show as this number.
pub(super) fn is_shown_as(value: &Value, number: f64) -> bool {
    match value {
        Value::Float(float) => Short(*float).to_string().parse() == Ok(number),
        _ => false,
    }
}
