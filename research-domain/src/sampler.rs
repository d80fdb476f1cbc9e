//! Samplers: parameters whose values are drawn.

mod arithmetic;
mod distribution;
mod print;

use std::sync::Arc;

use crate::option::Listed;
use crate::stream::Draws;
use crate::value::Value;

pub(crate) use arithmetic::{Function, Operator};
pub(crate) use distribution::DISTRIBUTIONS;
pub use distribution::Distribution;

/// Draws values: a distribution, a choice, or something made of them.
///
/// Samplers are combined by arithmetic, mixed with `|`, and truncated. Each draw takes one draw
/// of every part.
///
/// ```
/// use research_domain::{normal, uniform};
///
/// let twice = 2.0 * uniform(0.0, 1.0) + 1.0;
/// let mixed = normal(0.0, 1.0).truncate(-2.0, 2.0) | uniform(5.0, 6.0);
/// assert_eq!(twice.to_string(), "(2.0 * uniform(0.0, 1.0) + 1.0)");
/// assert!(mixed.validate().is_ok());
/// assert!(uniform(1.0, 0.0).validate().is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sampler {
    node: Arc<Node>,
    /// How many samplers are inside each other, this one included.
    depth: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Constant(Value),
    Distribution(Distribution),
    Choice {
        values: Vec<Listed>,
        weights: Option<Vec<f64>>,
    },
    Unary(Function, Sampler),
    Binary(Operator, Sampler, Sampler),
    Mixture(Vec<(f64, Sampler)>),
    Truncated {
        sampler: Sampler,
        low: f64,
        high: f64,
    },
    /// What had more samplers inside each other than [`Sampler::MAX_DEPTH`].
    TooDeep,
}

impl Node {
    fn inner_depth(&self) -> u32 {
        match self {
            Node::Constant(_) | Node::Distribution(_) | Node::Choice { .. } | Node::TooDeep => 0,
            Node::Unary(_, sampler) | Node::Truncated { sampler, .. } => sampler.depth,
            Node::Binary(_, left, right) => left.depth.max(right.depth),
            Node::Mixture(parts) => {
                let depths = parts.iter().map(|(_, sampler)| sampler.depth);
                depths.max().unwrap_or(0)
            }
        }
    }
}

/// Why a sampler cannot be drawn from.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SamplerError {
    /// Parameters for which there is no such distribution.
    #[error("`{part}` is impossible: {demand}")]
    Parameters {
        /// The part of the sampler.
        part: String,
        /// What must hold.
        demand: &'static str,
    },
    /// A text or another value that is no number in arithmetic or between bounds.
    #[error("`{part}` needs numbers, and got {found}; use numbers, or choose among the results")]
    NotANumber {
        /// The part of the sampler.
        part: String,
        /// What was there.
        found: String,
    },
    /// A value that is nested deeper than [`Value::MAX_DEPTH`].
    #[error(
        "a value is nested deeper than {} levels of lists and maps",
        Value::MAX_DEPTH
    )]
    DeepValue,
    /// More samplers inside each other than can be read again from an expression.
    #[error("samplers are nested too deep; combine fewer of them in each other")]
    TooDeep,
    /// Draws that never fell between the bounds of a truncation.
    #[error("`{part}`: none of {tries} draws fell between the bounds; widen them")]
    Truncation {
        /// The part of the sampler.
        part: String,
        /// How many draws were tried.
        tries: u32,
    },
}

impl Sampler {
    /// How many draws a truncation tries before it gives up.
    const TRIES: u32 = 100_000;

    /// How many samplers can be inside each other: whatever walks through them needs stack.
    const MAX_DEPTH: u32 = 400;

    pub(crate) fn from_node(node: Node) -> Sampler {
        let depth = node.inner_depth() + 1;
        let (node, depth) = match depth {
            0..=Sampler::MAX_DEPTH => (node, depth),
            _ => (Node::TooDeep, 1),
        };
        Sampler {
            node: Arc::new(node),
            depth,
        }
    }

    /// Whether a part had more samplers inside each other than there can be.
    pub(crate) fn is_too_deep(&self) -> bool {
        match self.node() {
            Node::TooDeep => true,
            Node::Constant(_) | Node::Distribution(_) | Node::Choice { .. } => false,
            Node::Unary(_, sampler) | Node::Truncated { sampler, .. } => sampler.is_too_deep(),
            Node::Binary(_, left, right) => left.is_too_deep() || right.is_too_deep(),
            Node::Mixture(parts) => parts.iter().any(|(_, sampler)| sampler.is_too_deep()),
        }
    }

    /// How many samplers are inside each other, this one included.
    pub(crate) fn depth(&self) -> u32 {
        self.depth
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// A mixture: each draw is one of the samplers', drawn in proportion to the weights.
    pub fn mixture(parts: impl IntoIterator<Item = (f64, Sampler)>) -> Sampler {
        Sampler::from_node(Node::Mixture(parts.into_iter().collect()))
    }

    /// Only draws from `low` to `high`, both included; others are drawn again.
    #[must_use]
    pub fn truncate(self, low: f64, high: f64) -> Sampler {
        Sampler::from_node(Node::Truncated {
            sampler: self,
            low,
            high,
        })
    }

    /// The sampler without the aliases of its values, which say nothing about what is drawn.
    pub(crate) fn without_aliases(&self) -> Sampler {
        let plain = Sampler::without_aliases;
        Sampler::from_node(match self.node() {
            Node::Choice { values, weights } => Node::Choice {
                values: values
                    .iter()
                    .map(|value| value.value().clone().into())
                    .collect(),
                weights: weights.clone(),
            },
            Node::Unary(function, inner) => Node::Unary(*function, plain(inner)),
            Node::Binary(operator, left, right) => {
                Node::Binary(*operator, plain(left), plain(right))
            }
            Node::Mixture(parts) => {
                let parts = parts.iter().map(|(weight, part)| (*weight, plain(part)));
                Node::Mixture(parts.collect())
            }
            Node::Truncated { sampler, low, high } => Node::Truncated {
                sampler: plain(sampler),
                low: *low,
                high: *high,
            },
            Node::Constant(_) | Node::Distribution(_) | Node::TooDeep => return self.clone(),
        })
    }

    /// Checks all parts for impossible parameters.
    ///
    /// # Errors
    /// The first impossible part.
    pub fn validate(&self) -> Result<(), SamplerError> {
        let impossible = |demand| {
            Err(SamplerError::Parameters {
                part: self.to_string(),
                demand,
            })
        };
        match self.node() {
            Node::TooDeep => Err(SamplerError::TooDeep),
            Node::Constant(value) if value.is_too_deep() => Err(SamplerError::DeepValue),
            Node::Constant(_) => Ok(()),
            Node::Distribution(distribution) => distribution.check().or_else(impossible),
            Node::Choice { values, weights } => {
                if values.is_empty() {
                    return impossible("there must be a value to choose");
                }
                if values.iter().any(|listed| listed.value().is_too_deep()) {
                    return Err(SamplerError::DeepValue);
                }
                match weights {
                    Some(weights) if weights.len() != values.len() => {
                        impossible("there must be as many weights as values")
                    }
                    Some(weights) => check_weights(weights).or_else(impossible),
                    None => Ok(()),
                }
            }
            Node::Unary(_, sampler) => sampler.validate(),
            Node::Binary(_, left, right) => left.validate().and_then(|()| right.validate()),
            Node::Mixture(parts) => {
                let weights: Vec<f64> = parts.iter().map(|(weight, _)| *weight).collect();
                check_weights(&weights).or_else(impossible)?;
                parts.iter().try_for_each(|(_, sampler)| sampler.validate())
            }
            Node::Truncated { sampler, low, high } => {
                // Written so that a NaN fails it.
                if low <= high {
                    sampler.validate()
                } else {
                    impossible("low <= high is needed")
                }
            }
        }
    }

    /// One draw; a value that was given an alias keeps it.
    pub(crate) fn draw(&self, draws: &mut Draws) -> Result<Listed, SamplerError> {
        match self.node() {
            Node::TooDeep => Err(SamplerError::TooDeep),
            Node::Constant(value) => Ok(Listed::from(value.clone())),
            Node::Distribution(distribution) => Ok(Listed::from(distribution.draw(draws))),
            Node::Choice { values, weights } => {
                let place = match weights {
                    Some(weights) => draws.weighted(weights),
                    // A list in memory is never as long as 2^64.
                    None => draws.below(values.len() as u64) as usize,
                };
                Ok(values[place].clone())
            }
            Node::Unary(function, sampler) => {
                let argument = sampler.draw(draws)?;
                let result = function.apply(argument.value());
                result
                    .map(Listed::from)
                    .ok_or_else(|| self.not_a_number(&[&argument]))
            }
            Node::Binary(operator, left, right) => {
                let (left, right) = (left.draw(draws)?, right.draw(draws)?);
                let result = operator.apply(left.value(), right.value());
                result
                    .map(Listed::from)
                    .ok_or_else(|| self.not_a_number(&[&left, &right]))
            }
            Node::Mixture(parts) => {
                let weights: Vec<f64> = parts.iter().map(|(weight, _)| *weight).collect();
                parts[draws.weighted(&weights)].1.draw(draws)
            }
            Node::Truncated { sampler, low, high } => {
                for _ in 0..Sampler::TRIES {
                    let drawn = sampler.draw(draws)?;
                    let number = drawn.value().as_f64();
                    let number = number.ok_or_else(|| self.not_a_number(&[&drawn]))?;
                    if (*low..=*high).contains(&number) {
                        return Ok(drawn);
                    }
                }
                Err(SamplerError::Truncation {
                    part: self.to_string(),
                    tries: Sampler::TRIES,
                })
            }
        }
    }

    fn not_a_number(&self, arguments: &[&Listed]) -> SamplerError {
        let found: Vec<String> = arguments
            .iter()
            .filter(|argument| argument.value().as_f64().is_none())
            .map(|argument| argument.value().literal().to_string())
            .collect();
        SamplerError::NotANumber {
            part: self.to_string(),
            found: found.join(" and "),
        }
    }
}

fn check_weights(weights: &[f64]) -> Result<(), &'static str> {
    let total: f64 = weights.iter().sum();
    if weights.iter().all(|weight| *weight >= 0.0) && total > 0.0 && total.is_finite() {
        Ok(())
    } else {
        Err("the weights must be finite and not negative, and one of them above zero")
    }
}

impl From<Distribution> for Sampler {
    fn from(distribution: Distribution) -> Sampler {
        Sampler::from_node(Node::Distribution(distribution))
    }
}

/// Uniform in [low, high).
pub fn uniform(low: f64, high: f64) -> Sampler {
    Distribution::Uniform { low, high }.into()
}

/// Normal, with a mean and a standard deviation.
pub fn normal(mean: f64, deviation: f64) -> Sampler {
    Distribution::Normal { mean, deviation }.into()
}

/// Between two positive bounds, with a uniform logarithm.
pub fn log_uniform(low: f64, high: f64) -> Sampler {
    Distribution::LogUniform { low, high }.into()
}

/// The exponential of a normal.
pub fn log_normal(mean: f64, deviation: f64) -> Sampler {
    Distribution::LogNormal { mean, deviation }.into()
}

/// Exponential, with a rate: the mean is `1 / rate`.
pub fn exponential(rate: f64) -> Sampler {
    Distribution::Exponential { rate }.into()
}

/// Gamma, with a shape and a scale: the mean is `shape * scale`.
pub fn gamma(shape: f64, scale: f64) -> Sampler {
    Distribution::Gamma { shape, scale }.into()
}

/// Beta.
pub fn beta(alpha: f64, beta: f64) -> Sampler {
    Distribution::Beta { alpha, beta }.into()
}

/// Poisson.
pub fn poisson(mean: f64) -> Sampler {
    Distribution::Poisson { mean }.into()
}

/// Binomial.
pub fn binomial(trials: i64, probability: f64) -> Sampler {
    Distribution::Binomial {
        trials,
        probability,
    }
    .into()
}

/// Uniform over the integers from `low` to `high - 1`, like a range of Rust: `int(1, 3)` never
/// gives 3. See [`int_inclusive`].
pub fn int(low: i64, high: i64) -> Sampler {
    Distribution::Int { low, high }.into()
}

/// Uniform over the integers from `low` to `high`, both included.
pub fn int_inclusive(low: i64, high: i64) -> Sampler {
    Distribution::IntInclusive { low, high }.into()
}

/// One of the values, each as likely.
pub fn choice<V: Into<Listed>>(values: impl IntoIterator<Item = V>) -> Sampler {
    let values = values.into_iter().map(Into::into).collect();
    Sampler::from_node(Node::Choice {
        values,
        weights: None,
    })
}

/// One of the values, drawn in proportion to the weights.
pub fn weighted_choice<V: Into<Listed>>(
    values: impl IntoIterator<Item = V>,
    weights: impl IntoIterator<Item = f64>,
) -> Sampler {
    let values = values.into_iter().map(Into::into).collect();
    Sampler::from_node(Node::Choice {
        values,
        weights: Some(weights.into_iter().collect()),
    })
}

/// Always the same value.
pub fn constant(value: impl Into<Value>) -> Sampler {
    Sampler::from_node(Node::Constant(value.into()))
}
