//! The points of a curve: the saved values of a group of experiments, over iterations or a
//! parameter.

mod moments;

use super::options::{Log, PlotOptions};
use research_results::Series;
use research_results::TableOptions;
use research_results::numbers::number_at;

pub(super) use moments::Numbers;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
    /// The ends of the band around the point.
    pub(super) low: f64,
    pub(super) high: f64,
    /// The number of experiments that the point summarizes.
    pub(super) count: usize,
}

/// Collects the values of the experiments of a curve.
#[derive(Debug, Default)]
pub(super) struct Points {
    /// The numbers of several experiments, in order of x.
    gathered: Vec<(f64, Numbers)>,
    /// The points of the only experiment.
    single: Option<Thinning>,
    /// The last number so far of the current experiment.
    last: Option<f64>,
}

impl Points {
    /// Creates the points of a curve with a single experiment, which has `count` values.
    pub(super) fn of_one(count: usize, log: Log, most: usize) -> Self {
        Self {
            single: Some(Thinning::new(count, log, most)),
            ..Self::default()
        }
    }

    /// Adds values of the only experiment, over iterations.
    pub(super) fn add_single(&mut self, numbers: impl Iterator<Item = (u64, f64)>) {
        let Some(points) = &mut self.single else {
            return;
        };
        for (iteration, number) in numbers.filter(|(_, number)| number.is_finite()) {
            points.push(Point {
                x: iteration as f64,
                y: number,
                low: number,
                high: number,
                count: 1,
            });
        }
    }

    /// Adds values of an experiment, over rising iterations.
    pub(super) fn add_curve(&mut self, numbers: impl Iterator<Item = (u64, f64)>, keeps_all: bool) {
        let places = &mut self.gathered;
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
                numbers.push(number, keeps_all);
            } else if let Some((place, numbers)) = added.last_mut()
                && *place == x
            {
                numbers.push(number, keeps_all);
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

    /// Adds values of an experiment of which only the last one is drawn, at `place`; `is_last`
    /// marks the last visit of the experiment.
    pub(super) fn add_last(
        &mut self,
        place: Option<f64>,
        numbers: impl Iterator<Item = (u64, f64)>,
        keeps_all: bool,
        is_last: bool,
    ) {
        self.last = numbers.last().map(|(_, number)| number).or(self.last);
        if !is_last {
            return;
        }
        let last = self.last.take().filter(|number| number.is_finite());
        let (Some(x), Some(number)) = (place, last) else {
            return;
        };
        let places = &mut self.gathered;
        match places.binary_search_by(|(place, _)| place.total_cmp(&x)) {
            Ok(position) => places[position].1.push(number, keeps_all),
            Err(position) => places.insert(position, (x, Numbers::One(number))),
        }
    }

    /// Returns the numbers of several experiments, in order of x.
    pub(super) fn into_gathered(self) -> Vec<(f64, Numbers)> {
        self.gathered
    }

    /// Returns at most about `most` points, and whether points were left out.
    pub(super) fn finish(self, log: Log, options: &PlotOptions, most: usize) -> (Vec<Point>, bool) {
        if let Some(points) = self.single {
            return points.finish();
        }
        let mut points = Thinning::new(self.gathered.len(), log, most);
        for (x, numbers) in self.gathered {
            points.push(numbers.point(x, options));
        }
        points.finish()
    }
}

/// Selects the points of a curve that are shown: if there are too many, the points with the lowest
/// and the highest end of a band in each bucket of successive points.
#[derive(Debug)]
pub(super) struct Thinning {
    log: Log,
    /// The number of successive points in a bucket, of which at most two are shown; `None` if all
    /// points are shown.
    bucket: Option<usize>,
    kept: Vec<Point>,
    /// The number of points in the current bucket.
    count: usize,
    /// The points of the bucket with the lowest and the highest end, each with its position.
    ends: Option<[(usize, Point); 2]>,
}

impl Thinning {
    /// Creates a selection that shows at most about `most` of `count` points.
    pub(super) fn new(count: usize, log: Log, most: usize) -> Self {
        Self {
            log,
            bucket: (count > most).then(|| count.div_ceil((most / 2).max(1))),
            kept: Vec::new(),
            count: 0,
            ends: None,
        }
    }

    /// Adds a point with a greater x than those before.
    pub(super) fn push(&mut self, point: Point) {
        let in_log = |log: bool, value: f64| !log || value > 0.0;
        let is_shown = point.x.is_finite()
            && point.y.is_finite()
            && in_log(self.log.x, point.x)
            && in_log(self.log.y, point.y);
        if !is_shown {
            return;
        }
        let Some(bucket) = self.bucket else {
            self.kept.push(point);
            return;
        };
        let added = (self.count, point);
        match &mut self.ends {
            None => self.ends = Some([added, added]),
            Some([lowest, highest]) => {
                if point.low.total_cmp(&lowest.1.low).is_lt() {
                    *lowest = added;
                }
                if point.high.total_cmp(&highest.1.high).is_ge() {
                    *highest = added;
                }
            }
        }
        self.count += 1;
        if self.count == bucket {
            self.end_bucket();
        }
    }

    /// Returns the selected points, and whether points were left out.
    pub(super) fn finish(mut self) -> (Vec<Point>, bool) {
        self.end_bucket();
        (self.kept, self.bucket.is_some())
    }

    fn end_bucket(&mut self) {
        self.count = 0;
        if let Some([lowest, highest]) = self.ends.take() {
            let (first, second) = match lowest.0 <= highest.0 {
                true => (lowest, highest),
                false => (highest, lowest),
            };
            self.kept.push(first.1);
            if second.0 != first.0 {
                self.kept.push(second.1);
            }
        }
    }
}

/// Returns the positions of the values whose iterations are shown.
pub(super) fn shown_positions<'a>(
    series: &'a Series,
    filters: &'a TableOptions,
) -> impl Iterator<Item = usize> + 'a {
    let shown = filters.iterations_shown();
    (0..series.len()).filter(move |position| {
        shown.is_none_or(|shown| {
            let iteration = series.iteration(*position);
            iteration.is_some_and(|iteration| shown.contains(&iteration))
        })
    })
}

/// Returns the numbers of a series with their iterations.
pub(super) fn numbers<'a>(
    series: &'a Series,
    filters: &'a TableOptions,
) -> impl Iterator<Item = (u64, f64)> + 'a {
    shown_positions(series, filters).filter_map(move |position| {
        let number = number_at(series.column(), position)?;
        Some((series.iteration(position)?, number))
    })
}
