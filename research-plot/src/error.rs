//! Errors of plots.

use research_core::StorageError;
use research_results::TableError;

use super::left_out::LeftOut;

/// The largest width and height. More is probably a typing error, and would take all memory.
pub(super) const MOST: u32 = 10_000;

/// A plot cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// The filters are wrong, or ask for what there is not.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The log cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Curves are to be told apart by what no experiment has.
    #[error("no experiment has a parameter `{key}`; {hint}")]
    UnknownKey {
        /// The parameter.
        key: String,
        /// The nearest one, or those that there are.
        hint: String,
    },
    /// A colour is to stand for a parameter that no longer tells curves apart.
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
    /// Nothing was saved that has numbers.
    #[error(
        "there is nothing to draw: no experiment that was chosen has saved numbers{of}{left_out}"
    )]
    Nothing {
        /// Under which name, if one was asked for.
        of: String,
        /// The experiments that are not drawn.
        left_out: LeftOut,
    },
    /// What was saved has no place in a picture.
    #[error(
        "there is nothing to draw: all numbers that were saved{of} are NaN or infinite, \
         or not above zero, which a logarithmic axis needs{left_out}"
    )]
    Undrawable {
        /// Under which name, if one was asked for.
        of: String,
        /// The experiments that are not drawn.
        left_out: LeftOut,
    },
    /// There are too many panels to look at.
    #[error("there would be {count} panels: choose variables, or another parameter for `col`")]
    TooManyPanels {
        /// How many.
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

/// Whether a picture can have this size.
pub(super) fn is_possible(width: u32, height: u32) -> bool {
    [width, height]
        .iter()
        .all(|length| (1..=MOST).contains(length))
}
