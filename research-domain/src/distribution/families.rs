//! Parametric distributions and their draws.
//!
//! The mathematics is [`libm`]'s, not the platform's, so a draw is the same to the last bit on
//! every machine.

use crate::random::Draws;
use crate::value::Value;

/// A family of distributions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Uniform,
    Normal,
    LogUniform,
    LogNormal,
    Exponential,
    Gamma,
    Beta,
    Poisson,
    Binomial,
    Int,
    IntInclusive,
    Geometric,
}

/// The families with their names and parameters in expressions, in the order of [`Family`].
const FAMILIES: [(Family, &str, &[&str]); 12] = [
    (Family::Uniform, "uniform", &["low", "high"]),
    (Family::Normal, "normal", &["mean", "deviation"]),
    (Family::LogUniform, "log_uniform", &["low", "high"]),
    (Family::LogNormal, "log_normal", &["mean", "deviation"]),
    (Family::Exponential, "exponential", &["rate"]),
    (Family::Gamma, "gamma", &["shape", "scale"]),
    (Family::Beta, "beta", &["alpha", "beta"]),
    (Family::Poisson, "poisson", &["mean"]),
    (Family::Binomial, "binomial", &["trials", "probability"]),
    (Family::Int, "int", &["low", "high"]),
    (Family::IntInclusive, "int_inclusive", &["low", "high"]),
    (Family::Geometric, "geometric", &["probability"]),
];

impl Family {
    pub(crate) fn from_name(name: &str) -> Option<Family> {
        let mut families = FAMILIES.iter();
        families.find_map(|(family, known, _)| (*known == name).then_some(*family))
    }

    pub(crate) fn names() -> impl Iterator<Item = &'static str> + Clone {
        FAMILIES.iter().map(|(_, name, _)| *name)
    }

    pub(crate) fn name(self) -> &'static str {
        FAMILIES[self as usize].1
    }

    pub(crate) fn parameters(self) -> &'static [&'static str] {
        FAMILIES[self as usize].2
    }

    /// Returns whether a parameter is an integer.
    fn takes_integer(self, index: usize) -> bool {
        match self {
            Family::Int | Family::IntInclusive => true,
            Family::Binomial => index == 0,
            _ => false,
        }
    }
}

/// The largest integer up to which floats represent every integer.
const MAX_COUNT: f64 = 9_007_199_254_740_992.0;

/// A distribution of a family with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parametric {
    family: Family,
    /// Floats and integers; null for a parameter that the family does not have.
    parameters: [Value; 2],
}

impl Parametric {
    pub(super) fn new<const N: usize>(family: Family, parameters: [Value; N]) -> Parametric {
        let mut own = [Value::Null, Value::Null];
        own.iter_mut()
            .zip(parameters)
            .for_each(|(own, given)| *own = given);
        Parametric {
            family,
            parameters: own,
        }
    }

    /// Checks the types of as many arguments as the family has parameters.
    pub(crate) fn from_arguments(
        family: Family,
        arguments: &[Value],
    ) -> Result<Parametric, String> {
        let mut parametric = Parametric::new(family, []);
        for (index, (own, given)) in parametric.parameters.iter_mut().zip(arguments).enumerate() {
            let (number, expected) = match family.takes_integer(index) {
                true => (given.as_i64().map(Value::Int), "an integer"),
                false => (given.as_f64().map(Value::Float), "a number"),
            };
            *own = number.ok_or_else(|| {
                let (kind, found) = (given.kind(), given.literal());
                format!("expected {expected}, found {kind} {found}")
            })?;
        }
        Ok(parametric)
    }

    pub(crate) fn family(&self) -> Family {
        self.family
    }

    pub(crate) fn parameters(&self) -> &[Value] {
        &self.parameters[..self.family.parameters().len()]
    }

    fn floats(&self) -> [f64; 2] {
        [0, 1].map(|index| self.parameters[index].as_f64().unwrap_or_default())
    }

    fn integers(&self) -> [i64; 2] {
        [0, 1].map(|index| self.parameters[index].as_i64().unwrap_or_default())
    }

    /// Checks the parameters; the error is the violated condition.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let ([a, b], [low, high]) = (self.floats(), self.integers());
        let (valid, demand) = match self.family {
            Family::Uniform => (
                a < b && (b - a).is_finite(),
                "the bounds must be finite and low < high",
            ),
            Family::LogUniform => (
                0.0 < a && a < b && b.is_finite(),
                "the bounds must be finite and 0 < low < high",
            ),
            Family::Normal | Family::LogNormal => (
                a.is_finite() && b >= 0.0 && b.is_finite(),
                "the mean must be finite, and the deviation finite and not negative",
            ),
            Family::Exponential => (
                a > 0.0 && a.is_finite(),
                "the rate must be finite and above zero",
            ),
            Family::Gamma | Family::Beta => (
                a > 0.0 && b > 0.0 && a.is_finite() && b.is_finite(),
                "both parameters must be finite and above zero",
            ),
            Family::Poisson => (
                a > 0.0 && a < MAX_COUNT,
                "the mean must be above zero and below 2^53",
            ),
            Family::Binomial => (
                low >= 0 && a < MAX_COUNT && (0.0..=1.0).contains(&b),
                "the trials must be from 0 to below 2^53 and the probability from 0 to 1",
            ),
            Family::Int => (
                low < high && high.checked_sub(low).is_some(),
                "low < high is needed, and fewer than 2^63 integers between them",
            ),
            Family::IntInclusive => (
                low <= high && high.checked_sub(low).is_some(),
                "low <= high is needed, and fewer than 2^63 integers between them",
            ),
            Family::Geometric => (
                (1.0 / MAX_COUNT..=1.0).contains(&a),
                "the probability must be from 2^-53 to 1",
            ),
        };
        if valid { Ok(()) } else { Err(demand) }
    }

    /// Draws a value; the parameters must be valid.
    pub(super) fn draw(&self, draws: &mut Draws) -> Value {
        let ([a, b], [low, high]) = (self.floats(), self.integers());
        match self.family {
            Family::Uniform => Value::Float(uniform(draws, a, b)),
            Family::Normal => Value::Float(a + b * standard_normal(draws)),
            Family::LogUniform => {
                let exponent = uniform(draws, libm::log(a), libm::log(b));
                Value::Float(libm::exp(exponent).clamp(a, b))
            }
            Family::LogNormal => Value::Float(libm::exp(a + b * standard_normal(draws))),
            Family::Exponential => Value::Float(-libm::log(draws.positive_unit()) / a),
            Family::Gamma => Value::Float(gamma(draws, a) * b),
            Family::Beta => Value::Float(beta(draws, a, b)),
            Family::Poisson => Value::Int(poisson(draws, a) as i64),
            Family::Binomial => Value::Int(binomial(draws, a, b) as i64),
            Family::Geometric => Value::Int(geometric(draws, a) as i64),
            // The checked difference is positive and fits; the sum stays below `high`.
            Family::Int => Value::Int(low + draws.below((high - low) as u64) as i64),
            // At most 2^63 integers; the sum is at most `high`.
            Family::IntInclusive => {
                Value::Int(low.wrapping_add(draws.below((high - low) as u64 + 1) as i64))
            }
        }
    }
}

fn uniform(draws: &mut Draws, low: f64, high: f64) -> f64 {
    let drawn = low + draws.unit() * (high - low);
    // Rounding can reach the excluded bound.
    if drawn < high { drawn } else { low }
}

/// Draws the first number of the pair of Box and Muller (1958).
fn standard_normal(draws: &mut Draws) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(draws.positive_unit()));
    radius * libm::cos(std::f64::consts::TAU * draws.unit())
}

/// Inversion: Devroye, "Non-uniform random variate generation" (1986), chapter X.2.
fn geometric(draws: &mut Draws, probability: f64) -> f64 {
    let logarithm = libm::log(draws.positive_unit());
    // The logarithm of zero, for a probability of 1, gives 0.
    libm::ceil(logarithm / libm::log1p(-probability)).max(1.0)
}

/// Draws by Marsaglia and Tsang, "A simple method for generating gamma variables" (2000).
fn gamma(draws: &mut Draws, shape: f64) -> f64 {
    if shape < 1.0 {
        // A draw of shape + 1 times U^(1 / shape).
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

/// Draws from a beta distribution: the share of one gamma draw in the sum of two.
fn beta(draws: &mut Draws, alpha: f64, beta: f64) -> f64 {
    let (a, b) = (gamma(draws, alpha), gamma(draws, beta));
    if a + b > 0.0 {
        a / (a + b)
    } else {
        // Both shapes are so small that the draws vanish: the density is at the ends.
        f64::from(u8::from(draws.unit() * (alpha + beta) < alpha))
    }
}

/// Draws from a Poisson distribution: by inversion for small means, else by the transformed
/// rejection PTRS of Hörmann, "The transformed rejection method for generating Poisson random
/// variables" (1993).
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

/// Draws from a binomial distribution: by inversion for small means, else by the transformed
/// rejection BTRS of Hörmann, "The generation of binomial random variates" (1993).
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
