//! The x axis of a plot.

use super::groups::{self, Distinct, GroupValue};
use super::{PlotError, PlotOptions};
use research_results::ExperimentResult;
use research_results::TableOptions;

const ITERATION: &str = "iteration";

/// The x axis: iterations, or a parameter.
pub(super) enum XAxis<'a> {
    Iterations,
    /// A parameter that is a number in all experiments that have it.
    Numbers(String),
    /// Any other parameter, with its values and their names on the axis.
    Categories {
        key: String,
        values: Distinct<GroupValue<'a>>,
        names: Vec<String>,
    },
}

impl<'a> XAxis<'a> {
    /// Returns the requested axis. By default iterations if experiments have several values of a
    /// variable, otherwise the parameter with the most values.
    pub(super) fn of(
        experiments: &[&'a ExperimentResult],
        has_several: bool,
        filters: &TableOptions,
        options: &PlotOptions,
    ) -> Result<Self, PlotError> {
        let key = match options.x.as_deref() {
            Some(ITERATION) => return Ok(Self::Iterations),
            Some(key) => {
                groups::check(experiments, options.x.iter())?;
                key
            }
            None if has_several => return Ok(Self::Iterations),
            None => match parameter(experiments, options) {
                Some(key) => key,
                None => return Ok(Self::Iterations),
            },
        };
        let key = key.to_owned();
        let has_value = |one: &&&ExperimentResult| {
            groups::value(one, &key).is_some_and(|value| !value.is_null())
        };
        let mut with_value = experiments.iter().filter(has_value).peekable();
        let is_number = |one: &&ExperimentResult| groups::number(one, &key).is_some();
        if with_value.peek().is_some() && with_value.all(is_number) {
            return Ok(Self::Numbers(key));
        }
        let mut values = Distinct::default();
        let mut firsts = Vec::new();
        for experiment in experiments {
            if values.place(groups::value(experiment, &key)) == firsts.len() {
                firsts.push(*experiment);
            }
        }
        let keys = std::slice::from_ref(&key);
        let names = groups::labels(&firsts, keys, filters.shows_aliases());
        Ok(Self::Categories { key, values, names })
    }

    /// Returns the parameter; `None` for iterations.
    pub(super) fn key(&self) -> Option<&str> {
        match self {
            Self::Iterations => None,
            Self::Numbers(key) | Self::Categories { key, .. } => Some(key),
        }
    }

    /// Returns the label of the axis.
    pub(super) fn label(&self) -> &str {
        self.key().unwrap_or(ITERATION)
    }

    /// Returns the x of an experiment, which follows from its parameter.
    pub(super) fn place(&self, experiment: &'a ExperimentResult) -> Option<f64> {
        match self {
            Self::Iterations => None,
            Self::Numbers(key) => groups::number(experiment, key),
            Self::Categories { key, values, .. } => {
                let place = values.find(&groups::value(experiment, key))?;
                Some(place as f64)
            }
        }
    }

    /// Whether an experiment has a place on the axis.
    pub(super) fn has(&self, experiment: &'a ExperimentResult) -> bool {
        self.key().is_none() || self.place(experiment).is_some()
    }

    /// Whether the points of a curve are joined.
    pub(super) fn joins(&self, options: &PlotOptions) -> bool {
        match self {
            Self::Iterations => true,
            Self::Numbers(key) => !options.draws_each() && !options.is_sampled(key),
            Self::Categories { .. } => false,
        }
    }
}

/// Returns the default parameter of the x axis, for experiments with one value each.
fn parameter<'a>(experiments: &[&'a ExperimentResult], options: &PlotOptions) -> Option<&'a str> {
    let is_free = |(key, _): &(&str, usize)| {
        let taken = options.col.iter().chain(options.group_by.iter().flatten());
        !taken.chain(&options.color).any(|taken| taken == key)
    };
    let keys = groups::differing(experiments).into_iter().filter(is_free);
    // Reversed, so that of parameters with equally many values the first is taken.
    let most = keys.rev().max_by_key(|(_, count)| *count);
    most.map(|(key, _)| key)
}
