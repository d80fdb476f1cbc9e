//! The errors of distributions.

use crate::value::Value;

/// The reason why a distribution is invalid, or why a draw from it failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum DistributionError {
    /// Parameters that the distribution does not allow.
    #[error("invalid parameters of `{part}`: {demand}")]
    Parameters { part: String, demand: &'static str },
    /// A value that is not a number in arithmetic or between bounds.
    #[error("`{part}` needs numbers, found {found}; use numbers, or choose among the results")]
    NotANumber { part: String, found: String },
    /// A value nested deeper than [`Value::MAX_DEPTH`].
    #[error(
        "a value is nested deeper than {} levels of lists and maps",
        Value::MAX_DEPTH
    )]
    DeepValue,
    /// Distributions nested deeper than an expression can be.
    #[error("the distribution is nested too deep; combine fewer in each other")]
    TooDeep,
    /// Draws that never fell between the bounds of a truncation.
    #[error("`{part}`: none of {tries} draws fell between the bounds; widen them")]
    Truncation { part: String, tries: u32 },
}
