//! Which experiments and variables a table shows.

mod asked;
mod configs;
mod members;

use std::collections::{BTreeSet, HashSet};

use research_core::{ExperimentRecord, Status};
use research_domain::{Condition, Value};

use super::error::{TableError, hint};
use super::options::TableOptions;
use crate::results::{ExperimentResult, Names};

use asked::Asked;
use configs::{has_alias, has_config, is_shown_as, matches_text};

const AUXILIARY: [&str; 2] = ["repetition", "updates"];

/// The experiments that pass all filters, in order.
#[derive(Debug)]
pub(crate) struct Selected<'a> {
    pub(crate) experiments: Vec<&'a ExperimentResult>,
    /// What the user should know about filters that matched nothing, or not exactly.
    pub(crate) notes: Vec<String>,
}

/// Applies all filters to experiments, given in order.
pub(crate) fn select<'a>(
    mut experiments: Vec<&'a ExperimentResult>,
    options: &TableOptions,
) -> Result<Selected<'a>, TableError> {
    check_ids(&experiments, options)?;
    check_keys(&experiments, options)?;
    let asked = Asked::new(&experiments, options);
    let conditions: Vec<Condition> = options
        .conditions
        .iter()
        .map(|condition| asked.exact(condition))
        .collect();
    let mut failed = None;
    experiments.retain(|experiment| {
        let record = &experiment.record;
        if !options.admits_identity(record) || !options.admits_status(experiment.status) {
            return false;
        }
        if !has_config(record, &options.config, &|key, text, found| {
            matches_text(text, found) || asked.is_shown(key, text, found.value)
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
        experiments = members::members(experiments, domain)?;
    }
    Ok(Selected {
        experiments,
        notes: asked.notes(),
    })
}

impl TableOptions {
    /// Whether an experiment may pass the filters that look at its record alone: all but those by a
    /// domain and by the status. Floats pass where they are shown as the number that was asked for.
    pub(crate) fn admits(&self, record: &ExperimentRecord) -> bool {
        self.admits_identity(record)
            && has_config(record, &self.config, &|_, text, found| {
                let number = text.parse().ok();
                matches_text(text, found)
                    || number.is_some_and(|number| is_shown_as(found.value, number))
            })
            && may_hold(&self.conditions, record)
    }

    fn admits_identity(&self, record: &ExperimentRecord) -> bool {
        (self.ids.is_empty() || self.ids.contains(record.id.as_str()))
            && has_alias(record, &self.alias)
    }

    fn admits_status(&self, status: Option<Status>) -> bool {
        self.statuses.is_empty() || self.statuses.contains(&status)
    }

    /// Whether only experiments with some statuses are shown.
    pub(crate) fn has_statuses(&self) -> bool {
        !self.statuses.is_empty()
    }

    /// Lets the iterations of other variables than those that are asked for be read, too.
    #[cfg(feature = "query")]
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
    check_variables(known, &options.variables)?;
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

/// Checks that variables which are asked for were saved.
pub(crate) fn check_variables(known: &Names, wanted: &[String]) -> Result<(), TableError> {
    // While nothing is saved there is nothing to check a name against.
    let mut wanted = wanted.iter();
    match wanted.find(|name| !known.contains(name)) {
        Some(name) if known.iter().next().is_some() => Err(TableError::UnknownVariable {
            name: name.clone(),
            hint: hint(name, &known.iter().collect::<Vec<_>>()),
        }),
        _ => Ok(()),
    }
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
    let parameters = parameters(experiments);
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
        hint: hint(key, &known),
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

/// Whether all conditions could be true for a record, if its floats are equal to the numbers that
/// they are shown as. A condition that cannot be evaluated is reported later.
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
