//! An outline of values that are not kept.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use research_core::{Column, Event, ExperimentNumber, Fold};

use super::{ExperimentResult, Results, Series};
use crate::column_type::ValueKinds;

/// The variables that each experiment has saved in its current attempt, and the kinds of their
/// values.
#[derive(Clone, Debug, Default)]
pub(super) struct Outline {
    variables: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
    /// The number of saved values of each variable.
    counts: Vec<u64>,
    /// The variables of an experiment, in order. Experiments with the same ones share a list.
    lists: Vec<Vec<(u32, ValueKinds)>>,
    known: HashMap<Vec<(u32, ValueKinds)>, u32>,
    /// The list of each experiment that has saved a value.
    of_experiments: HashMap<ExperimentNumber, u32>,
}

impl Outline {
    /// Starts an attempt at an experiment, and discards the variables of earlier ones.
    pub(super) fn start(&mut self, experiment: ExperimentNumber) {
        self.of_experiments.remove(&experiment);
    }

    pub(super) fn save(&mut self, experiment: ExperimentNumber, name: &Arc<str>, column: &Column) {
        let variable = self.number(name);
        self.counts[variable as usize] += column.len() as u64;
        let mut seen = ValueKinds::default();
        seen.add_column(column);
        let current = self.of_experiments.get(&experiment);
        let list = current.map_or([].as_slice(), |list| &self.lists[*list as usize]);
        let mut changed = match list.iter().position(|(known, _)| *known == variable) {
            Some(position) if list[position].1.with(seen) == list[position].1 => return,
            Some(position) => {
                let mut changed = list.to_vec();
                changed[position].1 = changed[position].1.with(seen);
                changed
            }
            None => {
                let mut changed = Vec::with_capacity(list.len() + 1);
                changed.extend_from_slice(list);
                changed.push((variable, seen));
                changed
            }
        };
        changed.shrink_to_fit();
        let list = match self.known.get(&changed) {
            Some(list) => *list,
            None => {
                let list = self.lists.len() as u32;
                self.lists.push(changed.clone());
                self.known.insert(changed, list);
                list
            }
        };
        self.of_experiments.insert(experiment, list);
    }

    /// Returns the kinds of the values of each variable.
    pub(super) fn kinds(&self) -> HashMap<&str, ValueKinds> {
        let used: HashSet<u32> = self.of_experiments.values().copied().collect();
        let mut kinds: HashMap<&str, ValueKinds> = HashMap::new();
        for list in used {
            for (variable, seen) in &self.lists[list as usize] {
                let known = kinds
                    .entry(&self.variables[*variable as usize])
                    .or_default();
                *known = known.with(*seen);
            }
        }
        kinds
    }

    /// Returns the number of values of the variable with the most values.
    pub(super) fn most_values(&self) -> u64 {
        self.counts.iter().copied().max().unwrap_or(0)
    }

    /// Returns the variables of an experiment, in the order in which it first saved them.
    pub(super) fn variables(&self, experiment: ExperimentNumber) -> impl Iterator<Item = &str> {
        let list = self.of_experiments.get(&experiment);
        let list = list.map_or([].as_slice(), |list| &self.lists[*list as usize]);
        list.iter()
            .map(|(variable, _)| &*self.variables[*variable as usize])
    }

    fn number(&mut self, name: &Arc<str>) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.variables.len() as u32;
        self.numbers.insert(Arc::clone(name), number);
        self.variables.push(Arc::clone(name));
        self.counts.push(0);
        number
    }
}

impl Results {
    /// Creates results that keep no values, and remember only which variables experiments have
    /// saved.
    pub(crate) fn outline() -> Self {
        Self {
            outline: Some(Box::default()),
            ..Self::default()
        }
    }
}

impl Results {
    /// Returns the names of all variables, by first appearance in the order of experiments.
    pub(crate) fn variables(&self) -> Vec<&str> {
        self.variables_of_all(self.experiments())
    }

    /// Returns the names of the variables of some experiments, by first appearance. A name that an
    /// earlier experiment lacks, for example because it failed, stands before those that follow it
    /// in other experiments.
    pub(crate) fn variables_of_all<'a>(
        &'a self,
        experiments: impl Iterator<Item = &'a ExperimentResult>,
    ) -> Vec<&'a str> {
        let mut seen = HashSet::new();
        let mut names = Vec::new();
        for experiment in experiments {
            if self
                .variables_of(experiment)
                .all(|name| seen.contains(name))
            {
                continue;
            }
            let own: Vec<&str> = self.variables_of(experiment).collect();
            insert_names(&mut names, &own, |name| seen.contains(name), |name| name);
            seen.extend(own);
        }
        names
    }

    /// Returns the kinds of the values of each variable.
    pub(crate) fn kinds(&self) -> HashMap<&str, ValueKinds> {
        if let Some(outline) = &self.outline {
            return outline.kinds();
        }
        let mut kinds: HashMap<&str, ValueKinds> = HashMap::new();
        let series = self.experiments().flat_map(ExperimentResult::variables);
        for series in series {
            let seen = kinds.entry(series.variable()).or_default();
            seen.add_column(series.column());
        }
        kinds
    }

    /// Returns the approximate number of rows of the table of results.
    pub(crate) fn about_rows(&self) -> u64 {
        if let Some(outline) = &self.outline {
            return outline.most_values();
        }
        let rows = |one: &ExperimentResult| one.variables().iter().map(Series::len).max();
        self.experiments().filter_map(rows).sum::<usize>() as u64
    }

    pub(crate) fn variables_of<'a>(
        &'a self,
        experiment: &'a ExperimentResult,
    ) -> Box<dyn Iterator<Item = &'a str> + 'a> {
        match &self.outline {
            Some(outline) => Box::new(outline.variables(experiment.number)),
            None => Box::new(
                experiment
                    .variables()
                    .iter()
                    .map(|series| series.variable()),
            ),
        }
    }
}

/// Inserts the names of an experiment that `names` lacks: each before the nearest one after it in
/// the experiment that `names` has, or at the end. Returns the indexes at which it inserted, in
/// this order.
pub(crate) fn insert_names<'a, N: AsRef<str>>(
    names: &mut Vec<N>,
    own: &[&'a str],
    is_known: impl Fn(&str) -> bool,
    new: impl Fn(&'a str) -> N,
) -> Vec<usize> {
    let mut inserted = Vec::new();
    let mut following = None;
    // The index of the name that follows, unless it has yet to be found.
    let mut index = Some(names.len());
    for name in own.iter().rev() {
        if is_known(name) {
            (following, index) = (Some(*name), None);
            continue;
        }
        let at = index.or_else(|| {
            let is_following = |known: &N| Some(known.as_ref()) == following;
            names.iter().position(is_following)
        });
        let at = at.unwrap_or(names.len());
        names.insert(at, new(name));
        inserted.push(at);
        index = Some(at);
    }
    inserted
}

/// Finds the columns with values of several kinds, such as numbers and strings. In Parquet files,
/// they are columns of strings.
///
/// ```
/// use research_core::Fold;
/// use research_results::MixedColumns;
///
/// let mut mixed = MixedColumns::default();
/// # let events: Vec<research_core::Event> = Vec::new();
/// events.iter().for_each(|event| mixed.apply(event));
/// for (name, kinds) in mixed.found() {
///     println!("`{name}` has {kinds}");
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct MixedColumns {
    outline: Outline,
    parameters: Vec<(String, ValueKinds)>,
}

impl Fold for MixedColumns {
    fn apply(&mut self, event: &Event) {
        match event {
            Event::ExperimentStarted {
                experiment, record, ..
            } => {
                self.outline.start(*experiment);
                for (key, value) in record.config.iter() {
                    let known = self.parameters.iter_mut().find(|(known, _)| known == key);
                    match known {
                        Some((_, seen)) => seen.add_value(value),
                        None => {
                            let mut seen = ValueKinds::default();
                            seen.add_value(value);
                            self.parameters.push((key.to_owned(), seen));
                        }
                    }
                }
            }
            Event::Values {
                experiment,
                variable,
                column,
                ..
            } => self.outline.save(*experiment, variable, column),
            _ => {}
        }
    }
}

impl MixedColumns {
    /// Returns the columns with the kinds of their values: parameters first, then variables by
    /// name.
    #[must_use]
    pub fn found(&self) -> Vec<(String, String)> {
        let mut variables: Vec<(&str, ValueKinds)> = self.outline.kinds().into_iter().collect();
        variables.sort_unstable_by_key(|(name, _)| *name);
        let parameters = self
            .parameters
            .iter()
            .map(|(key, seen)| (key.as_str(), *seen));
        let columns = parameters.chain(variables);
        columns
            .filter_map(|(name, seen)| Some((name.to_owned(), seen.mixture()?)))
            .collect()
    }
}
