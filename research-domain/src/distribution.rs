//! Distributions, from which parameters are drawn.

mod display;
mod error;
pub(crate) mod families;
mod operators;

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use crate::arithmetic::{Function, Operator, quantise};
use crate::random::Draws;
use crate::value::{Listed, Value};

pub use error::DistributionError;
use families::{Family, Parametric};

/// A distribution of values: parametric, a choice among values, or a combination of others.
///
/// Distributions are combined by arithmetic, mixed with `|`, and truncated. A draw from a
/// combination takes one draw from each part.
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
#[must_use]
pub struct Distribution {
    node: Arc<Node>,
    /// The number of levels of nested distributions, this one included.
    depth: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Constant(Value),
    Parametric(Parametric),
    Choice {
        values: Vec<Listed>,
        weights: Option<Vec<f64>>,
    },
    Unary(Function, Distribution),
    Binary(Operator, [Distribution; 2]),
    Mixture {
        weights: Vec<f64>,
        parts: Vec<Distribution>,
    },
    Truncated {
        inner: Distribution,
        low: f64,
        high: f64,
    },
    Quantised {
        inner: Distribution,
        step: Value,
    },
    Mapped(Mapping, Distribution),
    /// Replaces a node that was nested deeper than [`Distribution::MAX_DEPTH`].
    TooDeep,
}

/// A function of Rust.
#[derive(Clone)]
pub(crate) struct Mapping(Arc<dyn Fn(Value) -> Value + Send + Sync>);

impl Debug for Mapping {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("<a function>")
    }
}

impl PartialEq for Mapping {
    fn eq(&self, other: &Mapping) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Node {
    fn children(&self) -> &[Distribution] {
        match self {
            Node::Constant(_) | Node::Parametric(_) | Node::Choice { .. } | Node::TooDeep => &[],
            Node::Unary(_, inner)
            | Node::Truncated { inner, .. }
            | Node::Quantised { inner, .. }
            | Node::Mapped(_, inner) => std::slice::from_ref(inner),
            Node::Binary(_, sides) => sides,
            Node::Mixture { parts, .. } => parts,
        }
    }

    fn children_mut(&mut self) -> &mut [Distribution] {
        match self {
            Node::Constant(_) | Node::Parametric(_) | Node::Choice { .. } | Node::TooDeep => {
                &mut []
            }
            Node::Unary(_, inner)
            | Node::Truncated { inner, .. }
            | Node::Quantised { inner, .. }
            | Node::Mapped(_, inner) => std::slice::from_mut(inner),
            Node::Binary(_, sides) => sides,
            Node::Mixture { parts, .. } => parts,
        }
    }
}

impl Distribution {
    /// The number of draws after which a truncation fails.
    const MAX_DRAWS: u32 = 100_000;

    /// The maximum number of nested distributions: recursion over them takes stack.
    const MAX_DEPTH: u32 = 400;

    pub(crate) fn from_node(node: Node) -> Distribution {
        let inner = node.children().iter().map(|child| child.depth).max();
        let depth = inner.unwrap_or(0) + 1;
        let (node, depth) = match depth {
            0..=Distribution::MAX_DEPTH => (node, depth),
            _ => (Node::TooDeep, 1),
        };
        Distribution {
            node: Arc::new(node),
            depth,
        }
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// Returns the number of levels of nested distributions, this one included.
    pub(crate) fn depth(&self) -> u32 {
        self.depth
    }

    /// Returns whether some part was nested deeper than [`Distribution::MAX_DEPTH`].
    pub(crate) fn is_too_deep(&self) -> bool {
        let mut children = self.node.children().iter();
        *self.node == Node::TooDeep || children.any(Distribution::is_too_deep)
    }

    /// Returns a mixture: each draw comes from one part, chosen in proportion to the weights.
    pub fn mixture(parts: impl IntoIterator<Item = (f64, Distribution)>) -> Distribution {
        let (weights, parts) = parts.into_iter().unzip();
        Distribution::from_node(Node::Mixture { weights, parts })
    }

    /// Returns the distribution without draws below `low` or above `high`: those are drawn again.
    pub fn truncate(self, low: f64, high: f64) -> Distribution {
        let inner = self;
        Distribution::from_node(Node::Truncated { inner, low, high })
    }

    /// The distribution with each draw rounded to the nearest multiple of a step: to integers for a
    /// step that is an integer, otherwise to the floats that are written with the digits of the
    /// step. The bounds of the distribution may be exceeded by up to half a step.
    ///
    /// ```
    /// use research_domain::uniform;
    ///
    /// let dropout = uniform(0.0, 0.5).quantised(0.1); // 0.0, 0.1, 0.2, 0.3, 0.4 or 0.5
    /// assert_eq!(dropout.to_string(), "quantised(uniform(0.0, 0.5), 0.1)");
    /// ```
    pub fn quantised(self, step: impl Into<Value>) -> Distribution {
        let (inner, step) = (self, step.into());
        Distribution::from_node(Node::Quantised { inner, step })
    }

    /// The distribution with a function applied to each draw, which must return the same value for
    /// the same draw. A domain with such a distribution has no
    /// [`expression`](crate::Domain::expression).
    ///
    /// ```
    /// use research_domain::{int, option};
    ///
    /// let sizes = int(4, 9).map(|exponent| 1 << exponent.as_i64().unwrap_or(0));
    /// assert_eq!(option("size", sizes).len().unwrap().finite(), None);
    /// ```
    pub fn map<V: Into<Value>>(
        self,
        function: impl Fn(Value) -> V + Send + Sync + 'static,
    ) -> Distribution {
        let mapping = Mapping(Arc::new(move |value| function(value).into()));
        Distribution::from_node(Node::Mapped(mapping, self))
    }

    /// Whether some part is a function of Rust.
    pub(crate) fn has_function(&self) -> bool {
        let mut children = self.node.children().iter();
        matches!(*self.node, Node::Mapped(..)) || children.any(Distribution::has_function)
    }

    /// Returns the distribution without the aliases of its values, which do not affect draws.
    pub(crate) fn without_aliases(&self) -> Distribution {
        let mut node = Node::clone(&self.node);
        match &mut node {
            Node::Choice { values, .. } => values.iter_mut().for_each(Listed::remove_alias),
            node => node
                .children_mut()
                .iter_mut()
                .for_each(|child| *child = child.without_aliases()),
        }
        Distribution::from_node(node)
    }

    /// Checks the parameters of all parts.
    ///
    /// # Errors
    /// The first part with invalid parameters.
    pub fn validate(&self) -> Result<(), DistributionError> {
        let own = match self.node() {
            Node::TooDeep => return Err(DistributionError::TooDeep),
            Node::Constant(value) if value.is_too_deep() => {
                return Err(DistributionError::DeepValue);
            }
            Node::Choice { values, .. } if values.iter().any(|one| one.value().is_too_deep()) => {
                return Err(DistributionError::DeepValue);
            }
            Node::Parametric(parametric) => parametric.check(),
            Node::Choice { values, .. } if values.is_empty() => Err("there must be a value"),
            Node::Choice {
                values,
                weights: Some(weights),
            } if weights.len() != values.len() => Err("there must be as many weights as values"),
            Node::Mixture { weights, parts } if weights.len() != parts.len() => {
                Err("a histogram needs one edge more than counts")
            }
            Node::Choice {
                weights: Some(weights),
                ..
            }
            | Node::Mixture { weights, .. } => check_weights(weights),
            Node::Quantised { step, .. }
                if !step
                    .as_f64()
                    .is_some_and(|step| step > 0.0 && step.is_finite()) =>
            {
                Err("the step must be a finite number above zero")
            }
            Node::Truncated { low, high, .. } if low > high || low.is_nan() || high.is_nan() => {
                Err("low <= high is needed")
            }
            _ => Ok(()),
        };
        own.map_err(|demand| DistributionError::Parameters {
            part: self.to_string(),
            demand,
        })?;
        let mut children = self.node.children().iter();
        children.try_for_each(Distribution::validate)
    }

    /// Draws a value; a value of a choice keeps its alias.
    pub(crate) fn draw(&self, draws: &mut Draws) -> Result<Listed, DistributionError> {
        match self.node() {
            Node::TooDeep => Err(DistributionError::TooDeep),
            Node::Constant(value) => Ok(Listed::from(value.clone())),
            Node::Parametric(parametric) => Ok(Listed::from(parametric.draw(draws))),
            Node::Choice { values, weights } => {
                let index = match weights {
                    Some(weights) => draws.weighted(weights),
                    // The index of a list in memory fits.
                    None => draws.below(values.len() as u64) as usize,
                };
                Ok(values[index].clone())
            }
            Node::Unary(function, inner) => {
                let argument = inner.draw(draws)?;
                let result = function.apply(argument.value());
                result
                    .map(Listed::from)
                    .ok_or_else(|| self.not_a_number(&[&argument]))
            }
            Node::Binary(operator, [left, right]) => {
                let (left, right) = (left.draw(draws)?, right.draw(draws)?);
                let result = operator.apply(left.value(), right.value());
                result
                    .map(Listed::from)
                    .ok_or_else(|| self.not_a_number(&[&left, &right]))
            }
            Node::Mixture { weights, parts } => parts[draws.weighted(weights)].draw(draws),
            Node::Quantised { inner, step } => {
                let drawn = inner.draw(draws)?;
                let number = drawn.value().as_f64();
                number
                    .and_then(|number| quantise(number, step))
                    .map(Listed::from)
                    .ok_or_else(|| self.not_a_number(&[&drawn]))
            }
            Node::Mapped(mapping, inner) => {
                let drawn = inner.draw(draws)?;
                Ok(Listed::from(mapping.0(drawn.value().clone())))
            }
            Node::Truncated { inner, low, high } => {
                for _ in 0..Distribution::MAX_DRAWS {
                    let drawn = inner.draw(draws)?;
                    let number = drawn.value().as_f64();
                    let number = number.ok_or_else(|| self.not_a_number(&[&drawn]))?;
                    if (*low..=*high).contains(&number) {
                        return Ok(drawn);
                    }
                }
                Err(DistributionError::Truncation {
                    part: self.to_string(),
                    tries: Distribution::MAX_DRAWS,
                })
            }
        }
    }

    fn not_a_number(&self, arguments: &[&Listed]) -> DistributionError {
        let found: Vec<String> = arguments
            .iter()
            .filter(|argument| argument.value().as_f64().is_none())
            .map(|argument| argument.value().literal().to_string())
            .collect();
        DistributionError::NotANumber {
            part: self.to_string(),
            found: found.join(" and "),
        }
    }
}

impl From<Parametric> for Distribution {
    fn from(parametric: Parametric) -> Distribution {
        Distribution::from_node(Node::Parametric(parametric))
    }
}

fn check_weights(weights: &[f64]) -> Result<(), &'static str> {
    let total: f64 = weights.iter().sum();
    match weights.iter().all(|weight| *weight >= 0.0) && total > 0.0 && total.is_finite() {
        true => Ok(()),
        false => Err("the weights must be finite and not negative, and one of them above zero"),
    }
}

macro_rules! parametric {
    ($($(#[$doc:meta])* $name:ident($($parameter:ident: $rust:ty),*) => $family:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name($($parameter: $rust),*) -> Distribution {
            Parametric::new(Family::$family, [$($parameter.into()),*]).into()
        }
    )*};
}

parametric! {
    /// Uniform in [low, high).
    uniform(low: f64, high: f64) => Uniform;
    /// Normal, with a mean and a standard deviation.
    normal(mean: f64, deviation: f64) => Normal;
    /// Log-uniform between two positive bounds: the logarithm is uniform.
    log_uniform(low: f64, high: f64) => LogUniform;
    /// Log-normal: the logarithm is normal, with this mean and standard deviation.
    log_normal(mean: f64, deviation: f64) => LogNormal;
    /// Exponential, with a rate: the mean is `1 / rate`.
    exponential(rate: f64) => Exponential;
    /// Gamma, with a shape and a scale: the mean is `shape * scale`.
    gamma(shape: f64, scale: f64) => Gamma;
    /// Beta, with its two shapes.
    beta(alpha: f64, beta: f64) => Beta;
    /// Poisson: an integer.
    poisson(mean: f64) => Poisson;
    /// Binomial, with a number of trials and the probability of success of each: an integer.
    binomial(trials: i64, probability: f64) => Binomial;
    /// Uniform over the integers from `low` to `high - 1`, like a range of Rust: `int(1, 3)` never
    /// draws 3. See [`int_inclusive`].
    int(low: i64, high: i64) => Int;
    /// Uniform over the integers from `low` to `high`, both included.
    int_inclusive(low: i64, high: i64) => IntInclusive;
    /// Geometric: the number of trials up to the first success, each with this probability. An
    /// integer from 1.
    geometric(probability: f64) => Geometric;
}

/// A number from a histogram: from a bin in proportion to its count, uniform between its edges, of
/// which there is one more than counts.
///
/// ```
/// use research_domain::histogram;
///
/// let twice_as_often_below_one = histogram([2.0, 1.0], [0.0, 1.0, 2.0]);
/// assert!(twice_as_often_below_one.validate().is_ok());
/// assert!(histogram([2.0, 1.0], [0.0, 1.0]).validate().is_err());
/// ```
pub fn histogram(
    counts: impl IntoIterator<Item = f64>,
    edges: impl IntoIterator<Item = f64>,
) -> Distribution {
    let edges: Vec<f64> = edges.into_iter().collect();
    let bins = edges.windows(2).map(|edges| uniform(edges[0], edges[1]));
    Distribution::from_node(Node::Mixture {
        weights: counts.into_iter().collect(),
        parts: bins.collect(),
    })
}

/// One of the values, with equal probabilities.
pub fn choice<V: Into<Listed>>(values: impl IntoIterator<Item = V>) -> Distribution {
    Distribution::from_node(Node::Choice {
        values: values.into_iter().map(Into::into).collect(),
        weights: None,
    })
}

/// One of the values, with probabilities in proportion to the weights.
pub fn weighted_choice<V: Into<Listed>>(
    values: impl IntoIterator<Item = V>,
    weights: impl IntoIterator<Item = f64>,
) -> Distribution {
    Distribution::from_node(Node::Choice {
        values: values.into_iter().map(Into::into).collect(),
        weights: Some(weights.into_iter().collect()),
    })
}

/// Always the same value.
pub fn constant(value: impl Into<Value>) -> Distribution {
    Distribution::from_node(Node::Constant(value.into()))
}
