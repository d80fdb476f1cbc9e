//! The numbers at one x of a curve.

use super::Point;
use crate::{Aggregate, Band, PlotOptions};
use research_results::numbers;

/// The maximum number of values that are all kept; of more values, only the moments are kept.
const FEW: usize = 64;

/// The numbers of several experiments at one x.
#[derive(Debug)]
pub(crate) enum Numbers {
    One(f64),
    Few(Vec<f64>),
    Many(Box<Moments>),
}

/// The running sums for the mean and the deviation of numbers.
#[derive(Debug)]
pub(crate) struct Moments {
    count: usize,
    /// A power of two near the numbers. The numbers are divided by it, so that their squares do not
    /// overflow.
    unit: f64,
    /// The mean of the numbers divided by `unit`.
    mean: f64,
    squares: f64,
    least: f64,
    most: f64,
}

impl Numbers {
    pub(super) fn push(&mut self, number: f64, keeps_all: bool) {
        match self {
            Self::One(first) => *self = Self::Few(vec![*first, number]),
            Self::Few(numbers) if numbers.len() < FEW || keeps_all => {
                numbers.push(number);
            }
            Self::Few(numbers) => {
                let mut moments = Moments::new(numbers);
                moments.push(number);
                *self = Self::Many(Box::new(moments));
            }
            Self::Many(moments) => moments.push(number),
        }
    }

    pub(crate) fn point(self, x: f64, options: &PlotOptions) -> Point {
        match self {
            Self::One(number) => point(x, &[number], options),
            Self::Few(mut numbers) => {
                numbers.sort_by(f64::total_cmp);
                point(x, &numbers, options)
            }
            Self::Many(moments) => moments.point(x, options),
        }
    }
}

impl Moments {
    fn new(numbers: &[f64]) -> Self {
        let largest = numbers
            .iter()
            .fold(0.0, |most: f64, one| most.max(one.abs()));
        let unit = match largest.log2().floor().exp2() {
            unit if unit.is_normal() => unit,
            _ => 1.0,
        };
        let mut moments = Self {
            count: 0,
            unit,
            mean: 0.0,
            squares: 0.0,
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
        };
        numbers.iter().for_each(|number| moments.push(*number));
        moments
    }

    /// Adds a number, by Welford's algorithm.
    fn push(&mut self, number: f64) {
        self.count += 1;
        self.least = self.least.min(number);
        self.most = self.most.max(number);
        let number = number / self.unit;
        let distance = number - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (number - self.mean);
    }

    fn point(&self, x: f64, options: &PlotOptions) -> Point {
        let y = match options.aggregate {
            Aggregate::Min => self.least,
            Aggregate::Max => self.most,
            _ => (self.unit * self.mean).clamp(self.least, self.most),
        };
        let freedom = self.count.saturating_sub(1).max(1) as f64;
        let deviation = self.unit * (self.squares / freedom).sqrt();
        let (low, high) = match options.band_drawn() {
            Band::Deviation(measure) => {
                around(y, measure.from_sample(deviation, self.count), options)
            }
            Band::None => (y, y),
            Band::Range | Band::Quartiles => (self.least, self.most),
        };
        Point {
            x,
            y,
            low,
            high,
            count: self.count,
        }
    }
}

/// Returns the point of a non-empty sorted list of numbers.
fn point(x: f64, numbers: &[f64], options: &PlotOptions) -> Point {
    let (least, most) = (numbers[0], numbers[numbers.len() - 1]);
    let mean = numbers::mean(numbers).unwrap_or(least);
    let y = match options.aggregate {
        Aggregate::Mean | Aggregate::Each => mean,
        Aggregate::Median => numbers::quantile(numbers, 0.5),
        Aggregate::Min => least,
        Aggregate::Max => most,
        Aggregate::Quantile(probability) => numbers::quantile(numbers, probability),
        Aggregate::Function(function) => function(numbers),
    };
    let (low, high) = match options.band_drawn() {
        Band::Deviation(measure) => around(y, measure.of(numbers, mean).unwrap_or(0.0), options),
        Band::Quartiles => (
            numbers::quantile(numbers, 0.25),
            numbers::quantile(numbers, 0.75),
        ),
        Band::Range => (least, most),
        Band::None => (y, y),
    };
    Point {
        x,
        y,
        low,
        high,
        count: numbers.len(),
    }
}

/// The ends of a deviation around a number: see [`Band`].
fn around(y: f64, deviation: f64, options: &PlotOptions) -> (f64, f64) {
    let high = (y + deviation).min(f64::MAX);
    match options.log_y && y > 0.0 {
        true => (y / (high / y), high),
        false => ((y - deviation).max(f64::MIN), high),
    }
}

#[cfg(test)]
mod tests {
    use super::{FEW, Numbers};
    use crate::points::Point;
    use crate::{Aggregate, Band, PlotOptions};
    use research_results::Deviation;

    fn gathered(values: &[f64], options: &PlotOptions) -> Numbers {
        let mut numbers = Numbers::One(values[0]);
        for value in &values[1..] {
            numbers.push(*value, options.needs_all_numbers());
        }
        numbers
    }

    #[test]
    fn a_point_is_what_its_aggregate_and_its_band_say() {
        let of = |values: &[f64], aggregate, band| {
            let options = PlotOptions::new().aggregate(aggregate).band(band);
            let Point { y, low, high, .. } = gathered(values, &options).point(0.0, &options);
            Some((y, low, high))
        };
        let values = [9.0, 0.0, 1.0, 2.0];
        assert_eq!(
            of(&values, Aggregate::Mean, Band::Range),
            Some((3.0, 0.0, 9.0))
        );
        assert_eq!(
            of(&values, Aggregate::Median, Band::None),
            Some((1.5, 1.5, 1.5))
        );
        assert_eq!(
            of(&values[..3], Aggregate::Median, Band::None),
            Some((1.0, 1.0, 1.0))
        );
        let deviation = (50.0_f64 / 3.0).sqrt();
        let around = |y: f64| Some((y, y - deviation, y + deviation));
        assert_eq!(
            of(&values, Aggregate::Mean, Band::Deviation(Deviation::Sample)),
            around(3.0)
        );
        assert_eq!(
            of(
                &values,
                Aggregate::Median,
                Band::Deviation(Deviation::Sample)
            ),
            around(1.5)
        );
        assert_eq!(
            of(&[4.0], Aggregate::Mean, Band::Deviation(Deviation::Sample)),
            Some((4.0, 4.0, 4.0))
        );
        let far = of(
            &[-1.7e308, 1.7e308],
            Aggregate::Mean,
            Band::Deviation(Deviation::Sample),
        );
        assert_eq!(far, Some((0.0, f64::MIN, f64::MAX)));
    }
    #[test]
    fn many_numbers_have_the_mean_and_the_deviation_of_few() {
        for scale in [1.0, 1e300, 1e-300] {
            let values: Vec<f64> = (0..500).map(|n| f64::from(n % 37) * scale).collect();
            let options = PlotOptions::new();
            let few = Numbers::Few(values.clone()).point(0.0, &options);
            assert!(values.len() > FEW);
            let many = gathered(&values, &options).point(0.0, &options);
            let is_near = |a: f64, b: f64| (a - b).abs() <= scale * 1e-9;
            assert!(is_near(few.y, many.y), "{few:?} {many:?}");
            assert!(is_near(few.low, many.low), "{few:?} {many:?}");
            assert_eq!(few.count, many.count);
            let range = PlotOptions::new().band(Band::Range);
            let many = gathered(&values, &options).point(0.0, &range);
            assert_eq!((many.low, many.high), (0.0, 36.0 * scale));
        }
    }
}
