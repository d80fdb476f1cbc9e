//! Measures of how far numbers are from their mean.

use crate::numbers::deviation;

/// A measure of how far numbers are from their mean, or how well they determine it.
///
/// For numbers `x` with count `n` and mean `m`, and `s = √(Σ(x − m)² / (n − 1))`:
///
/// | | formula |
/// |---|---|
/// | [`Sample`](Self::Sample) | `s` |
/// | [`Population`](Self::Population) | `√(Σ(x − m)² / n)` |
/// | [`StandardError`](Self::StandardError) | `s / √n` |
/// | [`Confidence`](Self::Confidence) | `t · s / √n` |
///
/// `t` is the 97.5% quantile of Student's distribution with `n − 1` degrees of freedom.
///
/// ```
/// use research_results::Deviation;
///
/// let (numbers, mean) = ([1.0, 2.0, 3.0], 2.0);
/// assert_eq!(Deviation::Sample.of(&numbers, mean), Some(1.0));
/// assert_eq!(Deviation::Sample.of(&[2.0], 2.0), None);
/// let half = Deviation::Confidence.of(&numbers, mean).unwrap();
/// assert!((half - 4.302653 / 3_f64.sqrt()).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Deviation {
    /// The standard deviation of a sample.
    #[default]
    Sample,
    /// The standard deviation of a whole population.
    Population,
    /// The standard error of the mean.
    StandardError,
    /// Half of the 95% confidence interval of the mean.
    Confidence,
}

impl Deviation {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Sample,
        Self::Population,
        Self::StandardError,
        Self::Confidence,
    ];

    /// Returns the measure for numbers with this mean; `None` for fewer than two numbers.
    #[must_use]
    pub fn of(self, numbers: &[f64], mean: f64) -> Option<f64> {
        Some(self.from_sample(deviation(numbers, mean)?, numbers.len()))
    }

    /// Returns the measure from the standard deviation of a sample of `count` numbers.
    #[must_use]
    pub fn from_sample(self, deviation: f64, count: usize) -> f64 {
        let count_or_one = count.max(1) as f64;
        let freedom = count.saturating_sub(1).max(1);
        match self {
            Self::Sample => deviation,
            Self::Population => deviation * (freedom as f64 / count_or_one).sqrt(),
            Self::StandardError => deviation / count_or_one.sqrt(),
            Self::Confidence => deviation / count_or_one.sqrt() * student(freedom),
        }
    }

    /// Returns the short name, which is the end of the names of columns.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sample => "std",
            Self::Population => "pstd",
            Self::StandardError => "sem",
            Self::Confidence => "ci95",
        }
    }
}

/// The 97.5% quantile of Student's distribution: from a table for few degrees of freedom, else by
/// the expansion of Cornish and Fisher, whose error is less than 1e-5.
fn student(freedom: usize) -> f64 {
    const TABLE: [f64; 10] = [
        12.706_204_74,
        4.302_652_73,
        3.182_446_31,
        2.776_445_11,
        2.570_581_84,
        2.446_911_85,
        2.364_624_25,
        2.306_004_14,
        2.262_157_16,
        2.228_138_85,
    ];
    /// The 97.5% quantile of the normal distribution.
    const NORMAL: f64 = 1.959_963_984_540_054;
    if let Some(quantile) = TABLE.get(freedom.saturating_sub(1)) {
        return *quantile;
    }
    let z = |power: i32| NORMAL.powi(power);
    let n = freedom as f64;
    NORMAL
        + (z(3) + NORMAL) / (4.0 * n)
        + (5.0 * z(5) + 16.0 * z(3) + 3.0 * NORMAL) / (96.0 * n.powi(2))
        + (3.0 * z(7) + 19.0 * z(5) + 17.0 * z(3) - 15.0 * NORMAL) / (384.0 * n.powi(3))
        + (79.0 * z(9) + 776.0 * z(7) + 1482.0 * z(5) - 1920.0 * z(3) - 945.0 * NORMAL)
            / (92_160.0 * n.powi(4))
}
