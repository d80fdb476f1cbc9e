//! The errors of domains.

use std::fmt::{Display, Write};

use crate::distribution::DistributionError;
use crate::space::condition::evaluate::ConditionError;
use crate::syntax::error::SyntaxError;

/// The reason why a domain cannot be counted or iterated, with the part of the expression.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum DomainError {
    /// An invalid expression.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// An option without values.
    #[error("`{name}` has no values; give it at least one, or leave the option out")]
    EmptyOption { name: String },
    /// A value nested deeper than [`Value::MAX_DEPTH`](crate::Value::MAX_DEPTH).
    #[error(
        "`{name}` has a value nested deeper than {} levels of lists and maps",
        crate::Value::MAX_DEPTH
    )]
    DeepValue { name: String },
    /// Parts nested deeper than an expression can be.
    #[error(
        "the domain is nested too deep to be read back from an expression; \
         combine fewer parts in each other"
    )]
    TooDeep,
    /// A part without an expression: it has a function of Rust.
    #[error(
        "`{part}` cannot be written as an expression: it has a function of Rust; \
         use a condition or arithmetic, or keep the domain in the program"
    )]
    NoExpression { part: String },
    /// A domain that was read from an expression, and is filtered by a function of the program that
    /// created it.
    #[error(
        "`{part}` is filtered by a function of the program that created the domain; \
         use it there, or write a condition"
    )]
    UnknownFunction { part: String },
    /// A condition on a parameter that another domain overrides.
    #[error(
        "the condition `{condition}` is on a parameter that is overridden; \
         write it for the whole domain"
    )]
    OverriddenInCondition { condition: String },
    /// A parameter with an empty name.
    #[error("a parameter has an empty name")]
    EmptyName,
    /// A parameter with the name of a key of every experiment.
    #[error("`{name}` is a key of every experiment, not a parameter; rename the parameter")]
    AuxiliaryName { name: String },
    /// An invalid distribution, or a failed draw.
    #[error("`{name}`: {source}")]
    Distribution {
        name: String,
        source: DistributionError,
    },
    /// A weight that is not a positive finite number.
    #[error("the weight {weight:?} of `{part}` must be finite and above zero")]
    Weight { weight: f64, part: String },
    /// A zip of options of unequal lengths.
    #[error("cannot zip `{part}`: `{first}` has {first_len} values and `{other}` has {other_len}")]
    ZipLengths {
        part: String,
        first: String,
        first_len: usize,
        other: String,
        other_len: usize,
    },
    /// A zip of a part other than an option with a list.
    #[error(
        "cannot zip `{part}`, which is {found}: only options with lists can be zipped; \
         zip them first and combine the result"
    )]
    NotZippable { part: String, found: &'static str },
    /// A parameter that a product sets twice.
    #[error("`{name}` is twice in the product `{part}`; rename one, or add the domains with `+`")]
    Duplicate { name: String, part: String },
    /// An infinite domain where a finite one is needed.
    #[error(
        "{needed_by} needs a finite domain, and `{part}` is infinite; \
         bound it with n_items or sample(…)"
    )]
    Infinite {
        part: String,
        needed_by: &'static str,
    },
    /// More configs than a 128-bit integer counts.
    #[error("`{part}` has more than 2^128 configs; leave out parameters or values")]
    TooLarge { part: String },
    /// A product of sums that expands into more grids than the limit.
    #[error("the product `{part}` of sums has more than {limit} grids; sum fewer alternatives")]
    TooManyGrids { part: String, limit: usize },
    /// A count that would have to scan too many configs.
    #[error(
        "counting `{part}` would scan {configs} configs, more than {limit}; \
         iterate it without counting, or split the condition by parameters"
    )]
    TooManyToScan {
        part: String,
        configs: u128,
        limit: u128,
    },
    /// A condition on draws that never held, or draws that never resulted in a new config.
    #[error(
        "none of {tries} draws in a row is in `{part}`; widen the distributions or the condition"
    )]
    NoMatch { part: String, tries: u64 },
    /// A condition with a parameter that the domain does not have.
    #[error("unknown parameter `{name}` in the condition of `{part}`; {hint}")]
    UnknownParameter {
        name: String,
        part: String,
        hint: String,
    },
    /// A condition that could not be evaluated.
    #[error("cannot evaluate the condition of `{part}` for {config}: {source}")]
    Condition {
        part: String,
        config: String,
        source: ConditionError,
    },
    /// A setting of an [`Iteration`](crate::Iteration) that must not be zero.
    #[error("{setting} must be at least 1")]
    ZeroSetting { setting: &'static str },
    /// Configs requested from an empty domain.
    #[error(
        "{requested} configs were requested, but the domain is empty: every config was dropped"
    )]
    Empty { requested: u128 },
}

/// Returns an expression for a message, truncated if it is long.
pub(crate) fn excerpt(expression: &impl Display) -> String {
    const LIMIT: usize = 160;

    struct Truncated(String);

    impl Write for Truncated {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            let room = LIMIT.saturating_sub(self.0.chars().count());
            self.0.extend(text.chars().take(room));
            // An error stops the printing of what may be a million values.
            if text.chars().count() > room {
                Err(std::fmt::Error)
            } else {
                Ok(())
            }
        }
    }

    let mut truncated = Truncated(String::new());
    if write!(truncated, "{expression}").is_err() {
        truncated.0.push('…');
    }
    truncated.0
}
