//! Summaries: how well each config did over its repetitions.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use research_core::Column;
use research_domain::{Config, Value};

use super::cell::Cell;
use super::error::hint;
use super::experiments::Identity;
use super::filter;
use super::options::TableOptions;
use super::write::Short;
use super::{Rows, Table, TableError};
use crate::results::{ExperimentResult, Names, Series};
use crate::statistics;

/// What a summary takes the mean of, and its order; see
/// [`Results::summary`](crate::Results::summary).
///
/// ```
/// use research_storage::SummaryOptions;
///
/// let best_first = SummaryOptions::new().last(10).sort_by("accuracy").descending(true);
/// # let _ = best_first;
/// ```
#[derive(Clone, Debug, Default)]
pub struct SummaryOptions {
    last: Option<usize>,
    sort_by: Option<String>,
    descending: bool,
    joined: bool,
}

impl SummaryOptions {
    /// The mean of all iterations; configs in the order of the domain.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Only the last so many values of each variable in each experiment.
    #[must_use]
    pub fn last(mut self, count: usize) -> Self {
        self.last = Some(count);
        self
    }

    /// Sorts by the mean of a variable, whether it is shown or not, the lowest first; configs
    /// without one come last.
    #[must_use]
    pub fn sort_by(mut self, variable: impl Into<String>) -> Self {
        self.sort_by = Some(variable.into());
        self
    }

    /// One column for each variable, with `mean ± deviation` as text, for people; else there are
    /// two with numbers.
    #[must_use]
    pub fn joined(mut self, joined: bool) -> Self {
        self.joined = joined;
        self
    }

    /// Sorts the highest first.
    #[must_use]
    pub fn descending(mut self, descending: bool) -> Self {
        self.descending = descending;
        self
    }
}

/// Makes a summary of experiments, given in order.
pub(crate) fn summary_table<'a>(
    experiments: Vec<&'a ExperimentResult>,
    known: &Names,
    options: &TableOptions,
    summary: &SummaryOptions,
) -> Result<Table<'a>, TableError> {
    let experiments = filter::select(experiments, options)?;
    let variables = filter::variables(&experiments, known, options)?;
    let measure = |name| Measured::new(&experiments, name, options, summary);
    let measured: Vec<Measured<'_>> = variables.into_iter().filter_map(measure).collect();
    let groups = match &summary.sort_by {
        // While nothing is saved there is nothing to sort by.
        Some(name) if experiments.iter().any(|one| !one.series().is_empty()) => {
            let sorting = TableOptions::new().variables([name]);
            filter::variables(&experiments, known, &sorting)?;
            let Some(variable) = measure(name) else {
                let known: Vec<&str> = measured.iter().map(|variable| variable.name).collect();
                let (name, hint) = (name.clone(), hint(name, &known));
                return Err(TableError::NoNumbers { name, hint });
            };
            sorted(groups(&experiments), &variable, summary.descending)
        }
        _ => groups(&experiments),
    };
    let identity = Identity::of_config(&experiments, options);
    let mut columns = identity.columns();
    columns.push("repetitions".to_owned());
    for variable in &measured {
        if summary.joined {
            columns.push(variable.name.to_owned());
        } else {
            columns.push(format!("{}_mean", variable.name));
            columns.push(format!("{}_std", variable.name));
        }
    }
    let row = |group: &Vec<usize>| {
        let mut row = Vec::with_capacity(columns.len());
        if let Some(&first) = group.first() {
            identity.fill(experiments[first], &mut row);
        }
        row.push(Cell::Count(group.len() as u64));
        for variable in &measured {
            let (mean, deviation) = variable.of(group);
            if summary.joined {
                row.push(joined(mean, deviation));
                continue;
            }
            row.extend([mean, deviation].map(|value| value.map_or(Cell::Missing, Cell::Float)));
        }
        row
    };
    let rows = groups.iter().map(row).collect();
    Ok(Table::new(columns, Rows::Made(rows)))
}

/// A variable that has numbers, and what each experiment has of it.
struct Measured<'a> {
    name: &'a str,
    means: Vec<Option<f64>>,
}

impl<'a> Measured<'a> {
    /// What experiments have of a variable, if any has numbers.
    fn new(
        experiments: &[&ExperimentResult],
        name: &'a str,
        options: &TableOptions,
        summary: &SummaryOptions,
    ) -> Option<Self> {
        let means = experiments.iter().map(|experiment| {
            let series = experiment.variable(name)?;
            mean_of_last(series, &options.iterations, summary.last)
        });
        let means: Vec<Option<f64>> = means.collect();
        let has_numbers = means.iter().any(Option::is_some);
        has_numbers.then_some(Self { name, means })
    }

    /// The mean of a group's experiments, and their standard deviation where there are several.
    fn of(&self, group: &[usize]) -> (Option<f64>, Option<f64>) {
        let means: Vec<f64> = group.iter().filter_map(|&at| self.means[at]).collect();
        let mean = statistics::mean(&means);
        (
            mean,
            mean.and_then(|mean| statistics::deviation(&means, mean)),
        )
    }
}

/// A mean and its deviation in two digits, as `0.853 ± 0.012`.
fn joined<'a>(mean: Option<f64>, deviation: Option<f64>) -> Cell<'a> {
    let (mean, deviation) = match (mean, deviation) {
        (None, _) => return Cell::Missing,
        (Some(mean), None) => return Cell::Float(mean),
        (Some(mean), Some(deviation)) => (mean, deviation),
    };
    let size = mean.abs().max(deviation);
    let is_plain = (1e-4..1e7).contains(&size) && deviation > size * 1e-12;
    Cell::from(if is_plain {
        let decimals = (1.0 - deviation.log10().floor()).clamp(0.0, 15.0) as usize;
        format!("{mean:.decimals$} ± {deviation:.decimals$}")
    } else if deviation == 0.0 {
        format!("{} ± 0", Short(mean))
    } else {
        format!("{mean:.3e} ± {deviation:.1e}")
    })
}

/// The mean of the last numbers of a series; truth values count as 0 and 1.
fn mean_of_last(series: &Series, iterations: &BTreeSet<u64>, last: Option<usize>) -> Option<f64> {
    let positions = (0..series.len()).rev().filter(|&position| {
        let iteration = series.iteration(position);
        iterations.is_empty() || iteration.is_some_and(|iteration| iterations.contains(&iteration))
    });
    let numbers = positions.filter_map(|position| number_at(series.column(), position));
    let numbers: Vec<f64> = numbers.take(last.unwrap_or(usize::MAX)).collect();
    statistics::mean(&numbers)
}

/// The number at a position of a column; truth values count as 0 and 1.
pub(crate) fn number_at(column: &Column, position: usize) -> Option<f64> {
    match column {
        Column::Float(values) => values.get(position).copied(),
        Column::Int(values) => values.get(position).map(|&value| value as f64),
        Column::Bool(values) => values
            .get(position)
            .map(|&value| f64::from(u8::from(value))),
        Column::Text(_) => None,
        Column::Value(values) => match values.get(position)? {
            Value::Bool(value) => Some(f64::from(u8::from(*value))),
            value => value.as_f64(),
        },
    }
}

/// The positions of the experiments of each config, by first appearance: configs are the same when
/// their values are.
fn groups(experiments: &[&ExperimentResult]) -> Vec<Vec<usize>> {
    let mut known: HashMap<Vec<(&str, &Value)>, usize> = HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (position, experiment) in experiments.iter().enumerate() {
        let group = *known
            .entry(content(&experiment.record.config))
            .or_insert(groups.len());
        if group == groups.len() {
            groups.push(Vec::new());
        }
        groups[group].push(position);
    }
    groups
}

fn content(config: &Config) -> Vec<(&str, &Value)> {
    let mut content: Vec<_> = config.iter().collect();
    content.sort_unstable_by_key(|(key, _)| *key);
    content
}

fn sorted(groups: Vec<Vec<usize>>, variable: &Measured<'_>, descending: bool) -> Vec<Vec<usize>> {
    let mut keyed: Vec<(Option<f64>, Vec<usize>)> = groups
        .into_iter()
        .map(|group| (variable.of(&group).0.filter(|mean| !mean.is_nan()), group))
        .collect();
    keyed.sort_by(|(a, _), (b, _)| by_mean(*a, *b, descending));
    keyed.into_iter().map(|(_, group)| group).collect()
}

/// What has no mean is last either way.
fn by_mean(a: Option<f64>, b: Option<f64>, descending: bool) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if descending => b.total_cmp(&a),
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}
