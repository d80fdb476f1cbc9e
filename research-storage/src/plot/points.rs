//! The points of a curve: what a group of experiments has saved, over iterations or a parameter.

use std::collections::BTreeMap;

use super::along::Along;
use super::{Aggregate, Band, Log, PlotOptions};
use crate::results::{ExperimentResult, Series};
use crate::statistics;
use crate::table::{TableOptions, number_at};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
    /// The band around it.
    pub(super) low: f64,
    pub(super) high: f64,
    /// How many experiments it is of.
    pub(super) count: usize,
}

/// The points of the curve of some experiments.
pub(super) fn points(
    members: &[&ExperimentResult],
    name: &str,
    along: &Along<'_>,
    log: Log,
    filters: &TableOptions,
    options: &PlotOptions,
) -> Vec<Point> {
    let mut values: BTreeMap<Place, Vec<f64>> = BTreeMap::new();
    for experiment in members {
        let Some(series) = experiment.variable(name) else {
            continue;
        };
        let numbers = numbers(series, filters);
        let mut add = |x: f64, number: f64| {
            if number.is_finite() {
                values.entry(Place(x)).or_default().push(number);
            }
        };
        if let Along::Iterations = along {
            numbers.for_each(|(iteration, number)| add(iteration as f64, number));
        } else if let (Some(x), Some((_, number))) = (along.place(experiment), numbers.last()) {
            add(x, number);
        }
    }
    let is_shown = |point: &Point| {
        let in_log = |log: bool, value: f64| !log || value > 0.0;
        point.x.is_finite() && in_log(log.x, point.x) && in_log(log.y, point.y)
    };
    values
        .into_iter()
        .filter_map(|(Place(x), values)| point(x, values, options))
        .filter(is_shown)
        .collect()
}

/// The numbers of a series, with their iterations.
fn numbers<'a>(
    series: &'a Series,
    filters: &'a TableOptions,
) -> impl Iterator<Item = (u64, f64)> + 'a {
    let shown = filters.iterations_shown();
    (0..series.len()).filter_map(move |position| {
        let iteration = series.iteration(position)?;
        let is_shown = shown.is_none_or(|shown| shown.contains(&iteration));
        let number = number_at(series.column(), position)?;
        is_shown.then_some((iteration, number))
    })
}

fn point(x: f64, mut values: Vec<f64>, options: &PlotOptions) -> Option<Point> {
    values.sort_by(f64::total_cmp);
    let (least, most) = (*values.first()?, *values.last()?);
    let mean = statistics::mean(&values)?;
    let middle = values.len() / 2;
    let y = match options.aggregate {
        Aggregate::Median if values.len().is_multiple_of(2) => {
            f64::midpoint(values[middle - 1], values[middle])
        }
        Aggregate::Median => values[middle],
        Aggregate::Mean | Aggregate::Each => mean,
    };
    let (low, high) = match options.band {
        Band::None => (y, y),
        Band::Range => (least, most),
        Band::Deviation => {
            let deviation = statistics::deviation(&values, mean).unwrap_or(0.0);
            ((y - deviation).max(f64::MIN), (y + deviation).min(f64::MAX))
        }
    };
    Some(Point {
        x,
        y,
        low,
        high,
        count: values.len(),
    })
}

/// A place on the x axis, in order.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place(f64);

impl Eq for Place {}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Point, point};
    use crate::plot::{Aggregate, Band, PlotOptions};

    #[test]
    fn a_point_is_what_its_aggregate_and_its_band_say() {
        let of = |values: &[f64], aggregate, band| {
            let options = PlotOptions::new().aggregate(aggregate).band(band);
            let point = point(0.0, values.to_vec(), &options);
            point.map(|Point { y, low, high, .. }| (y, low, high))
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
        assert_eq!(of(&values, Aggregate::Mean, Band::Deviation), around(3.0));
        assert_eq!(of(&values, Aggregate::Median, Band::Deviation), around(1.5));
        assert_eq!(
            of(&[4.0], Aggregate::Mean, Band::Deviation),
            Some((4.0, 4.0, 4.0))
        );
        assert_eq!(of(&[], Aggregate::Mean, Band::Range), None);
        let far = of(&[-1.7e308, 1.7e308], Aggregate::Mean, Band::Deviation);
        assert_eq!(far, Some((0.0, f64::MIN, f64::MAX)));
    }
}
