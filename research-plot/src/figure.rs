//! A plot: its panels of curves, and its texts.

use crate::options::{Log, Size};
use crate::points::Point;

/// A plot of results, to be written as SVG, PNG or text.
///
/// ```
/// # use research_core::domain::{Config, ExperimentId};
/// # use research_core::*;
/// # use research_results::{Results, TableOptions};
/// use research_plot::{Plot, PlotOptions};
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
/// let plot = Plot::new(&results, &TableOptions::new(), &options).unwrap();
/// assert!(plot.to_svg().starts_with("<svg"));
/// println!("{}", plot.sketch(80, 20, false));
/// ```
#[derive(Clone, Debug)]
pub struct Plot {
    pub(crate) title: Option<String>,
    /// A short description of the curves.
    pub(crate) caption: String,
    pub(crate) x_label: String,
    /// The names of the values on the x axis, if it is not an axis of numbers.
    pub(crate) categories: Option<Vec<String>>,
    pub(crate) log: Log,
    pub(crate) panels: Vec<Panel>,
    /// The number of panels in a row.
    pub(crate) columns: usize,
    pub(crate) legend: Legend,
    pub(crate) size: Size,
    pub(crate) notes: Vec<String>,
}

/// The meaning of the colours and line styles.
#[derive(Clone, Debug, Default)]
pub(crate) struct Legend {
    pub(crate) title: String,
    /// The labels of the colours; none if there is one colour without a name.
    pub(crate) entries: Vec<String>,
    pub(crate) colors: usize,
    pub(crate) style_title: String,
    /// The labels of the line styles; none if all curves have the same.
    pub(crate) styles: Vec<String>,
}

impl Legend {
    /// The number of the look of a curve, which is its colour and its line style.
    pub(crate) fn look(&self, curve: &Curve) -> usize {
        curve.color * self.styles.len().max(1) + curve.style
    }

    /// How many looks there are.
    pub(crate) fn looks(&self) -> usize {
        self.colors.max(1) * self.styles.len().max(1)
    }
}

/// One pair of axes with its curves.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    pub(crate) title: String,
    /// The number of the variable; panels of the same variable have the same y axis.
    pub(crate) variable: usize,
    pub(crate) curves: Vec<Curve>,
}

#[derive(Clone, Debug)]
pub(crate) struct Curve {
    pub(crate) color: usize,
    pub(crate) style: usize,
    /// The points in order of x; without values that are not numbers.
    pub(crate) points: Vec<Point>,
    /// Whether the points are joined.
    pub(crate) joined: bool,
}
