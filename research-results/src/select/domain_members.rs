//! Finds the experiments that are in a domain.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeSet, HashSet};

use research_domain::{Config, Domain, Iteration, Value, option};

use super::unknown_key;
use crate::error::TableError;
use crate::results::{ExperimentResult, parameters};

/// Returns the experiments of a domain: those whose values of the domain's parameters occur
/// together in one of its configs. Parameters that the domain does not have may have any value.
pub(super) fn members<'a>(
    experiments: Vec<&'a ExperimentResult>,
    domain: &Domain,
) -> Result<Vec<&'a ExperimentResult>, TableError> {
    if experiments.is_empty() {
        return Ok(experiments);
    }
    let known = parameter_sets(&experiments);
    let sets = domain.parameter_sets(&mut |set| known.iter().any(|keys| set.is_subset(keys)));
    if sets.is_empty() {
        check_parameters(&experiments, domain)?;
    }
    let is_changed = Cell::new(false);
    let canonical_domain = domain.with_listed(&|_, value| {
        let integer = integer_of(value);
        is_changed.set(is_changed.get() || integer.is_some());
        integer
    });
    // Only these values have another form that equals a value of the domain.
    let has_other_form = |value: &Value| {
        let is_integer = matches!(value, Value::Int(_) | Value::Uint(_));
        is_changed.get() && is_integer || integer_of(value).is_some()
    };
    let mut is_member = vec![false; experiments.len()];
    for set in &sets {
        let projected = projected(&experiments, set, &is_member);
        mark(&projected, domain, &mut is_member)?;
        let others = projected.into_iter().filter(|(position, config)| {
            !is_member[*position] && config.iter().any(|(_, value)| has_other_form(value))
        });
        let others: Vec<_> = others
            .map(|(position, config)| (position, Cow::Owned(canonical(&config))))
            .collect();
        mark(&others, &canonical_domain, &mut is_member)?;
    }
    let mut is_member = is_member.into_iter();
    Ok(experiments
        .into_iter()
        .filter(|_| is_member.next() == Some(true))
        .collect())
}

/// Returns the sets of parameters that experiments have.
fn parameter_sets<'a>(experiments: &[&'a ExperimentResult]) -> HashSet<BTreeSet<&'a str>> {
    let mut sets = HashSet::new();
    let mut latest: Option<&Config> = None;
    for experiment in experiments {
        let config = &experiment.record.config;
        // Most experiments have the parameters of the previous one.
        if latest.is_none_or(|latest| !latest.keys().eq(config.keys())) {
            sets.insert(config.keys().collect());
        }
        latest = Some(config);
    }
    sets
}

/// Checks that experiments have the parameters of a domain.
fn check_parameters(experiments: &[&ExperimentResult], domain: &Domain) -> Result<(), TableError> {
    let known = parameters(experiments, false);
    let parameters = domain.parameters();
    let mut names = parameters.iter().map(research_domain::Key::name);
    match names.find(|name| !known.iter().any(|(key, _)| key == name)) {
        Some(name) => Err(unknown_key(name, &known)),
        None => Ok(()),
    }
}

/// Marks the experiments whose configs are in a domain. A domain knows its configs without listing
/// them, so this makes a domain of all configs of experiments and removes the configs of `domain`
/// from it; the configs that remain are not in `domain`.
fn mark(
    configs: &[(usize, Cow<'_, Config>)],
    domain: &Domain,
    is_member: &mut [bool],
) -> Result<(), TableError> {
    if configs.is_empty() {
        return Ok(());
    }
    let all = Domain::sum(configs.iter().map(|(_, config)| as_domain(config)));
    let strangers = all
        .difference(domain.clone())
        .configs(&Iteration::default())?;
    // The remaining configs come in the order of the experiments.
    let mut strangers = strangers.iter().peekable();
    for (position, config) in configs {
        let is_stranger = strangers.next_if(|next| {
            next.as_ref()
                .map_or(true, |item| item.config.iter().eq(config.iter()))
        });
        match is_stranger {
            Some(stranger) => drop(stranger?),
            None => is_member[*position] = true,
        }
    }
    Ok(())
}

/// Returns the configs of experiments that are not members so far, reduced to some parameters, with
/// their positions. Experiments without some of the parameters are left out.
fn projected<'a>(
    experiments: &[&'a ExperimentResult],
    set: &BTreeSet<&str>,
    is_member: &[bool],
) -> Vec<(usize, Cow<'a, Config>)> {
    let all = experiments.iter().enumerate();
    let rest = all.filter(|(position, _)| !is_member[*position]);
    let projected = rest.filter_map(|(position, experiment)| {
        let config = &experiment.record.config;
        let is_kept = |key: &str| set.contains(key);
        let count = config.keys().filter(|key| is_kept(key)).count();
        if count < set.len() {
            return None;
        }
        if count == config.len() {
            return Some((position, Cow::Borrowed(config)));
        }
        let kept = config.iter().filter(|(key, _)| is_kept(key));
        let kept = kept.map(|(key, value)| (key, value.clone()));
        Some((position, Cow::Owned(Config::from_pairs(kept))))
    });
    projected.collect()
}

/// Returns a config with one form for equal numbers: floats that are integers of 53 bits become
/// integers.
fn canonical(config: &Config) -> Config {
    let values = config.iter().map(|(key, value)| {
        let integer = integer_of(value);
        (key, integer.unwrap_or_else(|| value.clone()))
    });
    Config::from_pairs(values)
}

/// Returns the integer that equals a float, if there is one of at most 53 bits.
fn integer_of(value: &Value) -> Option<Value> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Float(float) if float.fract() == 0.0 && float.abs() <= EXACT => {
            Some(Value::Int(*float as i64))
        }
        _ => None,
    }
}

/// Returns the domain of one config.
fn as_domain(config: &Config) -> Domain {
    let options = config
        .iter()
        .map(|(key, value)| option(key, vec![value.clone()]));
    Domain::product(options)
}
