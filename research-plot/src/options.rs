//! The options of plots.

use research_results::Deviation;

/// The way in which the experiments of a group are drawn.
///
/// ```
/// use research_plot::{Aggregate, PlotOptions};
///
/// // The distance between the lowest and the highest.
/// let range = Aggregate::Function(|numbers| numbers[numbers.len() - 1] - numbers[0]);
/// let options = PlotOptions::new().aggregate(range);
/// # let _ = options;
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub enum Aggregate {
    /// One curve: the mean.
    #[default]
    Mean,
    /// One curve: the median.
    Median,
    /// One curve: the lowest of them.
    Min,
    /// One curve: the highest of them.
    Max,
    /// One curve: the quantile with this probability, from 0 to 1; between two numbers, it is
    /// interpolated linearly.
    Quantile(f64),
    /// One curve: a function of their numbers at one place of the x axis, which are finite and
    /// sorted, the lowest first, and of which there is at least one.
    Function(fn(&[f64]) -> f64),
    /// A curve for each of them.
    Each,
}

/// The band around the curve of a group.
///
/// A deviation `d` around `y` reaches from `y - d` to `y + d`. On a logarithmic axis it reaches
/// from `y / f` to `y · f` with `f = 1 + d / y`, so it has the same upper end, is symmetric on the
/// axis and never reaches zero. If all numbers of a variable are between 0 and 1, so are its bands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Band {
    /// A deviation to either side.
    Deviation(Deviation),
    /// From the lower to the upper quartile.
    Quartiles,
    /// From the lowest to the highest.
    Range,
    /// No band.
    None,
}

/// The arrangement of panels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrangement {
    /// A row for each variable and a column for each value of the parameters in `col`. With only
    /// one variable or one value, a few panels per row.
    #[default]
    Grid,
    /// All panels in one row.
    Horizontal,
    /// All panels in one column.
    Vertical,
    /// So many side by side.
    Columns(usize),
}

/// The size of a plot; a missing length follows from the panels.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Size {
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
}

/// The axes that are logarithmic.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Log {
    pub(crate) x: bool,
    pub(crate) y: bool,
}

/// The options of a plot; see [`Plot::new`](crate::Plot::new).
///
/// ```
/// use research_plot::{Band, PlotOptions};
///
/// let options = PlotOptions::new()
///     .variables(["loss", "accuracy"])
///     .col(["model"])
///     .color("lr")
///     .band(Band::Range);
/// # let _ = options;
/// ```
#[derive(Clone, Debug, Default)]
pub struct PlotOptions {
    pub(crate) title: Option<String>,
    pub(crate) x: Option<String>,
    pub(crate) variables: Vec<String>,
    pub(crate) group_by: Option<Vec<String>>,
    pub(crate) col: Vec<String>,
    pub(crate) color: Option<String>,
    pub(crate) aggregate: Aggregate,
    pub(crate) band: Option<Band>,
    pub(crate) arrangement: Arrangement,
    pub(crate) log_x: bool,
    pub(crate) log_y: bool,
    pub(crate) size: Size,
    pub(crate) with_failed: bool,
    pub(crate) sampled: Vec<String>,
}

impl PlotOptions {
    /// Creates the default options: all variables that have numbers, over iterations, with a curve
    /// for each config.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the title of the plot.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets the x axis: `iteration`, or a parameter, over which the last values are drawn. By
    /// default iterations if an experiment has several values of a variable, otherwise the
    /// parameter with the most values.
    #[must_use]
    pub fn x(mut self, x: impl Into<String>) -> Self {
        self.x = Some(x.into());
        self
    }

    /// Draws only these variables, in this order.
    #[must_use]
    pub fn variables<I>(mut self, variables: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.variables.extend(variables.into_iter().map(Into::into));
        self
    }

    /// Sets the parameters that distinguish curves, by default those that differ between
    /// experiments. Experiments with the same values of these are one group. `repetition` and
    /// `updates` are parameters, too.
    #[must_use]
    pub fn group_by<I>(mut self, keys: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let keys = keys.into_iter().map(Into::into);
        self.group_by.get_or_insert_default().extend(keys);
        self
    }

    /// Draws a separate panel for each value of these parameters.
    #[must_use]
    pub fn col<I>(mut self, keys: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.col.extend(keys.into_iter().map(Into::into));
        self
    }

    /// The same colour for curves that have the same value of this parameter; else each has its
    /// own. Curves of one colour differ in line style and markers.
    #[must_use]
    pub fn color(mut self, key: impl Into<String>) -> Self {
        self.color = Some(key.into());
        self
    }

    /// Sets the way in which groups are drawn.
    #[must_use]
    pub fn aggregate(mut self, aggregate: Aggregate) -> Self {
        self.aggregate = aggregate;
        self
    }

    /// Sets the band around its curve. Default: the standard deviation around a mean or a
    /// median, and nothing around others.
    #[must_use]
    pub fn band(mut self, band: Band) -> Self {
        self.band = Some(band);
        self
    }

    /// Sets the arrangement of the panels.
    #[must_use]
    pub fn arrangement(mut self, arrangement: Arrangement) -> Self {
        self.arrangement = arrangement;
        self
    }

    /// Sets whether the x axis is logarithmic.
    #[must_use]
    pub fn log_x(mut self, log: bool) -> Self {
        self.log_x = log;
        self
    }

    /// Sets whether the y axis is logarithmic; values that are not above zero are then left out.
    #[must_use]
    pub fn log_y(mut self, log: bool) -> Self {
        self.log_y = log;
        self
    }

    /// Sets whether failed experiments are drawn. By default, curves have experiments that
    /// succeeded and, over iterations or if none has ended, experiments that still run, unless the
    /// filters select statuses.
    #[must_use]
    pub fn with_failed(mut self, with_failed: bool) -> Self {
        self.with_failed = with_failed;
        self
    }

    /// The parameters that are drawn at random, as
    /// [`Domain::sampled_parameters`](research_domain::Domain::sampled_parameters) returns them.
    /// Over such a parameter, points are not joined, and other ones do not tell curves apart unless
    /// the [groups](Self::group_by) are set.
    #[must_use]
    pub fn sampled<I>(mut self, keys: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.sampled.extend(keys.into_iter().map(Into::into));
        self
    }

    /// Sets the width and the height of the plot.
    #[must_use]
    pub fn size(self, width: u32, height: u32) -> Self {
        self.width(width).height(height)
    }

    /// Sets the width of the plot; by default it follows from the panels.
    #[must_use]
    pub fn width(mut self, width: u32) -> Self {
        self.size.width = Some(width);
        self
    }

    /// Sets the height of the plot; by default it follows from the panels.
    #[must_use]
    pub fn height(mut self, height: u32) -> Self {
        self.size.height = Some(height);
        self
    }

    /// Whether all numbers of a point are needed, and not only their count, mean, deviation and
    /// ends.
    pub(crate) fn needs_all_numbers(&self) -> bool {
        use Aggregate::{Function, Median, Quantile};
        matches!(self.aggregate, Median | Quantile(_) | Function(_))
            || matches!(self.band, Some(Band::Quartiles))
    }

    pub(crate) fn band_drawn(&self) -> Band {
        let default = match self.aggregate {
            Aggregate::Mean | Aggregate::Median | Aggregate::Each => {
                Band::Deviation(Deviation::Sample)
            }
            _ => Band::None,
        };
        self.band.unwrap_or(default)
    }

    pub(crate) fn draws_each(&self) -> bool {
        matches!(self.aggregate, Aggregate::Each)
    }

    pub(crate) fn is_sampled(&self, key: &str) -> bool {
        self.sampled.iter().any(|sampled| sampled == key)
    }
}
