//! Builds the panels of curves from results.

use std::collections::BTreeMap;

use research_core::Status;

use super::drawing::Drawing;
use super::error::PlotError;
use super::error::{MOST, is_possible};
use super::figure::{Legend, Panel, Plot};
use super::groups::{self, Distinct};
use super::left_out::LeftOut;
use super::options::{Aggregate, Arrangement, Band, Log, PlotOptions, Size};
use super::survey::{Survey, Surveyed};
use super::x_axis::XAxis;
use research_results::numbers::left_out_note;
use research_results::select::{Selected, check_variables, select};
use research_results::source::{Order, Source};
use research_results::{ExperimentResult, TableOptions};

/// The maximum number of panels of a plot.
const MOST_PANELS: usize = 64;

/// The approximate maximum number of points of a plot, whatever the number of values.
const MOST_POINTS: usize = 500_000;

/// The number of points that each curve may always have.
const LEAST_POINTS: usize = 16;

/// Reads the values of a plot, and builds its panels.
pub(crate) fn gather(
    source: &dyn Source,
    filters: &TableOptions,
    options: &PlotOptions,
) -> Result<Plot, PlotError> {
    let Size { width, height } = options.size;
    let (width, height) = (width.unwrap_or(MOST), height.unwrap_or(MOST));
    if !is_possible(width, height) {
        return Err(PlotError::Size { width, height });
    }
    let results = source.results();
    let asked = filters.clone().variables(&options.variables);
    let Selected { experiments, notes } = select(results, filters)?;
    if experiments.is_empty() && results.experiments().next().is_some() {
        return Err(PlotError::NoMatch);
    }
    check_variables(results, &options.variables)?;
    let (mut experiments, mut left_out) = drawn(experiments, filters, options);
    let mut survey = Survey::default();
    source.for_each_value(&experiments, &asked, Order::Rising, &mut |visit| {
        survey.see(&visit, filters);
    })?;
    let variables = survey.chosen(options);
    if variables.is_empty() {
        let of = of_variables(options);
        return Err(PlotError::Nothing { of, left_out });
    }
    let explicit = options.group_by.iter().flatten().chain(&options.col);
    groups::check(&experiments, explicit.chain(&options.color))?;
    let has_several = variables.iter().any(|variable| variable.longest > 1);
    let along = XAxis::of(&experiments, has_several, filters, options)?;
    let has_ended = experiments.iter().any(|one| one.status.is_some());
    if along.key().is_some() && has_ended && !filters.has_statuses() && !options.with_failed {
        // Leave out running experiments, whose last value is not final.
        let count = experiments.len();
        experiments.retain(|experiment| experiment.status.is_some());
        left_out.unfinished = count - experiments.len();
    }
    let grouping = Grouping::of(&experiments, &along, filters, options)?;
    let count = variables.len() * grouping.cols.len();
    if count > MOST_PANELS {
        return Err(PlotError::TooManyPanels { count });
    }
    let is_category = matches!(along, XAxis::Categories { .. });
    let log = Log {
        x: options.log_x && !is_category,
        y: options.log_y,
    };
    let most = (MOST_POINTS / (grouping.curves.len() * variables.len()).max(1)).max(LEAST_POINTS);
    let drawing = Drawing {
        variables: &variables,
        along: &along,
        log,
        filters,
        options,
        most,
    };
    let mut panels = empty_panels(&variables, &grouping, options);
    let is_thinned = drawing.draw(source, &grouping, &mut panels)?;
    if panels.iter().all(|panel| panel.curves.is_empty()) {
        let of = of_variables(options);
        return Err(PlotError::Undrawable { of, left_out });
    }
    let others = variables
        .iter()
        .filter_map(|one| left_out_note(&one.name, one.left_out));
    let thinned = is_thinned.then(|| {
        format!("of curves with more than {most} points, some are drawn: the lowest and highest")
    });
    let notes = notes.into_iter().chain(left_out.note()).chain(others);
    Ok(Plot {
        title: options.title.clone(),
        caption: caption(&panels, &along, options),
        x_label: along.label().to_owned(),
        log,
        columns: columns(options.arrangement, variables.len(), grouping.cols.len()),
        panels,
        legend: grouping.legend,
        categories: match along {
            XAxis::Categories { names, .. } => Some(names),
            _ => None,
        },
        size: options.size,
        notes: notes.chain(thinned).collect(),
    })
}

/// Returns the experiments to draw: those that succeeded or still run, unless the options or
/// filters select others.
fn drawn<'a>(
    mut experiments: Vec<&'a ExperimentResult>,
    filters: &TableOptions,
    options: &PlotOptions,
) -> (Vec<&'a ExperimentResult>, LeftOut) {
    let mut left_out = LeftOut::default();
    if !filters.has_statuses() && !options.with_failed {
        let count = experiments.len();
        experiments.retain(|one| one.status.is_none_or(Status::is_success));
        left_out.failed = count - experiments.len();
    }
    (experiments, left_out)
}

/// Returns the part of an error message that names the requested variables.
fn of_variables(options: &PlotOptions) -> String {
    match options.variables.as_slice() {
        [] => String::new(),
        names => format!(" as `{}`", names.join("`, `")),
    }
}

/// The assignment of experiments to panels, curves and colours.
pub(super) struct Grouping<'a> {
    /// The text for each value of the parameters in `col`.
    pub(super) cols: Vec<String>,
    /// The colour and the experiments of each curve, by column and curve.
    pub(super) curves: BTreeMap<(usize, usize), (usize, Vec<&'a ExperimentResult>)>,
    legend: Legend,
}

impl<'a> Grouping<'a> {
    fn of(
        experiments: &[&'a ExperimentResult],
        along: &XAxis<'_>,
        filters: &TableOptions,
        options: &PlotOptions,
    ) -> Result<Self, PlotError> {
        let keys = curve_keys(experiments, along, options);
        let color_keys = match &options.color {
            Some(key) if keys.contains(key) => vec![key.clone()],
            Some(key) => return Err(PlotError::NoColor { key: key.clone() }),
            None => keys.clone(),
        };
        let text = |experiment: &ExperimentResult, keys: &[String]| -> String {
            let shown = |key: &String| groups::shown(experiment, key, filters.shows_aliases());
            keys.iter().map(shown).collect::<Vec<_>>().join(", ")
        };
        let (mut known_cols, mut cols) = (Distinct::default(), Vec::new());
        let (mut known_colors, mut labels) = (Distinct::default(), Vec::new());
        let mut known_curves = Distinct::default();
        let mut curves: BTreeMap<_, (usize, Vec<&ExperimentResult>)> = BTreeMap::new();
        for experiment in experiments {
            let col = known_cols.place(groups::values(experiment, &options.col));
            if col == cols.len() {
                cols.push(text(experiment, &options.col));
            }
            let color = known_colors.place(groups::values(experiment, &color_keys));
            if color == labels.len() {
                labels.push(text(experiment, &color_keys));
            }
            let each = options.aggregate == Aggregate::Each;
            let curve = known_curves.place((
                each.then_some(experiment.number),
                groups::values(experiment, &keys),
            ));
            let curve = curves.entry((col, curve)).or_insert((color, Vec::new()));
            curve.1.push(*experiment);
        }
        let colors = labels.len();
        let entries = labels.into_iter().zip(0..);
        let legend = Legend {
            title: color_keys.join(", "),
            entries: entries.filter(|_| !color_keys.is_empty()).collect(),
            colors,
        };
        Ok(Self {
            cols,
            curves,
            legend,
        })
    }
}

/// Returns the panels in order, without curves: for each variable one panel per value in `col`.
fn empty_panels(
    variables: &[&Surveyed],
    grouping: &Grouping<'_>,
    options: &PlotOptions,
) -> Vec<Panel> {
    let panels = variables.iter().enumerate().flat_map(|(number, variable)| {
        grouping.cols.iter().map(move |value| Panel {
            title: panel_title(&variable.name, &options.col, value),
            variable: number,
            curves: Vec::new(),
        })
    });
    panels.collect()
}

/// Returns the parameters that distinguish the curves of a panel.
fn curve_keys(
    experiments: &[&ExperimentResult],
    along: &XAxis<'_>,
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

fn panel_title(name: &str, keys: &[String], value: &str) -> String {
    match keys {
        [] => name.to_owned(),
        keys => format!("{name}, {} = {value}", keys.join(", ")),
    }
}

/// Returns a short description of the points of the curves.
fn caption(panels: &[Panel], along: &XAxis<'_>, options: &PlotOptions) -> String {
    let curves = panels.iter().flat_map(|panel| &panel.curves);
    let counts = curves.flat_map(|curve| curve.points.iter().map(|point| point.count));
    let ends = counts.fold((usize::MAX, 0), |(least, most), count| {
        (least.min(count), most.max(count))
    });
    let is_last = !matches!(along, XAxis::Iterations);
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

/// Returns the number of panels in a row.
fn columns(arrangement: Arrangement, variables: usize, cols: usize) -> usize {
    let panels = variables * cols;
    let fit_in_a_row = if cols > 1 { 4 } else { 3 };
    match arrangement {
        Arrangement::Horizontal => panels,
        Arrangement::Vertical => 1,
        Arrangement::Grid if cols > 1 && variables > 1 => cols,
        Arrangement::Grid if panels <= fit_in_a_row => panels,
        Arrangement::Grid => (panels as f64).sqrt().ceil() as usize,
    }
}
