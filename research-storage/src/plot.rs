//! Pictures of results: curves of variables over iterations, or over a parameter.
//!
//! [`Results::plot`] gathers what is to be seen into panels of curves; `layout` places those in a
//! scene of lines, areas and texts, which is written as SVG or PNG; `sketch` draws the panels
//! with characters instead.

mod along;
mod axes;
mod curves;
mod cut;
mod drawing;
mod error;
mod font;
mod groups;
mod layout;
mod legend;
mod options;
mod png;
mod points;
mod scale;
mod scene;
mod shapes;
mod sketch;
mod survey;
mod svg;

use crate::results::Results;
use crate::table::TableOptions;

pub use error::PlotError;
pub use options::{Aggregate, Arrangement, Band, PlotOptions};
pub use survey::LeftOut;

pub(crate) use curves::gather;

use curves::Panel;
use options::Size;

/// A picture of results, to be written in one of several forms.
///
/// ```
/// # use research_core::domain::{Config, ExperimentId};
/// # use research_core::*;
/// # use research_storage::{Results, TableOptions};
/// use research_storage::PlotOptions;
///
/// # let record = ExperimentRecord { id: ExperimentId::parse("e0").unwrap(), place: 0,
/// #     config: Config::from_pairs([("lr", 0.1)]), repetition: 0, updates: 0, seed: 0 };
/// # let mut results = Results::new();
/// # results.apply(&Event::ExperimentStarted { at: Timestamp(0), experiment: ExperimentNumber(0),
/// #     attempt: 1, worker: WorkerNumber(0), pid: 1, record: Box::new(record),
/// #     epoch: 0, added: Config::new() });
/// # results.apply(&Event::Values { experiment: ExperimentNumber(0), variable: "loss".into(),
/// #     iterations: Iterations::Run { first: 0, count: 2 },
/// #     column: Column::Float(vec![0.5, 0.25]) });
/// let options = PlotOptions::new().variables(["loss"]).group_by(["lr"]).log_y(true);
/// let plot = results.plot(&TableOptions::new(), &options).unwrap();
/// assert!(plot.to_svg().starts_with("<svg"));
/// println!("{}", plot.sketch(80, 20, false));
/// ```
#[derive(Clone, Debug)]
pub struct Plot {
    title: Option<String>,
    /// What the curves are, in a few words.
    caption: String,
    x_label: String,
    /// The names of the places on the x axis, if it is no axis of numbers.
    categories: Option<Vec<String>>,
    log: Log,
    panels: Vec<Panel>,
    /// How many panels stand side by side.
    columns: usize,
    legend: Legend,
    size: Size,
    notes: Vec<String>,
}

/// Which axes are logarithmic.
#[derive(Clone, Copy, Debug, Default)]
struct Log {
    x: bool,
    y: bool,
}

/// What the colours stand for.
#[derive(Clone, Debug)]
struct Legend {
    title: String,
    /// Labels with the numbers of their colours, of which there are so many.
    entries: Vec<(String, usize)>,
    colors: usize,
}

impl Results {
    /// A picture of what experiments have saved: for each variable a panel with a curve for each
    /// group of experiments, over the iterations or over a parameter. `filters` says which
    /// experiments and iterations are looked at, and whether aliases stand for values.
    ///
    /// # Errors
    /// As for [`to_table`](Self::to_table); options that ask for what there is not; nothing to
    /// draw.
    pub fn plot(&self, filters: &TableOptions, options: &PlotOptions) -> Result<Plot, PlotError> {
        curves::gather(self, filters, options)
    }
}

impl Plot {
    /// What the user should know about the picture, a sentence each: experiments and values that are
    /// not drawn.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// As an SVG picture.
    #[must_use]
    pub fn to_svg(&self) -> String {
        svg::write(&layout::scene(self))
    }

    /// As a PNG picture, with two pixels for one of the size that was asked for.
    ///
    /// # Errors
    /// There is no memory for so many pixels.
    pub fn to_png(&self) -> Result<Vec<u8>, PlotError> {
        png::write(&layout::scene(self))
    }

    /// As text of so many columns, each panel of so many rows, for a terminal; with colours if it
    /// has some.
    #[must_use]
    pub fn sketch(&self, columns: usize, rows: usize, colors: bool) -> String {
        sketch::draw(self, columns, rows, colors)
    }
}
