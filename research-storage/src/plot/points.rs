//! The points of a curve: what a group of experiments has saved, over iterations or a parameter.

mod moments;

use super::{Aggregate, Log, PlotOptions};
use crate::results::Series;
use crate::table::{TableOptions, number_at};

pub(super) use moments::Numbers;

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

/// What the members of a curve have.
#[derive(Debug)]
pub(super) enum Points {
    /// The numbers of several members, by rising x.
    Gathered(Vec<(f64, Numbers)>),
    /// The points of the only member, and whether some were left out.
    Single(Vec<Point>, bool),
}

impl Default for Points {
    fn default() -> Self {
        Self::Gathered(Vec::new())
    }
}

impl Points {
    /// What the only member of a curve has over iterations, so many at most.
    pub(super) fn single(
        numbers: impl Iterator<Item = (u64, f64)>,
        count: usize,
        log: Log,
        most: usize,
    ) -> Self {
        let finite = numbers.filter(|(_, number)| number.is_finite());
        let points = finite.map(|(iteration, number)| Point {
            x: iteration as f64,
            y: number,
            low: number,
            high: number,
            count: 1,
        });
        let (points, is_thinned) = thinned(points, count, log, most);
        Self::Single(points, is_thinned)
    }

    /// Adds what a member has over iterations, which rise.
    pub(super) fn add_curve(
        &mut self,
        numbers: impl Iterator<Item = (u64, f64)>,
        aggregate: Aggregate,
    ) {
        let Self::Gathered(places) = self else {
            return;
        };
        let mut added: Vec<(f64, Numbers)> = Vec::new();
        let mut at = 0;
        for (iteration, number) in numbers.filter(|(_, number)| number.is_finite()) {
            let x = iteration as f64;
            while places.get(at).is_some_and(|(place, _)| *place < x) {
                at += 1;
            }
            if let Some((place, numbers)) = places.get_mut(at)
                && *place == x
            {
                numbers.push(number, aggregate);
            } else if let Some((place, numbers)) = added.last_mut()
                && *place == x
            {
                numbers.push(number, aggregate);
            } else {
                added.push((x, Numbers::One(number)));
            }
        }
        if places.is_empty() {
            *places = added;
        } else if !added.is_empty() {
            places.append(&mut added);
            places.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        }
    }

    /// Adds the last number of a member at its place.
    pub(super) fn add_last(
        &mut self,
        place: Option<f64>,
        numbers: impl Iterator<Item = (u64, f64)>,
        aggregate: Aggregate,
    ) {
        let (Self::Gathered(places), Some(x), Some((_, number))) = (self, place, numbers.last())
        else {
            return;
        };
        if !number.is_finite() {
            return;
        }
        match places.binary_search_by(|(place, _)| place.total_cmp(&x)) {
            Ok(position) => places[position].1.push(number, aggregate),
            Err(position) => places.insert(position, (x, Numbers::One(number))),
        }
    }

    /// The points, of which there are about `most` at most, and whether some were left out.
    pub(super) fn finish(self, log: Log, options: &PlotOptions, most: usize) -> (Vec<Point>, bool) {
        match self {
            Self::Single(points, is_thinned) => (points, is_thinned),
            Self::Gathered(places) => {
                let count = places.len();
                let points = places.into_iter();
                let points = points.map(|(x, numbers)| numbers.point(x, options));
                thinned(points, count, log, most)
            }
        }
    }
}

/// Of so many points those that are shown, about `most` at most, and whether some were left out.
fn thinned(
    points: impl Iterator<Item = Point>,
    count: usize,
    log: Log,
    most: usize,
) -> (Vec<Point>, bool) {
    let is_shown = |point: &Point| {
        let in_log = |log: bool, value: f64| !log || value > 0.0;
        point.x.is_finite() && in_log(log.x, point.x) && in_log(log.y, point.y)
    };
    let mut points = points.filter(is_shown);
    if count <= most {
        return (points.collect(), false);
    }
    let bucket = count.div_ceil((most / 2).max(1));
    let mut kept = Vec::new();
    loop {
        let next: Vec<Point> = points.by_ref().take(bucket).collect();
        if next.is_empty() {
            return (kept, true);
        }
        kept.extend(lowest_and_highest(&next));
    }
}

/// The points with the lowest and the highest end of a band, in their order; of one point, itself.
fn lowest_and_highest(points: &[Point]) -> impl Iterator<Item = Point> {
    let positions = 0..points.len();
    let lowest = positions
        .clone()
        .min_by(|a, b| points[*a].low.total_cmp(&points[*b].low));
    let highest = positions.max_by(|a, b| points[*a].high.total_cmp(&points[*b].high));
    let (lowest, highest) = (lowest.unwrap_or(0), highest.unwrap_or(0));
    let (first, second) = (lowest.min(highest), lowest.max(highest));
    let second = (second != first).then_some(second);
    [Some(first), second]
        .into_iter()
        .flatten()
        .map(|position| points[position])
}

/// The numbers of a series, with their iterations.
pub(super) fn numbers<'a>(
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
