//! `research plot`: plots results.

use std::fs;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use research::storage::{
    Aggregate, Arrangement, Band, LogResults, Plot, PlotOptions, StoredResearch, TableOptions,
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
parameter if each experiment has one value. Failed experiments are excluded; running ones are
plotted over iterations only.

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
    /// The aggregate of the experiments of a curve
    #[arg(long, value_parser = one_of(AGGREGATES), default_value = "mean")]
    pub aggregate: Aggregate,
    /// The band around a curve
    #[arg(long, value_parser = one_of(BANDS), default_value = "std")]
    pub band: Band,
    /// The arrangement of panels
    #[arg(long, value_parser = one_of(LAYOUTS), default_value = "grid")]
    pub layout: Arrangement,
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
type Choice<T> = (&'static str, &'static str, T);

const AGGREGATES: [Choice<Aggregate>; 3] = [
    ("mean", "Mean", Aggregate::Mean),
    ("median", "Median", Aggregate::Median),
    ("none", "A curve for each experiment", Aggregate::Each),
];

const BANDS: [Choice<Band>; 3] = [
    ("std", "One standard deviation", Band::Deviation),
    ("minmax", "Minimum to maximum", Band::Range),
    ("none", "No band", Band::None),
];

const LAYOUTS: [Choice<Arrangement>; 3] = [
    ("grid", "A row for each variable", Arrangement::Grid),
    ("horizontal", "All in one row", Arrangement::Horizontal),
    ("vertical", "All in one column", Arrangement::Vertical),
];

/// Parses the name of a choice.
fn one_of<T: Copy + Send + Sync + 'static>(
    choices: [Choice<T>; 3],
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
    let plot = Plot::new(&values, &filters, &options(arguments, name))?;
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
        .band(arguments.band)
        .arrangement(arguments.layout);
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
