//! Builds the panels of curves from results.

use research_core::Status;

use super::drawing::Drawing;
use super::error::PlotError;
use super::error::{MOST, is_possible};
use super::figure::{Legend, Panel, Plot};
use super::grouping::{Grouping, remove_unused};
use super::groups;
use super::left_out::LeftOut;
use super::options::{Aggregate, Arrangement, Band, Log, PlotOptions, Size};
use super::scene::STYLES;
use super::survey::{Survey, Surveyed};
use super::x_axis::XAxis;
use research_results::numbers::left_out_note;
use research_results::select::{Selected, check_variables, select};
use research_results::source::{Order, Source};
use research_results::{Deviation, ExperimentResult, TableOptions};

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
    let count = experiments.len();
    experiments.retain(|experiment| along.has(experiment));
    left_out.without_x = count - experiments.len();
    let mut grouping = Grouping::of(&experiments, &along, filters, options)?;
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
    remove_unused(&mut grouping.legend, &mut panels);
    let alike = same_looks(&grouping.legend);
    let notes = notes.into_iter().chain(left_out.note()).chain(others);
    let notes = notes.chain(alike);
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

/// Says that curves cannot be told apart, if there are more than there are line styles.
fn same_looks(legend: &Legend) -> Option<String> {
    let count = legend.styles.len();
    (count > STYLES).then(|| {
        let title = &legend.style_title;
        format!(
            "`{title}` has {count} values, but there are {STYLES} line styles: some curves look \
             the same"
        )
    })
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
    if options.draws_each() || ends.1 < 2 {
        return if is_last { "last values" } else { "" }.to_owned();
    }
    let aggregate = match options.aggregate {
        Aggregate::Mean | Aggregate::Each => "mean",
        Aggregate::Median => "median",
        Aggregate::Min => "minimum",
        Aggregate::Max => "maximum",
        Aggregate::Quantile(probability) => &format!("{probability} quantile"),
        Aggregate::Function(_) => "a function",
    };
    let band = match options.band_drawn() {
        Band::Deviation(measure) => {
            let name = deviation_name(measure);
            match options.log_y {
                true => format!(" × or ÷ (1 + {name} / {aggregate})"),
                false => format!(" ± {name}"),
            }
        }
        Band::Quartiles => ", lower to upper quartile".to_owned(),
        Band::Range => ", lowest to highest".to_owned(),
        Band::None => String::new(),
    };
    let values = if is_last { "the last values of " } else { "" };
    let count = match ends {
        (least, most) if least == most => most.to_string(),
        (least, most) => format!("{least} to {most}"),
    };
    format!("{aggregate}{band}, of {values}{count} experiments")
}

fn deviation_name(measure: Deviation) -> &'static str {
    match measure {
        Deviation::Sample => "standard deviation",
        Deviation::Population => "population standard deviation",
        Deviation::StandardError => "standard error",
        Deviation::Confidence => "half of the 95% confidence interval",
        _ => measure.as_str(),
    }
}

/// Returns the number of panels in a row.
fn columns(arrangement: Arrangement, variables: usize, cols: usize) -> usize {
    let panels = variables * cols;
    let fit_in_a_row = if cols > 1 { 4 } else { 3 };
    match arrangement {
        Arrangement::Horizontal => panels,
        Arrangement::Vertical => 1,
        Arrangement::Columns(count) => count.clamp(1, panels.max(1)),
        Arrangement::Grid if cols > 1 && variables > 1 => cols,
        Arrangement::Grid if panels <= fit_in_a_row => panels,
        Arrangement::Grid => (panels as f64).sqrt().ceil() as usize,
    }
}
