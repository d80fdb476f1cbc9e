//! Means and standard deviations.

/// The mean of some numbers; `None` if there are none. It lies between the lowest and the highest
/// also where their sum is rounded or too large for a float.
pub(crate) fn mean(numbers: &[f64]) -> Option<f64> {
    let count = numbers.len() as f64;
    let lowest = numbers.iter().copied().reduce(f64::min)?;
    let highest = numbers.iter().copied().reduce(f64::max)?;
    let sum: f64 = numbers.iter().sum();
    let is_too_large = !sum.is_finite() && numbers.iter().all(|number| number.is_finite());
    let mean = match is_too_large {
        true => numbers.iter().map(|number| number / count).sum(),
        false => sum / count,
    };
    // A mean that is no number stays so.
    let is_outside = mean < lowest || mean > highest;
    Some(if is_outside {
        mean.clamp(lowest, highest)
    } else {
        mean
    })
}

/// The standard deviation of a sample of numbers around their mean; `None` if there are fewer than
/// two.
pub(crate) fn deviation(numbers: &[f64], mean: f64) -> Option<f64> {
    let freedom = numbers.len().checked_sub(2)? + 1;
    let distances = || numbers.iter().map(|number| number - mean);
    let largest = distances().fold(0.0, |most: f64, distance| most.max(distance.abs()));
    if largest == 0.0 && !distances().any(f64::is_nan) {
        return Some(0.0);
    }
    // Squares of what is very large or small are no floats; a power of two changes no digit.
    let unit = match largest.log2().floor().exp2() {
        unit if unit.is_normal() => unit,
        _ => 1.0,
    };
    let squares: f64 = distances().map(|distance| (distance / unit).powi(2)).sum();
    Some(unit * (squares / freedom as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use std::f64::consts::SQRT_2;

    use super::{deviation, mean};

    fn both(numbers: &[f64]) -> (f64, Option<f64>) {
        let mean = mean(numbers).unwrap_or(f64::NAN);
        (mean, deviation(numbers, mean))
    }

    #[test]
    fn they_are_those_of_a_sample() {
        assert_eq!(
            both(&[2.0, 4.0, 4.0, 6.0]),
            (4.0, Some((8.0_f64 / 3.0).sqrt()))
        );
        assert_eq!(both(&[7.0]), (7.0, None));
        assert_eq!(mean(&[]), None);
        assert_eq!(deviation(&[], 0.0), None);
    }

    #[test]
    fn equal_numbers_have_no_deviation() {
        // The sum of these divided by three is none of them.
        assert_eq!(both(&[0.1, 0.1, 0.1]), (0.1, Some(0.0)));
        assert_eq!(both(&[-0.7; 10]), (-0.7, Some(0.0)));
    }

    #[test]
    fn numbers_may_be_as_large_or_small_as_floats_are() {
        let (large, deviation) = both(&[1e200, 3e200]);
        assert_eq!(large, 2e200);
        assert!(deviation.is_some_and(|deviation| (deviation / 1e200 - SQRT_2).abs() < 1e-12));
        assert_eq!(mean(&[1.5e308, 1.5e308]), Some(1.5e308));
        let (small, deviation) = both(&[1e-200, 3e-200]);
        assert_eq!(small, 2e-200);
        assert!(deviation.is_some_and(|deviation| deviation > 1e-200));
    }

    #[test]
    fn what_is_not_finite_is_in_the_mean() {
        assert_eq!(mean(&[1.0, f64::INFINITY]), Some(f64::INFINITY));
        assert!(mean(&[1.0, f64::NAN]).is_some_and(f64::is_nan));
        let (_, deviation) = both(&[f64::NAN, f64::NAN]);
        assert!(deviation.is_some_and(f64::is_nan));
    }
}
