//! Why a picture cannot be made.

use research_core::StorageError;
use research_results::TableError;

use super::left_out::LeftOut;

/// How wide or high a picture can be: what is more is rather a slip of the finger, and would take
/// all memory.
pub(super) const MOST: u32 = 10_000;

/// Why a picture cannot be made.
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
        "curves cannot be coloured by `{key}`: it does not tell them apart; group by it, too, or leave `col` without it"
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
        "there is nothing to draw: all numbers that would be drawn of what was saved{of} are NaN or infinite, or not above zero, which a logarithmic axis needs{left_out}"
    )]
    Undrawable {
        /// Under which name, if one was asked for.
        of: String,
        /// The experiments that are not drawn.
        left_out: LeftOut,
    },
    /// More panels than anybody could look at.
    #[error("there would be {count} panels: choose variables, or another parameter for `col`")]
    TooManyPanels {
        /// How many.
        count: usize,
    },
    /// A picture of this size cannot be made.
    #[error(
        "a picture of {width} × {height} cannot be made: ask for one of 1 to {MOST} either way"
    )]
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
