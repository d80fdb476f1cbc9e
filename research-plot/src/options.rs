//! The options of plots.

/// What is drawn of the experiments of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aggregate {
    /// One curve: their mean.
    #[default]
    Mean,
    /// One curve: their median.
    Median,
    /// A curve for each of them.
    Each,
}

/// What is drawn around the curve of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Band {
    /// A standard deviation to either side.
    #[default]
    Deviation,
    /// From the lowest to the highest.
    Range,
    /// Nothing.
    None,
}

/// How panels are placed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrangement {
    /// A row for each variable and a column for each value of the parameters in `col`; where
    /// there is only one of either, side by side, a few in a row.
    #[default]
    Grid,
    /// All in one row.
    Horizontal,
    /// All in one column.
    Vertical,
}

/// The size of a plot; what is not set is what its panels need.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Size {
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
}

/// Which axes are logarithmic.
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
    pub(crate) band: Band,
    pub(crate) arrangement: Arrangement,
    pub(crate) log_x: bool,
    pub(crate) log_y: bool,
    pub(crate) size: Size,
    pub(crate) with_failed: bool,
}

impl PlotOptions {
    /// All variables that have numbers, over iterations, a curve for each config.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A title above all.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// What is along the x axis: `iteration`, or a parameter, over which the last values are
    /// drawn. If not set, iterations where there are several, else the parameter with the most
    /// values.
    #[must_use]
    pub fn x(mut self, x: impl Into<String>) -> Self {
        self.x = Some(x.into());
        self
    }

    /// Only these variables, in this order.
    #[must_use]
    pub fn variables<I>(mut self, variables: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.variables.extend(variables.into_iter().map(Into::into));
        self
    }

    /// The parameters that tell curves apart; those that differ, if not set. Experiments that do
    /// not differ in them are one group. `repetition` and `updates` are parameters, too.
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

    /// A panel of their own for the values of these parameters.
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
    /// own.
    #[must_use]
    pub fn color(mut self, key: impl Into<String>) -> Self {
        self.color = Some(key.into());
        self
    }

    /// What is drawn of a group.
    #[must_use]
    pub fn aggregate(mut self, aggregate: Aggregate) -> Self {
        self.aggregate = aggregate;
        self
    }

    /// What is drawn around its curve.
    #[must_use]
    pub fn band(mut self, band: Band) -> Self {
        self.band = band;
        self
    }

    /// How panels are placed.
    #[must_use]
    pub fn arrangement(mut self, arrangement: Arrangement) -> Self {
        self.arrangement = arrangement;
        self
    }

    /// A logarithmic x axis.
    #[must_use]
    pub fn log_x(mut self, log: bool) -> Self {
        self.log_x = log;
        self
    }

    /// A logarithmic y axis; what is not above zero is left out.
    #[must_use]
    pub fn log_y(mut self, log: bool) -> Self {
        self.log_y = log;
        self
    }

    /// Draws what failed experiments have saved, too. Otherwise curves are of experiments that
    /// succeeded and, over iterations or where none has ended, of those that still run, unless the
    /// filters ask for experiments with some statuses.
    #[must_use]
    pub fn with_failed(mut self, with_failed: bool) -> Self {
        self.with_failed = with_failed;
        self
    }

    /// Sets the width and the height of the plot.
    #[must_use]
    pub fn size(self, width: u32, height: u32) -> Self {
        self.width(width).height(height)
    }

    /// Sets the width of the plot; what its panels need, if not set.
    #[must_use]
    pub fn width(mut self, width: u32) -> Self {
        self.size.width = Some(width);
        self
    }

    /// Sets the height of the plot; what its panels need, if not set.
    #[must_use]
    pub fn height(mut self, height: u32) -> Self {
        self.size.height = Some(height);
        self
    }
}
