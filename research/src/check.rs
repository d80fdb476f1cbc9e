//! Checks the options of a research.

use std::time::Duration;

use research_core::units::Input;
use research_core::{ExecutorTarget, Experiment, Isolation, RunOptions, Unit};
use research_domain::{
    Config, Configs, Count, Domain, ExperimentId, Value, ValueError, is_auxiliary, suggest,
};

use crate::error::ResearchError;
use crate::place::Place;

pub(crate) fn options(options: &RunOptions, domain: &Domain) -> Result<(), ResearchError> {
    let problem = numbers(options)
        .or_else(|| no_time(options))
        .or_else(|| modes(options))
        .or_else(|| lists(options))
        .or_else(|| id_prefix(options, domain))
        .or_else(|| added_keys(options));
    problem.map_or(Ok(()), |problem| Err(ResearchError::Options(problem)))
}

fn numbers(options: &RunOptions) -> Option<String> {
    let zero = [
        ("workers", options.workers == 0),
        ("branches", options.branches == 0),
        ("n_reps", options.n_reps == 0),
        ("n_iters", options.n_iters == Some(0)),
        ("n_configs", options.n_configs == Some(0)),
        ("repeat_each", options.repeat_each == Some(0)),
        ("create_id_prefix", options.create_id_prefix == Some(0)),
        ("max_failures", options.max_failures == Some(0)),
        ("n_gpu_checks", options.n_gpu_checks == 0),
    ];
    if let Some((name, _)) = zero.into_iter().find(|(_, is_zero)| *is_zero) {
        return Some(format!("{name} must be at least 1"));
    }
    options.parallelism_problem()
}

/// A timeout must not be zero.
fn no_time(options: &RunOptions) -> Option<String> {
    let no_time = "timeout must be longer than no time at all: leave it out if there is to be none";
    (options.timeout == Some(Duration::ZERO)).then(|| no_time.to_owned())
}

fn modes(options: &RunOptions) -> Option<String> {
    let all_here =
        (options.isolation, options.executor_target) == (Isolation::None, ExecutorTarget::For);
    let is_share = |ratio: f64| (0.0..=1.0).contains(&ratio);
    let problem = if options.debug && !all_here {
        "debug runs in this process alone: set isolation `none` and executor_target `for`"
    } else if options.memory_ratio.is_some_and(|ratio| !is_share(ratio)) {
        "memory_ratio is a share of the memory, from 0 to 1"
    } else if options.profile > 2 {
        "profile is 0 (off), 1 (time per unit) or 2 (in detail)"
    } else {
        return None;
    };
    Some(problem.to_owned())
}

/// A shared output file needs a folder.
pub(crate) fn place(options: &RunOptions, place: &Place) -> Result<(), ResearchError> {
    let is_common = options.redirect_stdout.is_common() || options.redirect_stderr.is_common();
    match is_common && *place == Place::Memory {
        true => Err(ResearchError::Options(
            "a research that is kept in memory has no common file: set redirect_stdout and \
             redirect_stderr to 2, or give it a folder"
                .to_owned(),
        )),
        false => Ok(()),
    }
}

/// A timeout must not be zero; and a timeout of code ends its process, which must not be the
/// process that called `run`.
pub(crate) fn timeouts(experiment: &Experiment, options: &RunOptions) -> Result<(), ResearchError> {
    let mut units = experiment.units().iter();
    if let Some(unit) = units.find(|unit| unit.timeout() == Some(Duration::ZERO)) {
        return Err(ResearchError::Options(format!(
            "the timeout of unit `{}` must be longer than no time at all",
            unit.name()
        )));
    }
    let is_limited = |unit: &Unit| options.timeout.or(unit.timeout()).is_some();
    let mut units = experiment.units().iter();
    let in_danger = units.find(|unit| !unit.is_process() && !unit.is_saving() && is_limited(unit));
    match in_danger {
        Some(unit) if options.isolation == Isolation::None => Err(ResearchError::Options(format!(
            "unit `{}` cannot have a timeout with isolation `none`: what runs in this process \
             cannot be interrupted. \
                 Take the timeout out, or choose another isolation",
            unit.name()
        ))),
        _ => Ok(()),
    }
}

/// Units must not use parameters that no config has: each experiment would fail.
pub(crate) fn parameters(
    experiment: &Experiment,
    options: &RunOptions,
    domain: &Domain,
) -> Result<(), ResearchError> {
    let parameters = domain.parameters();
    let added = options.worker_configs.iter().chain(&options.branch_configs);
    let mut keys: Vec<&str> = parameters
        .iter()
        .map(|parameter| parameter.name())
        .collect();
    keys.extend(added.flat_map(Config::keys));
    let is_known = |key: &str| is_auxiliary(key) || keys.contains(&key);
    for unit in experiment.units() {
        for input in unit.body().inputs().unwrap_or_default() {
            let key = match input {
                Input::Item(key) if !is_known(&key) => key,
                _ => continue,
            };
            return Err(ResearchError::UnknownParameter {
                unit: unit.name().to_owned(),
                hint: suggest::hint(&key, keys.iter().copied()),
                key,
            });
        }
    }
    Ok(())
}

/// Lists of configs must have one for each worker or branch.
fn lists(options: &RunOptions) -> Option<String> {
    let lists = [
        (
            "workers",
            "worker",
            options.workers,
            &options.worker_configs,
        ),
        (
            "branches",
            "branch",
            options.branches,
            &options.branch_configs,
        ),
    ];
    let (key, each, count, configs) = lists
        .into_iter()
        .find(|(_, _, count, configs)| !configs.is_empty() && configs.len() != *count as usize)?;
    Some(format!(
        "`{key}` is a list of {} configs, one for each {each}, so there cannot be {count}: change \
         the list",
        configs.len()
    ))
}

/// Finds errors that would otherwise occur when an experiment starts.
fn id_prefix(options: &RunOptions, domain: &Domain) -> Option<String> {
    let digits = usize::from(options.create_id_prefix?);
    let numbers = domain.parameters().len() + 1;
    // Each number is followed by `_`, and the last one by the id.
    let len = numbers * (digits + 1) + 16;
    (len > ExperimentId::MAX_LEN).then(|| {
        format!(
            "create_id_prefix: ids with {numbers} numbers of {digits} digits would have {len} \
             bytes, and can have {} at most: \
             write fewer digits, or leave it out",
            ExperimentId::MAX_LEN
        )
    })
}

/// Checks the configs that workers and branches add.
fn added_keys(options: &RunOptions) -> Option<String> {
    let lists = [
        ("workers", &options.worker_configs),
        ("branches", &options.branch_configs),
    ];
    for (list, configs) in lists {
        for (key, value) in configs.iter().flat_map(Config::iter) {
            if value.is_too_deep() {
                let problem = ValueError::TooDeep;
                return Some(format!("`{list}`: the value of `{key}`: {problem}"));
            }
            if !is_finite(value) {
                return Some(format!(
                    "`{list}`: the value of `{key}` is {value}, which research.json cannot hold; \
                     use a string"
                ));
            }
            if is_auxiliary(key) {
                return Some(format!("`{list}`: `{key}` is set by the run itself"));
            }
        }
    }
    None
}

/// Finds a parameter of the domain that workers or branches replace: tables show a value that was
/// not used, unless they have the added parameters.
pub(crate) fn replaced_parameter(options: &RunOptions, domain: &Domain) -> Option<String> {
    let parameters = domain.parameters();
    let lists = [
        ("workers", &options.worker_configs),
        ("branches", &options.branch_configs),
    ];
    let is_parameter = |key: &&str| parameters.iter().any(|known| known.name() == *key);
    lists.into_iter().find_map(|(list, configs)| {
        let mut keys = configs.iter().flat_map(Config::keys);
        let key = keys.find(is_parameter)?;
        Some(format!(
            "`{list}`: `{key}` is a parameter of the domain, too; experiments use the added value, \
             and tables show it only with the added parameters"
        ))
    })
}

/// Whether JSON can represent all numbers of a value.
fn is_finite(value: &Value) -> bool {
    match value {
        Value::Float(number) => number.is_finite(),
        Value::List(values) => values.iter().all(is_finite),
        Value::Map(entries) => entries.iter().all(|(_, value)| is_finite(value)),
        _ => true,
    }
}

pub(crate) fn size(configs: &Configs) -> Result<Count, ResearchError> {
    let size = configs.size()?;
    match size.finite() {
        Some(size) if u64::try_from(size).is_err() => Err(ResearchError::Options(format!(
            "the domain has {size} configs, more than can be run: set n_configs, or sample it"
        ))),
        _ => Ok(size),
    }
}
