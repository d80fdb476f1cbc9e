//! Errors of plots.

use research_core::StorageError;
use research_results::TableError;

use super::left_out::LeftOut;

/// The maximum width and height. A larger value is probably a typing error, and would take too much
/// memory.
pub(super) const MOST: u32 = 10_000;

/// A plot that cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// The filters are invalid, or select something that does not exist.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The log cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// An option names a parameter that no experiment has.
    #[error("no experiment has a parameter `{key}`; {hint}")]
    UnknownKey {
        /// The parameter.
        key: String,
        /// The most similar parameter, or the available ones.
        hint: String,
    },
    /// The parameter of the colours does not distinguish curves.
    #[error(
        "cannot colour curves by `{key}`, which does not tell them apart: group by it, too, \
         or remove it from `col`"
    )]
    NoColor {
        /// The parameter.
        key: String,
    },
    /// No experiment passes the filters.
    #[error("there is nothing to draw: no experiment matches the filters")]
    NoMatch,
    /// The experiments have not saved numbers.
    #[error(
        "there is nothing to draw: no experiment that was chosen has saved numbers{of}{left_out}"
    )]
    Nothing {
        /// The names of the requested variables, if there are any.
        of: String,
        /// The experiments that are not drawn.
        left_out: LeftOut,
    },
    /// None of the saved numbers can be drawn.
    #[error(
        "there is nothing to draw: all numbers that were saved{of} are NaN or infinite, \
         or not above zero, which a logarithmic axis needs{left_out}"
    )]
    Undrawable {
        /// The names of the requested variables, if there are any.
        of: String,
        /// The experiments that are not drawn.
        left_out: LeftOut,
    },
    /// The plot would have too many panels.
    #[error("there would be {count} panels: choose variables, or another parameter for `col`")]
    TooManyPanels {
        /// The number of panels.
        count: usize,
    },
    /// The size is too small or too large.
    #[error("cannot make a plot of {width} × {height}: width and height must be 1 to {MOST}")]
    Size {
        /// The width.
        width: u32,
        /// The height.
        height: u32,
    },
}

/// Whether a plot can have this size.
pub(super) fn is_possible(width: u32, height: u32) -> bool {
    [width, height]
        .iter()
        .all(|length| (1..=MOST).contains(length))
}
