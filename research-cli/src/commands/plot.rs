//! `research plot`: plots results.

use std::fs;
use std::io::{IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use research::domain::Domain;
use research::storage::{
    Aggregate, Arrangement, Band, Deviation, LogResults, Plot, PlotOptions, StoredResearch,
    TableOptions,
};

use super::results;
use super::table_flags::Selection;
use super::{CommandError, truncated_log};
use crate::exit::Exit;

/// Plot the results of a research
#[derive(Debug, Args)]
#[command(
    long_about = "\
Plot the results of a research: a panel for each variable, a curve for each config, showing the mean
over its repetitions with a band of one standard deviation. The x axis is the iteration, or a
parameter if each experiment has one value; over a parameter that is drawn at random, points are not
joined. Failed experiments are excluded; running ones are plotted over iterations only.

A band of d around y ends at y - d and y + d; on a logarithmic axis, at y / f and y * f, where f is
1 + d / y. Bands of values that are all between 0 and 1 end there.

With --out, write an image; otherwise draw in the terminal. This also works while the research
runs.",
    after_help = "\
Examples:
  research plot power
  research plot power --out power.svg
  research plot power --y loss --log-y --group-by lr --col model --out loss.png
  research plot power --x lr --log-x --y accuracy --color model
  research plot power --aggregate none --color lr --where model=small"
)]
pub struct Arguments {
    /// The research: its folder, as a name or a path
    pub name: PathBuf,
    /// The x axis: `iteration`, or a parameter, over which the last values are plotted
    #[arg(long, value_name = "KEY")]
    pub x: Option<String>,
    /// Only these variables, each in its own panel
    #[arg(long, value_name = "VAR,…", value_delimiter = ',')]
    pub y: Vec<String>,
    /// The parameters that separate curves [default: those that differ]
    #[arg(long, value_name = "KEY,…", value_delimiter = ',')]
    pub group_by: Option<Vec<String>>,
    /// Color curves by the value of this parameter
    #[arg(long, value_name = "KEY")]
    pub color: Option<String>,
    /// A panel for each value of these parameters
    #[arg(long, value_name = "KEY,…", value_delimiter = ',')]
    pub col: Vec<String>,
    /// The aggregate of a curve: mean, median, min, max, a quantile such as q0.9,
    /// or none for a curve for each experiment
    #[arg(long, value_parser = aggregate, default_value = "mean")]
    pub aggregate: Aggregate,
    /// The band around a curve [default: std around a mean or median, else none]
    #[arg(long, value_parser = one_of(BANDS))]
    pub band: Option<Band>,
    /// The arrangement of panels
    #[arg(long, value_parser = one_of(LAYOUTS), default_value = "grid")]
    pub layout: Arrangement,
    /// Place this many panels side by side
    #[arg(long, value_name = "N", conflicts_with = "layout")]
    pub ncols: Option<NonZeroUsize>,
    /// Use a logarithmic x axis
    #[arg(long)]
    pub log_x: bool,
    /// Use a logarithmic y axis, and exclude values of 0 and below
    #[arg(long)]
    pub log_y: bool,
    /// The title [default: the name of the research]
    #[arg(long)]
    pub title: Option<String>,
    /// The image file, which ends in .svg or .png
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The width of the image in pixels, or of the terminal plot in columns
    #[arg(long, value_name = "N")]
    pub width: Option<u32>,
    /// The height of the image in pixels, or of a panel of the terminal plot in lines
    #[arg(long, value_name = "N")]
    pub height: Option<u32>,
    /// Show aliases of parameters instead of values
    #[arg(long)]
    pub alias: bool,
    /// Include failed experiments
    #[arg(long)]
    pub with_failed: bool,
    /// Only these iterations, from 0
    #[arg(long, value_name = "I,…", value_delimiter = ',')]
    pub iterations: Vec<u64>,
    /// Selection.
    #[command(flatten)]
    pub selection: Selection,
}

/// A named value with its help.
pub(super) type Choice<T> = (&'static str, &'static str, T);

const BANDS: [Choice<Band>; 7] = [
    ("std", STD, Band::Deviation(Deviation::Sample)),
    ("pstd", PSTD, Band::Deviation(Deviation::Population)),
    ("sem", SEM, Band::Deviation(Deviation::StandardError)),
    ("ci95", CI95, Band::Deviation(Deviation::Confidence)),
    ("iqr", "Lower to upper quartile", Band::Quartiles),
    ("minmax", "Minimum to maximum", Band::Range),
    ("none", "No band", Band::None),
];

const STD: &str = "Standard deviation of the sample: sqrt(sum((x - mean)²) / (n - 1))";
const PSTD: &str = "Standard deviation of the population: sqrt(sum((x - mean)²) / n)";
const SEM: &str = "Standard error of the mean: std / sqrt(n)";
const CI95: &str =
    "Half of the 95% confidence interval: t * sem, Student's t with n - 1 degrees of freedom";

/// The measures of deviation of means.
pub(super) const DEVIATIONS: [Choice<Deviation>; 4] = [
    ("std", STD, Deviation::Sample),
    ("pstd", PSTD, Deviation::Population),
    ("sem", SEM, Deviation::StandardError),
    ("ci95", CI95, Deviation::Confidence),
];

const LAYOUTS: [Choice<Arrangement>; 3] = [
    ("grid", "A row for each variable", Arrangement::Grid),
    ("horizontal", "All in one row", Arrangement::Horizontal),
    ("vertical", "All in one column", Arrangement::Vertical),
];

/// Parses an aggregate.
fn aggregate(typed: &str) -> Result<Aggregate, String> {
    let quantile = typed.strip_prefix('q').map(str::parse::<f64>);
    Ok(match (typed, quantile) {
        ("mean", _) => Aggregate::Mean,
        ("median", _) => Aggregate::Median,
        ("min", _) => Aggregate::Min,
        ("max", _) => Aggregate::Max,
        ("none", _) => Aggregate::Each,
        (_, Some(Ok(probability))) if (0.0..=1.0).contains(&probability) => {
            Aggregate::Quantile(probability)
        }
        _ => {
            let known = "mean, median, min, max, none, or q and a number from 0 to 1, such as q0.9";
            return Err(format!("expected {known}"));
        }
    })
}

/// Parses the name of a choice.
pub(super) fn one_of<T: Copy + Send + Sync + 'static, const N: usize>(
    choices: [Choice<T>; N],
) -> impl TypedValueParser<Value = T> {
    let names = choices.map(|(name, help, _)| PossibleValue::new(name).help(help));
    PossibleValuesParser::new(names).try_map(move |typed| {
        let mut choices = choices.into_iter();
        let found = choices.find_map(|(name, _, value)| (name == typed).then_some(value));
        found.ok_or("unknown value")
    })
}

/// The image formats.
enum ImageFormat {
    Svg,
    Png,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let form = arguments.out.as_deref().map(form).transpose()?;
    let filters = TableOptions::new()
        .use_alias(arguments.alias)
        .iterations(arguments.iterations.iter().copied());
    let stored = StoredResearch::load(&arguments.name)?;
    let filters = arguments.selection.apply(&stored, filters)?;
    let values = LogResults::new(stored.events()?)?;
    truncated_log::warn_of_unknown(values.unknown_events(), &stored);
    let name = &stored.name();
    let domain = stored.record().domain.parse::<Domain>();
    let mut options = options(arguments, name);
    if let Ok(domain) = &domain {
        options = options.sampled(domain.sampled_parameters());
    }
    let plot = Plot::new(&values, &filters, &options)?;
    match (&arguments.out, form) {
        (Some(path), Some(form)) => write(&plot, path, &form)?,
        _ => out.write_all(sketch(&plot, arguments).as_bytes())?,
    }
    for text in plot.notes() {
        results::note(out, text)?;
    }
    Ok(Exit::Success)
}

fn form(path: &Path) -> Result<ImageFormat, CommandError> {
    let ending = path.extension().and_then(|ending| ending.to_str());
    match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("svg") => Ok(ImageFormat::Svg),
        Some("png") => Ok(ImageFormat::Png),
        _ => Err(CommandError::PlotFormat(path.to_owned())),
    }
}

fn options(arguments: &Arguments, name: &str) -> PlotOptions {
    let mut options = PlotOptions::new()
        .title(arguments.title.as_deref().unwrap_or(name))
        .variables(&arguments.y)
        .col(&arguments.col)
        .log_x(arguments.log_x)
        .log_y(arguments.log_y)
        .with_failed(arguments.with_failed)
        .aggregate(arguments.aggregate)
        .arrangement(match arguments.ncols {
            Some(count) => Arrangement::Columns(count.get()),
            None => arguments.layout,
        });
    if let Some(band) = arguments.band {
        options = options.band(band);
    }
    if let Some(x) = &arguments.x {
        options = options.x(x);
    }
    if let Some(keys) = &arguments.group_by {
        options = options.group_by(keys.iter().filter(|key| !key.is_empty()));
    }
    if let Some(key) = &arguments.color {
        options = options.color(key);
    }
    // The size of a terminal plot is passed to `sketch`.
    if arguments.out.is_some() {
        if let Some(width) = arguments.width {
            options = options.width(width);
        }
        if let Some(height) = arguments.height {
            options = options.height(height);
        }
    }
    options
}

fn write(plot: &Plot, path: &Path, format: &ImageFormat) -> Result<(), CommandError> {
    let image = match format {
        ImageFormat::Svg => plot.to_svg().into_bytes(),
        ImageFormat::Png => plot.to_png()?,
    };
    fs::write(path, image).map_err(|source| CommandError::NotWritten {
        path: path.to_owned(),
        source,
    })
}

/// Draws a plot as wide as the terminal.
fn sketch(plot: &Plot, arguments: &Arguments) -> String {
    let is_terminal = std::io::stdout().is_terminal();
    let columns = match arguments.width {
        Some(width) => width as usize,
        None if is_terminal => console::Term::stdout().size().1.min(120).into(),
        None => 80,
    };
    let rows = arguments.height.map_or(16, |height| height as usize);
    let colors = is_terminal && std::env::var_os("NO_COLOR").is_none();
    plot.sketch(columns, rows, colors)
}
