//! `research plot`: pictures of results.

use std::fs;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use research::storage::{self, Plot, PlotOptions, StoredResearch, TableOptions};

use super::CommandError;
use super::chosen::Chosen;
use super::results;
use crate::exit::Exit;

/// Draw curves of what a research has saved
#[derive(Debug, Args)]
#[command(
    long_about = "\
Draw curves of what a research has saved: a panel for each variable, a curve for each config, the
mean over its repetitions with a band of a standard deviation to either side. Over iterations; where
there is one value for each experiment, over a parameter. Failed experiments are left out, and those
that still run are drawn over iterations alone.

With --out, a picture; else a sketch for the terminal. It can be drawn while the research runs.",
    after_help = "\
Examples:
  research plot power
  research plot power --out power.svg
  research plot power --y loss --log-y --group-by lr --col model --out loss.png
  research plot power --x lr --log-x --y accuracy --color model
  research plot power --aggregate none --color lr --where model=small"
)]
pub struct Arguments {
    /// The research: the name of its folder, or a path to it
    pub name: PathBuf,
    /// What is along the x axis: `iteration`, or a parameter, over which the last values are drawn
    #[arg(long, value_name = "KEY")]
    pub x: Option<String>,
    /// Only these variables, each in a panel of its own
    #[arg(long, value_name = "VAR,…", value_delimiter = ',')]
    pub y: Vec<String>,
    /// The parameters that tell curves apart; those that differ, if not given
    #[arg(long, value_name = "KEY,…", value_delimiter = ',')]
    pub group_by: Option<Vec<String>>,
    /// The same colour for curves with the same value of this parameter
    #[arg(long, value_name = "KEY")]
    pub color: Option<String>,
    /// A panel for each value of these parameters
    #[arg(long, value_name = "KEY,…", value_delimiter = ',')]
    pub col: Vec<String>,
    /// What is drawn of experiments that nothing tells apart
    #[arg(long, value_enum, default_value_t)]
    pub aggregate: Aggregate,
    /// What is drawn around a curve
    #[arg(long, value_enum, default_value_t)]
    pub band: Band,
    /// How panels are placed
    #[arg(long, value_enum, default_value_t)]
    pub layout: Layout,
    /// A logarithmic x axis
    #[arg(long)]
    pub log_x: bool,
    /// A logarithmic y axis; what is not above zero is left out
    #[arg(long)]
    pub log_y: bool,
    /// A title, instead of the name
    #[arg(long)]
    pub title: Option<String>,
    /// The picture: a file that ends in .svg or .png
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// How wide the picture is, in pixels, or the sketch, in columns
    #[arg(long, value_name = "N")]
    pub width: Option<u32>,
    /// How high the picture is, in pixels, or a panel of the sketch, in lines
    #[arg(long, value_name = "N")]
    pub height: Option<u32>,
    /// The aliases of parameters instead of their values
    #[arg(long)]
    pub alias: bool,
    /// Draw what failed experiments have saved, too
    #[arg(long)]
    pub with_failed: bool,
    /// Only these iterations, from 0
    #[arg(long, value_name = "I,…", value_delimiter = ',')]
    pub iterations: Vec<u64>,
    /// Which experiments.
    #[command(flatten)]
    pub chosen: Chosen,
}

/// What is drawn of a group of experiments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Aggregate {
    /// Their mean
    #[default]
    Mean,
    /// Their median
    Median,
    /// A curve for each
    None,
}

/// What is drawn around a curve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Band {
    /// A standard deviation to either side
    #[default]
    Std,
    /// From the lowest to the highest
    Minmax,
    /// Nothing
    None,
}

/// How panels are placed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Layout {
    /// A row for each variable
    #[default]
    Grid,
    /// All in one row
    Horizontal,
    /// All in one column
    Vertical,
}

/// The forms of pictures.
enum Form {
    Svg,
    Png,
}

/// Runs the command.
///
/// # Errors
/// There is no such research, it cannot be read, options that ask for what there is not, nothing to
/// draw, and a picture that cannot be written.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let form = arguments.out.as_deref().map(form).transpose()?;
    let filters = TableOptions::new()
        .use_alias(arguments.alias)
        .iterations(arguments.iterations.iter().copied());
    let stored = StoredResearch::load(&arguments.name)?;
    let filters = arguments.chosen.choose(&stored, filters)?;
    let values = stored.log_results()?;
    let name = &stored.name();
    let plot = values.plot(&filters, &options(arguments, name))?;
    match (&arguments.out, form) {
        (Some(path), Some(form)) => write(&plot, path, &form)?,
        _ => out.write_all(sketch(&plot, arguments).as_bytes())?,
    }
    for text in plot.notes() {
        results::note(out, text)?;
    }
    Ok(Exit::Success)
}

fn form(path: &Path) -> Result<Form, CommandError> {
    let ending = path.extension().and_then(|ending| ending.to_str());
    match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("svg") => Ok(Form::Svg),
        Some("png") => Ok(Form::Png),
        _ => Err(CommandError::NoPicture(path.to_owned())),
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
        .aggregate(match arguments.aggregate {
            Aggregate::Mean => storage::Aggregate::Mean,
            Aggregate::Median => storage::Aggregate::Median,
            Aggregate::None => storage::Aggregate::Each,
        })
        .band(match arguments.band {
            Band::Std => storage::Band::Deviation,
            Band::Minmax => storage::Band::Range,
            Band::None => storage::Band::None,
        })
        .arrangement(match arguments.layout {
            Layout::Grid => storage::Arrangement::Grid,
            Layout::Horizontal => storage::Arrangement::Horizontal,
            Layout::Vertical => storage::Arrangement::Vertical,
        });
    if let Some(x) = &arguments.x {
        options = options.x(x);
    }
    if let Some(keys) = &arguments.group_by {
        options = options.group_by(keys.iter().filter(|key| !key.is_empty()));
    }
    if let Some(key) = &arguments.color {
        options = options.color(key);
    }
    // That of a sketch is given to the sketch.
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

fn write(plot: &Plot, path: &Path, form: &Form) -> Result<(), CommandError> {
    let picture = match form {
        Form::Svg => plot.to_svg().into_bytes(),
        Form::Png => plot.to_png()?,
    };
    fs::write(path, picture).map_err(|source| CommandError::NotWritten {
        path: path.to_owned(),
        source,
    })
}

/// A sketch as wide as the terminal.
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
