//! Plots of results: curves of variables over iterations, or over a parameter.
//!
//! [`Plot::new`] collects the data in panels of curves; `layout` arranges these in a scene of
//! lines, areas and texts, which is written as SVG or PNG; `terminal` draws the panels with
//! characters instead.

mod axes;
mod curves;
mod drawing;
mod error;
mod figure;
mod font;
mod grouping;
mod groups;
mod layout;
mod left_out;
mod legend;
mod options;
mod png;
mod points;
mod scale;
mod scene;
mod shapes;
mod survey;
mod svg;
mod terminal;
mod truncate;
mod x_axis;

use research_results::TableOptions;
use research_results::source::Source;

pub use error::PlotError;
pub use figure::Plot;
pub use left_out::LeftOut;
pub use options::{Aggregate, Arrangement, Band, PlotOptions};

impl Plot {
    /// Plots the saved values of experiments: for each variable a panel with a curve for each group
    /// of experiments, over the iterations or over a parameter. `filters` selects experiments and
    /// iterations, and whether aliases are shown instead of values.
    ///
    /// # Errors
    /// The errors of [`Results::to_table`](research_results::Results::to_table); or an option names
    /// an unknown parameter, or there is nothing to draw.
    pub fn new(
        source: &dyn Source,
        filters: &TableOptions,
        options: &PlotOptions,
    ) -> Result<Self, PlotError> {
        curves::gather(source, filters, options)
    }

    /// Returns notes for the user, one sentence each, about experiments and values that are not
    /// drawn.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Returns the plot as SVG.
    #[must_use]
    pub fn to_svg(&self) -> String {
        svg::write(&layout::scene(self))
    }

    /// Returns the plot as PNG, with two pixels for each pixel of the requested size.
    ///
    /// # Errors
    /// There is not enough memory for the pixels.
    pub fn to_png(&self) -> Result<Vec<u8>, PlotError> {
        png::write(&layout::scene(self))
    }

    /// Returns the plot as text for a terminal: `columns` wide, each panel `rows` high, with
    /// colours if `colors`.
    #[must_use]
    pub fn sketch(&self, columns: usize, rows: usize, colors: bool) -> String {
        terminal::draw(self, columns, rows, colors)
    }
}
