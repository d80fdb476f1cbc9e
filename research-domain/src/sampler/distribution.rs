//! Distributions and how they are drawn from.
//!
//! The mathematics is [`libm`]'s, not the platform's, so that a draw is the same to the last bit
//! on every machine.

use crate::stream::Draws;
use crate::value::Value;

/// A distribution with its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// Uniform in [low, high).
    Uniform {
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// Normal.
    Normal {
        /// The mean.
        mean: f64,
        /// The standard deviation.
        deviation: f64,
    },
    /// The exponential of a uniform between the logarithms of the bounds.
    LogUniform {
        /// The lower bound, above zero.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// The exponential of a normal.
    LogNormal {
        /// The mean of the logarithm.
        mean: f64,
        /// The standard deviation of the logarithm.
        deviation: f64,
    },
    /// Exponential.
    Exponential {
        /// The rate; the mean is its inverse.
        rate: f64,
    },
    /// Gamma.
    Gamma {
        /// The shape.
        shape: f64,
        /// The scale; the mean is shape × scale.
        scale: f64,
    },
    /// Beta.
    Beta {
        /// The first shape.
        alpha: f64,
        /// The second shape.
        beta: f64,
    },
    /// Poisson: an integer.
    Poisson {
        /// The mean.
        mean: f64,
    },
    /// Binomial: an integer.
    Binomial {
        /// The number of trials.
        trials: i64,
        /// The probability of success of each.
        probability: f64,
    },
    /// Uniform over the integers low, …, high - 1.
    Int {
        /// The lowest integer.
        low: i64,
        /// The integer after the highest.
        high: i64,
    },
    /// Uniform over the integers low, …, high.
    IntInclusive {
        /// The lowest integer.
        low: i64,
        /// The highest integer.
        high: i64,
    },
}

/// The names of distributions in expressions, each with the names of its parameters.
pub(crate) const DISTRIBUTIONS: [(&str, &[&str]); 11] = [
    ("uniform", &["low", "high"]),
    ("normal", &["mean", "deviation"]),
    ("log_uniform", &["low", "high"]),
    ("log_normal", &["mean", "deviation"]),
    ("exponential", &["rate"]),
    ("gamma", &["shape", "scale"]),
    ("beta", &["alpha", "beta"]),
    ("poisson", &["mean"]),
    ("binomial", &["trials", "probability"]),
    ("int", &["low", "high"]),
    ("int_inclusive", &["low", "high"]),
];

/// The largest integer up to which floats count without gaps.
const MAX_COUNT: f64 = 9_007_199_254_740_992.0;

impl Distribution {
    /// The distribution of a name, given as many arguments as it has parameters.
    pub(crate) fn from_arguments(name: &str, arguments: &[Value]) -> Result<Distribution, String> {
        let float = |place: usize| {
            arguments[place]
                .as_f64()
                .ok_or_else(|| expected("a number", &arguments[place]))
        };
        let integer = |place: usize| {
            arguments[place]
                .as_i64()
                .ok_or_else(|| expected("an integer", &arguments[place]))
        };
        Ok(match name {
            "uniform" => Distribution::Uniform {
                low: float(0)?,
                high: float(1)?,
            },
            "normal" => Distribution::Normal {
                mean: float(0)?,
                deviation: float(1)?,
            },
            "log_uniform" => Distribution::LogUniform {
                low: float(0)?,
                high: float(1)?,
            },
            "log_normal" => Distribution::LogNormal {
                mean: float(0)?,
                deviation: float(1)?,
            },
            "exponential" => Distribution::Exponential { rate: float(0)? },
            "gamma" => Distribution::Gamma {
                shape: float(0)?,
                scale: float(1)?,
            },
            "beta" => Distribution::Beta {
                alpha: float(0)?,
                beta: float(1)?,
            },
            "poisson" => Distribution::Poisson { mean: float(0)? },
            "binomial" => Distribution::Binomial {
                trials: integer(0)?,
                probability: float(1)?,
            },
            "int" => Distribution::Int {
                low: integer(0)?,
                high: integer(1)?,
            },
            "int_inclusive" => Distribution::IntInclusive {
                low: integer(0)?,
                high: integer(1)?,
            },
            other => return Err(format!("there is no distribution `{other}`")),
        })
    }

    /// The name and the arguments, as expressions write them.
    pub(crate) fn to_arguments(self) -> (&'static str, Vec<Value>) {
        match self {
            Distribution::Uniform { low, high } => ("uniform", vec![low.into(), high.into()]),
            Distribution::Normal { mean, deviation } => {
                ("normal", vec![mean.into(), deviation.into()])
            }
            Distribution::LogUniform { low, high } => {
                ("log_uniform", vec![low.into(), high.into()])
            }
            Distribution::LogNormal { mean, deviation } => {
                ("log_normal", vec![mean.into(), deviation.into()])
            }
            Distribution::Exponential { rate } => ("exponential", vec![rate.into()]),
            Distribution::Gamma { shape, scale } => ("gamma", vec![shape.into(), scale.into()]),
            Distribution::Beta { alpha, beta } => ("beta", vec![alpha.into(), beta.into()]),
            Distribution::Poisson { mean } => ("poisson", vec![mean.into()]),
            Distribution::Binomial {
                trials,
                probability,
            } => ("binomial", vec![trials.into(), probability.into()]),
            Distribution::Int { low, high } => ("int", vec![low.into(), high.into()]),
            Distribution::IntInclusive { low, high } => {
                ("int_inclusive", vec![low.into(), high.into()])
            }
        }
    }

    /// What is impossible about the parameters, if anything.
    pub(crate) fn check(self) -> Result<(), &'static str> {
        let (good, demand) = match self {
            Distribution::Uniform { low, high } => (
                low < high && (high - low).is_finite(),
                "the bounds must be finite and low < high",
            ),
            Distribution::LogUniform { low, high } => (
                0.0 < low && low < high && high.is_finite(),
                "the bounds must be finite and 0 < low < high",
            ),
            Distribution::Normal { mean, deviation }
            | Distribution::LogNormal { mean, deviation } => (
                mean.is_finite() && deviation >= 0.0 && deviation.is_finite(),
                "the mean must be finite, and the deviation finite and not negative",
            ),
            Distribution::Exponential { rate } => (
                rate > 0.0 && rate.is_finite(),
                "the rate must be finite and above zero",
            ),
            Distribution::Gamma { shape: a, scale: b }
            | Distribution::Beta { alpha: a, beta: b } => (
                a > 0.0 && b > 0.0 && a.is_finite() && b.is_finite(),
                "both parameters must be finite and above zero",
            ),
            Distribution::Poisson { mean } => (
                mean > 0.0 && mean < MAX_COUNT,
                "the mean must be above zero and below 2^53",
            ),
            Distribution::Binomial {
                trials,
                probability,
            } => (
                trials >= 0 && (trials as f64) < MAX_COUNT && (0.0..=1.0).contains(&probability),
                "the trials must be from 0 to below 2^53 and the probability from 0 to 1",
            ),
            Distribution::Int { low, high } => (
                low < high && high.checked_sub(low).is_some(),
                "low < high is needed, and fewer than 2^63 integers between them",
            ),
            Distribution::IntInclusive { low, high } => (
                low <= high && high.checked_sub(low).is_some(),
                "low <= high is needed, and fewer than 2^63 integers between them",
            ),
        };
        if good { Ok(()) } else { Err(demand) }
    }

    /// One draw.
    pub(crate) fn draw(self, draws: &mut Draws) -> Value {
        match self {
            Distribution::Uniform { low, high } => Value::Float(uniform(draws, low, high)),
            Distribution::Normal { mean, deviation } => {
                Value::Float(mean + deviation * standard_normal(draws))
            }
            Distribution::LogUniform { low, high } => {
                let exponent = uniform(draws, libm::log(low), libm::log(high));
                Value::Float(libm::exp(exponent).clamp(low, high))
            }
            Distribution::LogNormal { mean, deviation } => {
                Value::Float(libm::exp(mean + deviation * standard_normal(draws)))
            }
            Distribution::Exponential { rate } => {
                Value::Float(-libm::log(draws.positive_unit()) / rate)
            }
            Distribution::Gamma { shape, scale } => Value::Float(gamma(draws, shape) * scale),
            Distribution::Beta { alpha, beta } => Value::Float(beta_draw(draws, alpha, beta)),
            Distribution::Poisson { mean } => Value::Int(poisson(draws, mean) as i64),
            Distribution::Binomial {
                trials,
                probability,
            } => Value::Int(binomial(draws, trials as f64, probability) as i64),
            Distribution::Int { low, high } => {
                // The checked difference is positive and fits; the sum stays below `high`.
                Value::Int(low + draws.below((high - low) as u64) as i64)
            }
            Distribution::IntInclusive { low, high } => {
                // At most 2^63 integers; the sum is `high` at most.
                Value::Int(low.wrapping_add(draws.below((high - low) as u64 + 1) as i64))
            }
        }
    }
}

fn expected(what: &str, found: &Value) -> String {
    format!(
        "expected {what}, found {} {}",
        found.kind(),
        found.literal()
    )
}

fn uniform(draws: &mut Draws, low: f64, high: f64) -> f64 {
    let drawn = low + draws.unit() * (high - low);
    // Rounding can reach the bound that is excluded.
    if drawn < high { drawn } else { low }
}

/// The first of the pair of Box and Muller (1958).
fn standard_normal(draws: &mut Draws) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(draws.positive_unit()));
    radius * libm::cos(std::f64::consts::TAU * draws.unit())
}

/// Marsaglia and Tsang, "A simple method for generating gamma variables" (2000).
fn gamma(draws: &mut Draws, shape: f64) -> f64 {
    if shape < 1.0 {
        // With a shape below one: a draw of shape + 1 times U^(1 / shape).
        let boost = libm::pow(draws.positive_unit(), 1.0 / shape);
        return gamma(draws, shape + 1.0) * boost;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / libm::sqrt(9.0 * d);
    loop {
        let x = standard_normal(draws);
        let t = 1.0 + c * x;
        let v = t * t * t;
        let log_u = libm::log(draws.positive_unit());
        if v > 0.0 && log_u < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return d * v;
        }
    }
}

/// The share of one gamma draw in the sum of two.
fn beta_draw(draws: &mut Draws, alpha: f64, beta: f64) -> f64 {
    let (a, b) = (gamma(draws, alpha), gamma(draws, beta));
    if a + b > 0.0 {
        a / (a + b)
    } else {
        // Both shapes are so small that the draws vanished: all weight is at the ends.
        f64::from(u8::from(draws.unit() * (alpha + beta) < alpha))
    }
}

/// Poisson: by inversion for small means, else the transformed rejection PTRS of Hörmann,
/// "The transformed rejection method for generating Poisson random variables" (1993).
fn poisson(draws: &mut Draws, mean: f64) -> f64 {
    if mean < 10.0 {
        let limit = libm::exp(-mean);
        let mut product = draws.positive_unit();
        let mut count = 0.0;
        while product > limit {
            product *= draws.positive_unit();
            count += 1.0;
        }
        return count;
    }
    let b = 0.931 + 2.53 * libm::sqrt(mean);
    let a = -0.059 + 0.02483 * b;
    let log_inverse_alpha = libm::log(1.1239 + 1.1328 / (b - 3.4));
    let v_r = 0.9277 - 3.6224 / (b - 2.0);
    let log_mean = libm::log(mean);
    loop {
        let u = draws.unit() - 0.5;
        let v = draws.positive_unit();
        let us = 0.5 - u.abs();
        let k = libm::floor((2.0 * a / us + b) * u + mean + 0.43);
        if us >= 0.07 && v <= v_r {
            return k;
        }
        if !(0.0..=MAX_COUNT).contains(&k) || (us < 0.013 && v > us) {
            continue;
        }
        let left = libm::log(v) + log_inverse_alpha - libm::log(a / (us * us) + b);
        if left <= k * log_mean - mean - libm::lgamma(k + 1.0) {
            return k;
        }
    }
}

/// Binomial: by inversion for small means, else the transformed rejection BTRS of Hörmann,
/// "The generation of binomial random variates" (1993).
fn binomial(draws: &mut Draws, trials: f64, probability: f64) -> f64 {
    if probability > 0.5 {
        return trials - binomial(draws, trials, 1.0 - probability);
    }
    if trials * probability < 10.0 {
        return binomial_by_inversion(draws, trials, probability);
    }
    let (n, p) = (trials, probability);
    let spq = libm::sqrt(n * p * (1.0 - p));
    let b = 1.15 + 2.53 * spq;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let c = n * p + 0.5;
    let v_r = 0.92 - 4.2 / b;
    let alpha = (2.83 + 5.1 / b) * spq;
    let log_odds = libm::log(p / (1.0 - p));
    let mode = libm::floor((n + 1.0) * p);
    let height = libm::lgamma(mode + 1.0) + libm::lgamma(n - mode + 1.0);
    loop {
        let u = draws.unit() - 0.5;
        let v = draws.positive_unit();
        let us = 0.5 - u.abs();
        let k = libm::floor((2.0 * a / us + b) * u + c);
        if !(0.0..=n).contains(&k) {
            continue;
        }
        if us >= 0.07 && v <= v_r {
            return k;
        }
        let left = libm::log(v * alpha / (a / (us * us) + b));
        let tail = libm::lgamma(k + 1.0) + libm::lgamma(n - k + 1.0);
        if left <= height - tail + (k - mode) * log_odds {
            return k;
        }
    }
}

fn binomial_by_inversion(draws: &mut Draws, trials: f64, probability: f64) -> f64 {
    let odds = probability / (1.0 - probability);
    let mut left = draws.unit();
    let mut weight = libm::exp(trials * libm::log1p(-probability));
    let mut count = 0.0;
    while left > weight && count < trials {
        left -= weight;
        count += 1.0;
        weight *= (trials - count + 1.0) / count * odds;
    }
    count
}
