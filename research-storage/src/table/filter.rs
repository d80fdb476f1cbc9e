//! Which experiments and variables a table shows.

use std::collections::{BTreeSet, HashSet};

use research_core::ExperimentRecord;
use research_domain::{Config, Domain, Iteration, Value, option};

use super::error::{TableError, hint};
use super::options::{TableOptions, Wanted};
use crate::results::{ExperimentResult, Names};

const AUXILIARY: [&str; 2] = ["repetition", "updates"];

/// The experiments that pass all filters, in order.
pub(crate) fn select<'a>(
    mut experiments: Vec<&'a ExperimentResult>,
    options: &TableOptions,
) -> Result<Vec<&'a ExperimentResult>, TableError> {
    check_exclusive(options)?;
    check_ids(&experiments, options)?;
    check_keys(&experiments, options)?;
    experiments.retain(|experiment| options.admits(&experiment.record));
    match &options.domain {
        Some(domain) => members(experiments, domain),
        None => Ok(experiments),
    }
}

impl TableOptions {
    /// Whether an experiment passes the filters that look at one experiment alone: all but that by
    /// a domain.
    pub(crate) fn admits(&self, record: &ExperimentRecord) -> bool {
        (self.ids.is_empty() || self.ids.contains(record.id.as_str()))
            && has_config(record, &self.config)
            && has_alias(record, &self.alias)
    }

    /// The variables that are shown; all, if there are none.
    pub(crate) fn variables_shown(&self) -> &[String] {
        &self.variables
    }

    /// Whether aliases stand for values.
    #[cfg(feature = "plot")]
    pub(crate) fn shows_aliases(&self) -> bool {
        self.use_alias
    }

    /// The iterations that are shown; all, if none.
    pub(crate) fn iterations_shown(&self) -> Option<&BTreeSet<u64>> {
        (!self.iterations.is_empty()).then_some(&self.iterations)
    }
}

/// The names of the variables that experiments have saved and the options allow, by first
/// appearance in the order of experiments.
pub(crate) fn variables<'a>(
    experiments: &[&'a ExperimentResult],
    known: &Names,
    options: &TableOptions,
) -> Result<Vec<&'a str>, TableError> {
    let is_wanted = |name: &str| {
        options.variables.is_empty() || options.variables.iter().any(|one| one == name)
    };
    // While nothing is saved there is nothing to check a name against.
    let mut wanted = options.variables.iter();
    if let Some(name) = wanted.find(|name| !known.contains(name))
        && known.iter().next().is_some()
    {
        return Err(TableError::UnknownVariable {
            name: name.clone(),
            hint: hint(name, &known.iter().collect::<Vec<_>>()),
        });
    }
    let mut seen = HashSet::new();
    let mut names = Vec::new();
    let series = experiments
        .iter()
        .flat_map(|experiment| experiment.series());
    for series in series {
        if seen.insert(series.variable()) && is_wanted(series.variable()) {
            names.push(series.variable());
        }
    }
    Ok(names)
}

/// The keys of all configs, by first appearance, each with the alias that it has there.
pub(super) fn parameters<'a>(experiments: &[&'a ExperimentResult]) -> Vec<(&'a str, &'a str)> {
    let mut seen = HashSet::new();
    let mut keys = Vec::new();
    for experiment in experiments {
        for entry in experiment.record.config.entries() {
            if seen.insert(entry.key()) {
                keys.push((entry.key(), entry.key_alias()));
            }
        }
    }
    keys
}

fn check_exclusive(options: &TableOptions) -> Result<(), TableError> {
    let used = [
        ("config", !options.config.is_empty()),
        ("alias", !options.alias.is_empty()),
        ("domain", options.domain.is_some()),
    ];
    let mut used = used
        .iter()
        .filter(|(_, is_used)| *is_used)
        .map(|(name, _)| *name);
    match (used.next(), used.next()) {
        (Some(first), Some(second)) => Err(TableError::Exclusive { first, second }),
        _ => Ok(()),
    }
}

fn check_ids(experiments: &[&ExperimentResult], options: &TableOptions) -> Result<(), TableError> {
    if options.ids.is_empty() {
        return Ok(());
    }
    let known: HashSet<&str> = experiments.iter().map(|e| e.record.id.as_str()).collect();
    match options.ids.iter().find(|id| !known.contains(id.as_str())) {
        Some(id) => Err(TableError::UnknownId {
            id: id.clone(),
            hint: "the table without this filter shows the ids",
        }),
        None => Ok(()),
    }
}

fn check_keys(experiments: &[&ExperimentResult], options: &TableOptions) -> Result<(), TableError> {
    let keys = options.config.iter().map(|(key, _)| (key, false));
    let alias_keys = options.alias.iter().map(|(key, _)| (key, true));
    let mut wanted = keys.chain(alias_keys).peekable();
    if wanted.peek().is_none() || experiments.is_empty() {
        return Ok(());
    }
    let parameters = parameters(experiments);
    for (wanted, by_alias) in wanted {
        let is_known = parameters
            .iter()
            .any(|(key, alias)| key == wanted || (by_alias && alias == wanted))
            || AUXILIARY.contains(&wanted.as_str());
        if !is_known {
            let known: Vec<&str> = parameters.iter().map(|(key, _)| *key).collect();
            return Err(TableError::UnknownKey {
                key: wanted.clone(),
                hint: hint(wanted, &known),
            });
        }
    }
    Ok(())
}

/// Whether each key has one of the values wanted of it.
fn has_config(record: &ExperimentRecord, wanted: &[(String, Wanted)]) -> bool {
    if wanted.is_empty() {
        return true;
    }
    let config = record.full_config();
    wanted.iter().all(|(key, _)| {
        wanted
            .iter()
            .filter(|(other, _)| other == key)
            .any(|(_, wanted)| is_wanted(&config, key, wanted))
    })
}

fn is_wanted(config: &Config, key: &str, wanted: &Wanted) -> bool {
    let Some(value) = config.get(key) else {
        return false;
    };
    match wanted {
        Wanted::Value(wanted) => same(value, wanted),
        Wanted::Text(text) => {
            let alias = config.alias(key);
            alias.is_some_and(|alias| alias == text.as_str())
                || value.to_string() == *text
                || number(text).is_some_and(|wanted| same(value, &wanted))
        }
    }
}

/// The number that a text is: a float only where it is no integer, for floats are not as exact.
fn number(text: &str) -> Option<Value> {
    let integer = text.parse::<i128>().ok();
    let integer = integer.and_then(|integer| Value::try_from(integer).ok());
    integer.or_else(|| text.parse().map(Value::Float).ok())
}

/// Equal, or numbers that are equal: integers beyond 53 bits are not taken for their neighbours.
fn same(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Float(a), Value::Float(b)) => a == b || value == wanted,
        (integer, Value::Float(float)) | (Value::Float(float), integer) => integer
            .as_i128()
            .is_some_and(|integer| integer as f64 == *float && *float as i128 == integer),
        _ => value == wanted,
    }
}

fn has_alias(record: &ExperimentRecord, wanted: &[(String, String)]) -> bool {
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

/// The experiments whose config is in a domain. Domains know their configs without listing them,
/// so the question is put as a domain: which of these configs are left when its own are taken out?
fn members<'a>(
    experiments: Vec<&'a ExperimentResult>,
    domain: &Domain,
) -> Result<Vec<&'a ExperimentResult>, TableError> {
    let all = Domain::sum(experiments.iter().map(|e| as_domain(&e.record.config)));
    let strangers = all
        .difference(domain.clone())
        .configs(&Iteration::default())?;
    // They come in the order of the experiments.
    let mut strangers = strangers.iter().peekable();
    let mut members = Vec::new();
    for experiment in experiments {
        let config = &experiment.record.config;
        let is_stranger = strangers.next_if(|next| {
            next.as_ref()
                .map_or(true, |item| item.config.iter().eq(config.iter()))
        });
        match is_stranger {
            Some(stranger) => drop(stranger?),
            None => members.push(experiment),
        }
    }
    Ok(members)
}

/// The domain of one config.
fn as_domain(config: &Config) -> Domain {
    let options = config
        .iter()
        .map(|(key, value)| option(key, vec![value.clone()]));
    Domain::product(options)
}
