//! From results to panels of curves.

use std::collections::BTreeMap;

use super::error::is_possible;
use super::groups::{self, Distinct};
use super::{Aggregate, Arrangement, Band, Legend, Log, Plot, PlotError, PlotOptions};
use crate::results::{ExperimentResult, Results, Series};
use crate::table::{TableOptions, number_at, select, variables};

const ITERATION: &str = "iteration";

/// The most panels that a picture has.
const MOST_PANELS: usize = 64;

/// One pair of axes with its curves.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    pub(super) title: String,
    /// The variable, by number; panels of one variable have the same y axis.
    pub(super) variable: usize,
    pub(super) curves: Vec<Curve>,
}

#[derive(Clone, Debug)]
pub(super) struct Curve {
    pub(super) color: usize,
    /// By rising x; without what is no number.
    pub(super) points: Vec<Point>,
    /// Whether the points are joined.
    pub(super) joined: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
    /// The band around it.
    pub(super) low: f64,
    pub(super) high: f64,
    /// How many experiments it is of.
    count: usize,
}

/// What is along the x axis.
enum Along {
    Iterations,
    Numbers(String),
    Categories(String, Vec<String>),
}

impl Along {
    fn key(&self) -> Option<&str> {
        match self {
            Self::Iterations => None,
            Self::Numbers(key) | Self::Categories(key, _) => Some(key),
        }
    }
}

pub(super) fn gather(
    results: &Results,
    filters: &TableOptions,
    options: &PlotOptions,
) -> Result<Plot, PlotError> {
    if let Some((width, height)) = options.size
        && !is_possible(width, height)
    {
        return Err(PlotError::Size { width, height });
    }
    let experiments = select(results.experiments().collect(), filters)?;
    let asked = filters.clone().variables(&options.variables);
    let mut names = variables(&experiments, results.names(), &asked)?;
    let wanted = |name: &str| options.variables.iter().position(|one| one == name);
    names.sort_by_key(|name| wanted(name));
    names.retain(|name| has_numbers(&experiments, name));
    let of = match options.variables.as_slice() {
        [] => String::new(),
        names => format!(" as `{}`", names.join("`, `")),
    };
    if names.is_empty() {
        return Err(PlotError::Nothing { of });
    }
    let explicit = options.group_by.iter().flatten().chain(&options.col);
    groups::check(&experiments, explicit.chain(&options.color))?;
    let along = along(&experiments, &names, filters, options)?;
    let alias = filters.shows_aliases();
    let keys = curve_keys(&experiments, &along, options);
    let color_keys = match &options.color {
        Some(key) if keys.contains(key) => vec![key.clone()],
        Some(key) => return Err(PlotError::NoColor { key: key.clone() }),
        None => keys.clone(),
    };
    let text = |experiment: &ExperimentResult, keys: &[String]| -> String {
        let values = keys.iter().map(|key| groups::shown(experiment, key, alias));
        values.collect::<Vec<_>>().join(", ")
    };
    // Which panel, curve and colour each experiment belongs to.
    let (mut cols, mut labels, mut colors) = (
        Distinct::default(),
        Distinct::default(),
        Distinct::default(),
    );
    let mut members: BTreeMap<(usize, usize), (usize, Vec<&ExperimentResult>)> = BTreeMap::new();
    for experiment in &experiments {
        let col = cols.place(text(experiment, &options.col));
        let color = colors.place(text(experiment, &color_keys));
        let label = match options.aggregate {
            Aggregate::Each => experiment.record.id.to_string(),
            _ => text(experiment, &keys),
        };
        let place = (col, labels.place(label));
        members
            .entry(place)
            .or_insert((color, Vec::new()))
            .1
            .push(experiment);
    }
    let count = names.len() * cols.items.len();
    if count > MOST_PANELS {
        return Err(PlotError::TooManyPanels { count });
    }
    let mut panels = Vec::new();
    for (variable, name) in names.iter().enumerate() {
        for (col, value) in cols.items.iter().enumerate() {
            let here = members.range((col, 0)..(col + 1, 0));
            let curve = |(_, (color, members)): (_, &(usize, Vec<_>))| {
                let points = points(members, name, &along, filters, options);
                (!points.is_empty()).then(|| Curve {
                    color: *color,
                    points,
                    joined: joined(&along, options),
                })
            };
            panels.push(Panel {
                title: panel_title(name, &options.col, value),
                variable,
                curves: here.filter_map(curve).collect(),
            });
        }
    }
    if panels.iter().all(|panel| panel.curves.is_empty()) {
        return Err(PlotError::Undrawable { of });
    }
    let entries = colors.items.iter().cloned().zip(0..);
    Ok(Plot {
        title: options.title.clone(),
        caption: caption(&panels, &along, options),
        x_label: along.key().unwrap_or(ITERATION).to_owned(),
        log: Log {
            x: options.log_x && !matches!(along, Along::Categories(..)),
            y: options.log_y,
        },
        columns: columns(options.arrangement, names.len(), cols.items.len()),
        panels,
        legend: Legend {
            title: color_keys.join(", "),
            entries: entries.filter(|_| !color_keys.is_empty()).collect(),
            colors: colors.items.len(),
        },
        categories: match along {
            Along::Categories(_, names) => Some(names),
            _ => None,
        },
        size: options.size,
    })
}

fn has_numbers(experiments: &[&ExperimentResult], name: &str) -> bool {
    experiments
        .iter()
        .filter_map(|experiment| experiment.variable(name))
        .any(|series| (0..series.len()).any(|at| number_at(series.column(), at).is_some()))
}

fn along(
    experiments: &[&ExperimentResult],
    names: &[&str],
    filters: &TableOptions,
    options: &PlotOptions,
) -> Result<Along, PlotError> {
    let key = match options.x.as_deref() {
        Some(ITERATION) => return Ok(Along::Iterations),
        Some(key) => {
            groups::check(experiments, options.x.iter())?;
            key
        }
        None => {
            let mut series = names
                .iter()
                .flat_map(|name| experiments.iter().filter_map(|one| one.variable(name)));
            let free = |(key, _): &(&str, usize)| {
                let taken = options.col.iter().chain(options.group_by.iter().flatten());
                !taken.chain(&options.color).any(|taken| taken == key)
            };
            let keys = groups::differing(experiments).into_iter().filter(free);
            // Of those with as many values, the first.
            match keys.rev().max_by_key(|(_, count)| *count) {
                Some((key, _)) if !series.any(|series| series.len() > 1) => key,
                _ => return Ok(Along::Iterations),
            }
        }
    };
    if experiments
        .iter()
        .all(|one| groups::number(one, key).is_some())
    {
        return Ok(Along::Numbers(key.to_owned()));
    }
    let mut values = Distinct::default();
    for experiment in experiments {
        values.place(groups::shown(experiment, key, filters.shows_aliases()));
    }
    Ok(Along::Categories(key.to_owned(), values.items))
}

/// The parameters that tell the curves of a panel apart.
fn curve_keys(
    experiments: &[&ExperimentResult],
    along: &Along,
    options: &PlotOptions,
) -> Vec<String> {
    let keys = match &options.group_by {
        Some(keys) => keys.clone(),
        None => {
            let differing = groups::differing(experiments).into_iter();
            differing.map(|(key, _)| key.to_owned()).collect()
        }
    };
    let is_taken = |key: &String| Some(key.as_str()) == along.key() || options.col.contains(key);
    keys.into_iter().filter(|key| !is_taken(key)).collect()
}

fn joined(along: &Along, options: &PlotOptions) -> bool {
    match along {
        Along::Iterations => true,
        Along::Numbers(_) => options.aggregate != Aggregate::Each,
        Along::Categories(..) => false,
    }
}

fn panel_title(name: &str, keys: &[String], value: &str) -> String {
    match keys {
        [] => name.to_owned(),
        keys => format!("{name}, {} = {value}", keys.join(", ")),
    }
}

/// What a point of a curve is, in a few words.
fn caption(panels: &[Panel], along: &Along, options: &PlotOptions) -> String {
    let curves = panels.iter().flat_map(|panel| &panel.curves);
    let counts = curves.flat_map(|curve| curve.points.iter().map(|point| point.count));
    let ends = counts.fold((usize::MAX, 0), |(least, most), count| {
        (least.min(count), most.max(count))
    });
    let is_last = !matches!(along, Along::Iterations);
    if options.aggregate == Aggregate::Each || ends.1 < 2 {
        return if is_last { "last values" } else { "" }.to_owned();
    }
    let aggregate = match options.aggregate {
        Aggregate::Median => "median",
        Aggregate::Mean | Aggregate::Each => "mean",
    };
    let band = match options.band {
        Band::Deviation => " ± standard deviation",
        Band::Range => ", lowest to highest",
        Band::None => "",
    };
    let values = if is_last { "the last values of " } else { "" };
    let count = match ends {
        (least, most) if least == most => most.to_string(),
        (least, most) => format!("{least} to {most}"),
    };
    format!("{aggregate}{band}, of {values}{count} experiments")
}

/// How many panels stand side by side.
fn columns(arrangement: Arrangement, variables: usize, cols: usize) -> usize {
    match arrangement {
        Arrangement::Horizontal => variables * cols,
        Arrangement::Vertical => 1,
        Arrangement::Grid if cols > 1 => cols,
        Arrangement::Grid if variables <= 3 => variables,
        Arrangement::Grid => (variables as f64).sqrt().ceil() as usize,
    }
}

/// The points of the curve of some experiments.
fn points(
    members: &[&ExperimentResult],
    name: &str,
    along: &Along,
    filters: &TableOptions,
    options: &PlotOptions,
) -> Vec<Point> {
    let mut values: BTreeMap<Place, Vec<f64>> = BTreeMap::new();
    for experiment in members {
        let Some(series) = experiment.variable(name) else {
            continue;
        };
        let numbers = numbers(series, filters);
        match along {
            Along::Iterations => numbers.for_each(|(iteration, number)| {
                values
                    .entry(Place(iteration as f64))
                    .or_default()
                    .push(number);
            }),
            Along::Numbers(key) => {
                let x = groups::number(experiment, key);
                if let (Some(x), Some((_, number))) = (x, numbers.last()) {
                    values.entry(Place(x)).or_default().push(number);
                }
            }
            Along::Categories(key, names) => {
                let value = groups::shown(experiment, key, filters.shows_aliases());
                let x = names.iter().position(|name| *name == value);
                if let (Some(x), Some((_, number))) = (x, numbers.last()) {
                    values.entry(Place(x as f64)).or_default().push(number);
                }
            }
        }
    }
    let is_shown = |point: &Point| {
        let in_log = |log: bool, value: f64| !log || value > 0.0;
        point.x.is_finite() && in_log(options.log_x, point.x) && in_log(options.log_y, point.y)
    };
    values
        .into_iter()
        .filter_map(|(Place(x), values)| point(x, values, options))
        .filter(is_shown)
        .collect()
}

/// The finite numbers of a series, with their iterations.
fn numbers<'a>(
    series: &'a Series,
    filters: &'a TableOptions,
) -> impl Iterator<Item = (u64, f64)> + 'a {
    let shown = filters.iterations_shown();
    (0..series.len()).filter_map(move |position| {
        let iteration = series.iteration(position)?;
        let is_shown = shown.is_none_or(|shown| shown.contains(&iteration));
        let number = number_at(series.column(), position)?;
        (is_shown && number.is_finite()).then_some((iteration, number))
    })
}

fn point(x: f64, mut values: Vec<f64>, options: &PlotOptions) -> Option<Point> {
    values.sort_by(f64::total_cmp);
    let (least, most) = (*values.first()?, *values.last()?);
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let middle = values.len() / 2;
    let y = match options.aggregate {
        Aggregate::Median if values.len().is_multiple_of(2) => {
            f64::midpoint(values[middle - 1], values[middle])
        }
        Aggregate::Median => values[middle],
        Aggregate::Mean | Aggregate::Each => mean,
    };
    let (low, high) = match options.band {
        Band::None => (y, y),
        Band::Range => (least, most),
        Band::Deviation if values.len() < 2 => (y, y),
        Band::Deviation => {
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            let deviation = (squares / (count - 1.0)).sqrt();
            (y - deviation, y + deviation)
        }
    };
    Some(Point {
        x,
        y,
        low,
        high,
        count: values.len(),
    })
}

/// A place on the x axis, in order.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place(f64);

impl Eq for Place {}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
