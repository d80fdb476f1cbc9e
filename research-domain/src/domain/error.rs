//! What can be wrong with a domain.

use std::fmt::{Display, Write};

use crate::condition::ConditionError;
use crate::grammar::SyntaxError;
use crate::sampler::SamplerError;

/// Why a domain cannot be counted or iterated. Each case names the part of the expression.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DomainError {
    /// An expression that does not parse.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// An option without values.
    #[error("`{name}` has no values; give it at least one, or leave the option out")]
    EmptyOption {
        /// The parameter.
        name: String,
    },
    /// A value that is nested deeper than [`Value::MAX_DEPTH`](crate::Value::MAX_DEPTH).
    #[error(
        "`{name}` has a value that is nested deeper than {} levels of lists and maps",
        crate::Value::MAX_DEPTH
    )]
    DeepValue {
        /// The parameter.
        name: String,
    },
    /// Parts that are nested deeper than they could be read again from an expression.
    #[error(
        "the domain is nested too deep to be read again from an expression; \
         combine fewer parts in each other"
    )]
    TooDeep,
    /// A part that no expression says: it is filtered by a function of Rust.
    #[error(
        "`{part}` cannot be written as an expression: a function of Rust filters it; \
         use a condition, or keep the domain in the program"
    )]
    NoExpression {
        /// The part.
        part: String,
    },
    /// A domain that was read from text, and is filtered by a function of the program that made it.
    #[error(
        "`{part}` is filtered by a function, which only the program that made the domain has; \
         use it there, or write a condition"
    )]
    UnknownFunction {
        /// The part.
        part: String,
    },
    /// A parameter whose name nothing can be called by.
    #[error("a parameter has an empty name; name it")]
    EmptyName,
    /// A parameter called like something that every experiment has.
    #[error(
        "a parameter cannot be called `{name}`: every experiment has a key of that name; rename it"
    )]
    AuxiliaryName {
        /// The parameter.
        name: String,
    },
    /// A sampler that cannot be drawn from.
    #[error("`{name}`: {source}")]
    Sampler {
        /// The parameter.
        name: String,
        /// What is wrong.
        source: SamplerError,
    },
    /// A weight that is no positive number.
    #[error("the weight {weight:?} of `{part}` must be finite and above zero")]
    Weight {
        /// The weight.
        weight: f64,
        /// What has the weight.
        part: String,
    },
    /// A zip of options of unequal lengths.
    #[error("cannot zip `{part}`: `{first}` has {first_len} values and `{other}` has {other_len}")]
    ZipLengths {
        /// The zip.
        part: String,
        /// The first option.
        first: String,
        /// Its number of values.
        first_len: usize,
        /// The other option.
        other: String,
        /// Its number of values.
        other_len: usize,
    },
    /// A zip of something else than options with lists.
    #[error(
        "cannot zip `{part}`, which is {found}: only options with lists can be zipped; \
         zip them first and combine the result"
    )]
    ZipOf {
        /// What was zipped.
        part: String,
        /// What it is.
        found: &'static str,
    },
    /// A parameter that a product sets twice.
    #[error("`{name}` is twice in the product `{part}`; rename one, or add the domains with `+`")]
    Duplicate {
        /// The parameter.
        name: String,
        /// The product.
        part: String,
    },
    /// An infinite domain where a finite one is needed.
    #[error(
        "{needed_by} needs a finite domain, and `{part}` is infinite; bound it with n_items or sample(…)"
    )]
    Infinite {
        /// The infinite part.
        part: String,
        /// What needs it finite.
        needed_by: &'static str,
    },
    /// More configs than 128 bits count.
    #[error("`{part}` has more than 2^128 configs; leave out parameters or values")]
    TooLarge {
        /// The part.
        part: String,
    },
    /// Sums multiplied into more cubes than are kept.
    #[error("the product `{part}` of sums makes more than {limit} cubes; sum fewer alternatives")]
    TooManyCubes {
        /// The product.
        part: String,
        /// How many are kept.
        limit: usize,
    },
    /// A count that would take looking at too many configs.
    #[error(
        "counting `{part}` would look at {configs} configs, more than {limit}; \
         iterate it without counting, or split the condition by parameters"
    )]
    TooManyToLookAt {
        /// The part.
        part: String,
        /// How many configs there are.
        configs: u128,
        /// The limit.
        limit: u128,
    },
    /// A condition over draws that never held, or that never left a new config.
    #[error(
        "none of {tries} draws in a row is left in `{part}`; widen the samplers or the condition"
    )]
    NothingFits {
        /// The part.
        part: String,
        /// How many were tried.
        tries: u64,
    },
    /// A condition that names a parameter that the domain does not have.
    #[error("the condition of `{part}` names `{name}`; {hint}")]
    UnknownParameter {
        /// The unknown name.
        name: String,
        /// The part.
        part: String,
        /// The nearest parameter, or all that there are.
        hint: String,
    },
    /// A condition that could not be evaluated.
    #[error("the condition of `{part}` fails for {config}: {source}")]
    Condition {
        /// The part.
        part: String,
        /// The config that it was evaluated for.
        config: String,
        /// What is wrong.
        source: ConditionError,
    },
    /// An iteration with a number that must not be zero.
    #[error("{what} must be at least 1")]
    ZeroIteration {
        /// Which number.
        what: &'static str,
    },
    /// More configs asked for than the domain, which is empty, can ever give.
    #[error("{asked} configs were asked for, and the domain has none: every config was dropped")]
    NothingLeft {
        /// How many were asked for.
        asked: u128,
    },
}

/// A part of an expression for a message: cut where it gets long.
pub(crate) fn part(expression: &impl Display) -> String {
    const LIMIT: usize = 160;

    struct Cut(String);

    impl Write for Cut {
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

    let mut cut = Cut(String::new());
    if write!(cut, "{expression}").is_err() {
        cut.0.push('…');
    }
    cut.0
}
