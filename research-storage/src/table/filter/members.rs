//! Which experiments are in a domain.

use std::cell::Cell;
use std::collections::{BTreeSet, HashSet};

use research_domain::{Config, Domain, Iteration, Value, option};

use super::{parameters, unknown_key};
use crate::results::ExperimentResult;
use crate::table::TableError;

/// The experiments that are in a domain: those whose values of the domain's parameters are together
/// in one of its configs. Parameters that the domain does not have may have any value.
pub(super) fn members<'a>(
    experiments: Vec<&'a ExperimentResult>,
    domain: &Domain,
) -> Result<Vec<&'a ExperimentResult>, TableError> {
    if experiments.is_empty() {
        return Ok(experiments);
    }
    let known: HashSet<BTreeSet<&str>> = experiments
        .iter()
        .map(|experiment| experiment.record.config.keys().collect())
        .collect();
    let sets = domain.parameter_sets(&mut |set| known.iter().any(|keys| set.is_subset(keys)));
    if sets.is_empty() {
        check_parameters(&experiments, domain)?;
    }
    let has_other_form = Cell::new(has_integral_floats(&experiments));
    let canonical_domain = domain.with_listed(&|_, value| {
        let integer = integer_of(value);
        has_other_form.set(has_other_form.get() || integer.is_some());
        integer
    });
    let mut is_member = vec![false; experiments.len()];
    for set in &sets {
        mark(&experiments, set, domain, Value::clone, &mut is_member)?;
        if has_other_form.get() {
            let domain = &canonical_domain;
            mark(&experiments, set, domain, canonical, &mut is_member)?;
        }
    }
    let mut is_member = is_member.into_iter();
    Ok(experiments
        .into_iter()
        .filter(|_| is_member.next() == Some(true))
        .collect())
}

/// Checks that experiments have the parameters of a domain.
fn check_parameters(experiments: &[&ExperimentResult], domain: &Domain) -> Result<(), TableError> {
    let known = parameters(experiments);
    let parameters = domain.parameters();
    let mut names = parameters.iter().map(research_domain::Key::name);
    match names.find(|name| !known.iter().any(|(key, _)| key == name)) {
        Some(name) => Err(unknown_key(name, &known)),
        None => Ok(()),
    }
}

/// Marks the experiments whose values of some parameters, each as `form` makes it, are in a domain.
/// Domains know their configs without listing them, so the question is put as a domain: which of
/// these configs are left when its own are taken out?
fn mark(
    experiments: &[&ExperimentResult],
    set: &BTreeSet<&str>,
    domain: &Domain,
    form: fn(&Value) -> Value,
    is_member: &mut [bool],
) -> Result<(), TableError> {
    let projected: Vec<(usize, Config)> = experiments
        .iter()
        .enumerate()
        .filter_map(|(position, experiment)| {
            Some((position, projected(&experiment.record.config, set, form)?))
        })
        .collect();
    let all = Domain::sum(projected.iter().map(|(_, config)| as_domain(config)));
    let strangers = all
        .difference(domain.clone())
        .configs(&Iteration::default())?;
    // They come in the order of the experiments.
    let mut strangers = strangers.iter().peekable();
    for (position, config) in &projected {
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

/// The values of some parameters, if a config has all of them.
fn projected(config: &Config, set: &BTreeSet<&str>, form: fn(&Value) -> Value) -> Option<Config> {
    let kept: Vec<(&str, Value)> = config
        .iter()
        .filter(|(key, _)| set.contains(key))
        .map(|(key, value)| (key, form(value)))
        .collect();
    (kept.len() == set.len()).then(|| Config::from_pairs(kept))
}

/// One form for equal numbers: floats that are integers of 53 bits become integers.
fn canonical(value: &Value) -> Value {
    integer_of(value).unwrap_or_else(|| value.clone())
}

/// The integer that equals a float, if there is one of at most 53 bits.
fn integer_of(value: &Value) -> Option<Value> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Float(float) if float.fract() == 0.0 && float.abs() <= EXACT => {
            Some(Value::Int(*float as i64))
        }
        _ => None,
    }
}

/// Whether a parameter of an experiment has a float that equals an integer.
fn has_integral_floats(experiments: &[&ExperimentResult]) -> bool {
    experiments.iter().any(|experiment| {
        let mut values = experiment.record.config.iter().map(|(_, value)| value);
        values.any(|value| integer_of(value).is_some())
    })
}

/// The domain of one config.
fn as_domain(config: &Config) -> Domain {
    let options = config
        .iter()
        .map(|(key, value)| option(key, vec![value.clone()]));
    Domain::product(options)
}
