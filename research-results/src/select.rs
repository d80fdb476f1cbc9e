//! Selects the experiments and variables that a table shows.

mod domain_members;
mod requested;

use std::collections::HashSet;

use research_core::ExperimentRecord;
use research_domain::{Condition, suggest};

use crate::error::{TableError, hint};
use crate::filter::{AUXILIARY, has_config, matches_text};
use crate::options::TableOptions;
use crate::results::{ExperimentResult, Results, parameters};
use requested::RequestedValues;

/// The experiments that pass all filters, in order.
#[derive(Debug)]
pub struct Selected<'a> {
    /// The experiments.
    pub experiments: Vec<&'a ExperimentResult>,
    /// Notes for the user on filters that match nothing, or match only approximately.
    pub notes: Vec<String>,
}

/// Applies all filters to the experiments of results.
pub fn select<'a>(
    results: &'a Results,
    options: &TableOptions,
) -> Result<Selected<'a>, TableError> {
    let mut experiments: Vec<&ExperimentResult> = results.experiments().collect();
    check_ids(&experiments, options)?;
    check_keys(&experiments, options)?;
    let requested = RequestedValues::new(&experiments, options);
    let conditions: Vec<Condition> = options
        .conditions
        .iter()
        .map(|condition| requested.exact(condition))
        .collect();
    let mut failed = None;
    experiments.retain(|experiment| {
        let record = &experiment.record;
        if !options.admits_identity(record) || !options.admits_status(experiment.status) {
            return false;
        }
        if !has_config(record, &options.config, &|key, text, found| {
            matches_text(text, found) || requested.is_shown(key, text, found.value)
        }) {
            return false;
        }
        holds(&conditions, record).unwrap_or_else(|error| {
            failed.get_or_insert(error);
            false
        })
    });
    if let Some(error) = failed {
        return Err(error);
    }
    if let Some(domain) = &options.domain {
        experiments = domain_members::members(experiments, domain)?;
    }
    Ok(Selected {
        experiments,
        notes: requested.notes(),
    })
}

/// Checks that the requested variables were saved.
pub fn check_variables(results: &Results, wanted: &[String]) -> Result<(), TableError> {
    let known = results.names();
    // Without saved values, no name can be checked.
    let mut wanted = wanted.iter();
    match wanted.find(|name| !known.contains(name)) {
        Some(name) if known.iter().next().is_some() => Err(TableError::UnknownVariable {
            name: name.clone(),
            hint: hint(name, &known.iter().collect::<Vec<_>>()),
        }),
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
    let names = options.conditions.iter().flat_map(Condition::names);
    let mut wanted = keys
        .chain(alias_keys)
        .map(|(key, by_alias)| (key.as_str(), by_alias))
        .chain(names.map(|name| (name, false)))
        .peekable();
    if wanted.peek().is_none() || experiments.is_empty() {
        return Ok(());
    }
    let parameters = parameters(experiments, false);
    for (wanted, by_alias) in wanted {
        let is_known = parameters
            .iter()
            .any(|(key, alias)| *key == wanted || (by_alias && *alias == wanted))
            || AUXILIARY.contains(&wanted);
        if !is_known {
            return Err(unknown_key(wanted, &parameters));
        }
    }
    Ok(())
}

fn unknown_key(key: &str, parameters: &[(&str, &str)]) -> TableError {
    let known: Vec<&str> = parameters.iter().map(|(key, _)| *key).collect();
    TableError::UnknownKey {
        key: key.to_owned(),
        hint: suggest::hint_in_condition(key, known.iter().copied()),
    }
}

/// Whether all conditions are true for a record.
fn holds(conditions: &[Condition], record: &ExperimentRecord) -> Result<bool, TableError> {
    if conditions.is_empty() {
        return Ok(true);
    }
    let config = record.full_config();
    for condition in conditions {
        let holds = condition.holds(&config);
        if !holds.map_err(|error| TableError::Condition(Box::new(error)))? {
            return Ok(false);
        }
    }
    Ok(true)
}
