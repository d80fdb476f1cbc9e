//! Summaries of configs over their repetitions.

mod measured;

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use research_core::Status;
use research_domain::{Config, Value};

use crate::cell::Cell;
use crate::deviation::Deviation;
use crate::error::TableError;
use crate::options::TableOptions;
use crate::results::{ExperimentResult, Results};
use crate::select::{Selected, check_variables, select};
use crate::short_float::ShortFloat;
use crate::source::{Order, Source};
use crate::table::{Identity, Table};
use measured::{Measured, Measurements, Statistic};

/// The values of a summary and their order; see [`Results::summary`](crate::Results::summary).
///
/// ```
/// use research_results::SummaryOptions;
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
    with_failed: bool,
    deviation: Deviation,
    repetitions: bool,
}

impl SummaryOptions {
    /// Takes the mean of all iterations, with configs in the order of the domain.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Includes failed experiments. Otherwise only successful experiments count, unless the options
    /// of the table select experiments by their status.
    #[must_use]
    pub fn with_failed(mut self, with_failed: bool) -> Self {
        self.with_failed = with_failed;
        self
    }

    /// Takes only the last `count` values of each variable in each experiment.
    #[must_use]
    pub fn last(mut self, count: usize) -> Self {
        self.last = Some(count);
        self
    }

    /// Sorts by the mean of a variable, whether it is shown or not, or by another statistic: `n`,
    /// `failed`, or a variable followed by `_mean`, `_median`, `_min`, `_max`, or the short name of
    /// a [`Deviation`], such as `loss_std`. The lowest is first; configs without one come last.
    #[must_use]
    pub fn sort_by(mut self, variable: impl Into<String>) -> Self {
        self.sort_by = Some(variable.into());
        self
    }

    /// Sets whether each variable has one text column, `mean ± deviation`, or two columns of
    /// numbers.
    #[must_use]
    pub fn joined(mut self, joined: bool) -> Self {
        self.joined = joined;
        self
    }

    /// The measure of deviation, which is also in the names of columns: `loss_sem`.
    #[must_use]
    pub fn deviation(mut self, deviation: Deviation) -> Self {
        self.deviation = deviation;
        self
    }

    /// A column for each variable and repetition, such as `loss_rep0`, with the value of the
    /// experiment.
    #[must_use]
    pub fn repetitions(mut self, repetitions: bool) -> Self {
        self.repetitions = repetitions;
        self
    }

    /// Sorts the highest first.
    #[must_use]
    pub fn descending(mut self, descending: bool) -> Self {
        self.descending = descending;
        self
    }
}

impl Results {
    /// Returns how well each config did: a row for each config with the number of experiments that
    /// succeeded (`n`) and failed (`failed`), and for each variable that has numbers the mean and
    /// the deviation over the successful experiments, in columns such as `loss_mean` and
    /// `loss_std`. The value of an experiment is the mean of its last iterations. The deviation is
    /// the standard deviation of the sample, or another [`Deviation`]; it is missing for a single
    /// experiment. `options` selects experiments, iterations and variables, and how configs are
    /// shown. [`Table::notes`] says how many values are left out because they are not numbers.
    ///
    /// # Errors
    /// As for [`to_table`](Self::to_table); the variable to sort by has no numbers.
    pub fn summary(
        &self,
        options: &TableOptions,
        summary: &SummaryOptions,
    ) -> Result<Table<'_>, TableError> {
        summary_table(self, options, summary)
    }
}

/// Returns a summary of the experiments of a source.
pub(crate) fn summary_table<'a>(
    source: &'a dyn Source,
    options: &TableOptions,
    summary: &SummaryOptions,
) -> Result<Table<'a>, TableError> {
    let results = source.results();
    let Selected { experiments, notes } = select(results, options)?;
    check_variables(results, &options.variables)?;
    let sort = summary.sort_by.as_deref();
    let sort = sort.map(|key| Sort::parse(key, results)).transpose()?;
    let counts = |one: &&ExperimentResult| summary.counts(one, options);
    let counted: Vec<bool> = experiments.iter().map(counts).collect();
    let mut measured = Measurements::new(experiments.len(), options, summary);
    let values = match &sort {
        Some(Sort::Variable(name, _)) if !options.variables.is_empty() => {
            options.clone().variables([name])
        }
        _ => options.clone(),
    };
    // Late iterations come first, because a summary may need the last values only.
    source.for_each_value(&experiments, &values, Order::Falling, &mut |visit| {
        if counted[visit.position] {
            measured.measure(&visit);
        }
    })?;
    let mut groups = groups(&experiments, options.aux);
    let count = |group: &[usize], is: &dyn Fn(usize) -> bool| {
        group.iter().filter(|at| is(**at)).count() as u64
    };
    let succeeded = |group: &[usize]| count(group, &|at| counted[at]);
    let failed = |group: &[usize]| count(group, &|at| has_failed(experiments[at]));
    if let Some(sort) = &sort {
        let value: SortValue<'_> = match sort {
            Sort::Succeeded => Box::new(|group| Some(succeeded(group) as f64)),
            Sort::Failed => Box::new(|group| Some(failed(group) as f64)),
            // While nothing is saved there is nothing to sort by.
            Sort::Variable(..) if measured.is_empty() => Box::new(|_| None),
            Sort::Variable(name, statistic) => {
                let variable = measured.find(name, options)?;
                Box::new(|group| variable.statistic(group, *statistic))
            }
        };
        groups = sorted(groups, &value, summary.descending);
    }
    let shown: Vec<&Measured> = measured.shown(options).collect();
    let repetitions = summary.repetitions_of(&experiments);
    let identity = Identity::for_configs(&experiments, options);
    let mut columns = identity.columns();
    columns.extend(["n", "failed"].map(str::to_owned));
    for variable in &shown {
        if summary.joined {
            columns.push(variable.name.clone());
        } else {
            columns.push(format!("{}_mean", variable.name));
            columns.push(format!("{}_{}", variable.name, summary.deviation.as_str()));
        }
        columns.extend(
            repetitions
                .iter()
                .map(|nth| format!("{}_rep{nth}", variable.name)),
        );
    }
    let row = |group: &Vec<usize>| {
        let mut row = Vec::with_capacity(columns.len());
        if let Some(&first) = group.first() {
            identity.fill(experiments[first], &mut row);
        }
        row.push(Cell::Count(succeeded(group)));
        row.push(Cell::Count(failed(group)));
        let number = |value: Option<f64>| value.map_or(Cell::Missing, Cell::Float);
        for variable in &shown {
            let mean = variable.statistic(group, Statistic::Mean);
            let deviation = variable.statistic(group, Statistic::Deviation(summary.deviation));
            match summary.joined {
                true => row.push(joined(mean, deviation)),
                false => row.extend([mean, deviation].map(number)),
            }
            let of_repetition = |nth: &u64| {
                let is_nth = |at: &&usize| experiments[**at].record.repetition == *nth;
                number(group.iter().find(is_nth).and_then(|at| variable.mean(*at)))
            };
            row.extend(repetitions.iter().map(of_repetition));
        }
        row
    };
    let rows = groups.iter().map(row).collect();
    let unfinished = experiments.iter().zip(&counted);
    let unfinished = unfinished.filter(|(one, counted)| one.status.is_none() && !**counted);
    let table = Table::from_rows(columns, rows).with_notes(notes);
    Ok(table
        .with_notes(unfinished_note(unfinished.count()))
        .with_notes(shown.iter().filter_map(|variable| variable.note())))
}

/// Returns a note that unfinished experiments are left out, if there are some.
fn unfinished_note(count: usize) -> Option<String> {
    match count {
        0 => None,
        1 => Some("1 experiment that has not ended is left out".to_owned()),
        count => Some(format!(
            "{count} experiments that have not ended are left out"
        )),
    }
}

/// The value of a group of experiments that it is sorted by.
type SortValue<'a> = Box<dyn Fn(&[usize]) -> Option<f64> + 'a>;

/// The key by which configs are sorted.
enum Sort {
    Succeeded,
    Failed,
    /// A statistic of a variable.
    Variable(String, Statistic),
}

impl Sort {
    /// Parses a variable, or the name of a column; a variable comes first.
    fn parse(key: &str, results: &Results) -> Result<Self, TableError> {
        if !results.names().contains(key) {
            match key {
                "n" => return Ok(Self::Succeeded),
                "failed" => return Ok(Self::Failed),
                _ => {}
            }
            let parts = key.rsplit_once('_');
            if let Some((variable, statistic)) = parts
                && results.names().contains(variable)
                && let Some(statistic) = Statistic::parse(statistic)
            {
                return Ok(Self::Variable(variable.to_owned(), statistic));
            }
        }
        check_variables(results, &[key.to_owned()])?;
        Ok(Self::Variable(key.to_owned(), Statistic::Mean))
    }
}

fn has_failed(experiment: &ExperimentResult) -> bool {
    experiment.status.is_some_and(|status| !status.is_success())
}

impl SummaryOptions {
    /// The repetitions that have columns.
    fn repetitions_of(&self, experiments: &[&ExperimentResult]) -> BTreeSet<u64> {
        let numbers = experiments.iter().map(|one| one.record.repetition);
        numbers.filter(|_| self.repetitions).collect()
    }

    /// Whether the values of a selected experiment count.
    fn counts(&self, experiment: &ExperimentResult, options: &TableOptions) -> bool {
        let is_success = |status: Status| status.is_success() || self.with_failed;
        options.has_statuses() || experiment.status.is_some_and(is_success)
    }
}

/// Formats a mean and its deviation in two digits, as `0.853 ± 0.012`.
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
        format!("{} ± 0", ShortFloat(mean))
    } else {
        format!("{mean:.3e} ± {deviation:.1e}")
    })
}

/// Returns the positions of the experiments of each config, by first appearance. Configs with the
/// same values are the same. With `aux`, the auxiliary keys have to be the same, too.
fn groups(experiments: &[&ExperimentResult], aux: bool) -> Vec<Vec<usize>> {
    let mut known: HashMap<(Content<'_>, Option<Auxiliary<'_>>), usize> = HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (position, experiment) in experiments.iter().enumerate() {
        let record = &experiment.record;
        let auxiliary: Auxiliary<'_> = (
            record.repetition,
            record.updates,
            experiment.device.as_deref(),
        );
        let group = *known
            .entry((content(&record.config), aux.then_some(auxiliary)))
            .or_insert(groups.len());
        if group == groups.len() {
            groups.push(Vec::new());
        }
        groups[group].push(position);
    }
    groups
}

/// The parameters of a config, by name.
type Content<'a> = Vec<(&'a str, &'a Value)>;

/// The repetition, the updates and the devices of an experiment.
type Auxiliary<'a> = (u64, u64, Option<&'a Value>);

fn content(config: &Config) -> Content<'_> {
    let mut content: Vec<_> = config.iter().collect();
    content.sort_unstable_by_key(|(key, _)| *key);
    content
}

fn sorted(
    groups: Vec<Vec<usize>>,
    value: &dyn Fn(&[usize]) -> Option<f64>,
    descending: bool,
) -> Vec<Vec<usize>> {
    let mut keyed: Vec<(Option<f64>, Vec<usize>)> = groups
        .into_iter()
        .map(|group| (value(&group).filter(|value| !value.is_nan()), group))
        .collect();
    keyed.sort_by(|(a, _), (b, _)| by_value(*a, *b, descending));
    keyed.into_iter().map(|(_, group)| group).collect()
}

/// Compares values; configs without one are last in either order.
fn by_value(a: Option<f64>, b: Option<f64>, descending: bool) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if descending => b.total_cmp(&a),
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}
