//! The options of plots.

/// The way in which the experiments of a group are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aggregate {
    /// One curve: the mean.
    #[default]
    Mean,
    /// One curve: the median.
    Median,
    /// One curve for each experiment.
    Each,
}

/// The band around the curve of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Band {
    /// One standard deviation to either side.
    #[default]
    Deviation,
    /// From the lowest to the highest value.
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
    pub(crate) band: Band,
    pub(crate) arrangement: Arrangement,
    pub(crate) log_x: bool,
    pub(crate) log_y: bool,
    pub(crate) size: Size,
    pub(crate) with_failed: bool,
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

    /// Gives curves with the same value of this parameter the same colour; by default each curve
    /// has its own.
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

    /// Sets the band around a curve.
    #[must_use]
    pub fn band(mut self, band: Band) -> Self {
        self.band = band;
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
}
