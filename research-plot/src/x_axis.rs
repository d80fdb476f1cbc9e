//! The x axis of a plot.

use super::groups::{self, Distinct, GroupValue};
use super::{Aggregate, PlotError, PlotOptions};
use research_results::ExperimentResult;
use research_results::TableOptions;

const ITERATION: &str = "iteration";

/// The x axis: iterations, or a parameter.
pub(super) enum XAxis<'a> {
    Iterations,
    /// A parameter that is a number in all experiments.
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
        let mut all = experiments.iter();
        if all.all(|one| groups::number(one, &key).is_some()) {
            return Ok(Self::Numbers(key));
        }
        let mut values = Distinct::default();
        let mut names = Vec::new();
        for experiment in experiments {
            if values.place(groups::value(experiment, &key)) == names.len() {
                names.push(groups::shown(experiment, &key, filters.shows_aliases()));
            }
        }
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

    /// Whether the points of a curve are joined.
    pub(super) fn joins(&self, aggregate: Aggregate) -> bool {
        match self {
            Self::Iterations => true,
            Self::Numbers(_) => aggregate != Aggregate::Each,
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
