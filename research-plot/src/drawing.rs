//! Draws the curves, from values that are read when they are needed.

use super::figure::{Curve, Panel};
use super::grouping::{self, Grouping};
use super::options::{Band, Log, PlotOptions};
use super::points::{Numbers, Point, Points, Thinning, numbers, shown_positions};
use super::survey::Surveyed;
use super::x_axis::XAxis;
use research_core::StorageError;
use research_results::source::{Order, Partition, Source, Visit};
use research_results::{ExperimentResult, TableOptions};

/// The settings for drawing curves.
pub(super) struct Drawing<'a, 'x> {
    pub(super) variables: &'a [&'a Surveyed],
    pub(super) along: &'a XAxis<'x>,
    pub(super) log: Log,
    pub(super) filters: &'a TableOptions,
    pub(super) options: &'a PlotOptions,
    /// The maximum number of points of a curve.
    pub(super) most: usize,
}

/// The points of a curve, and whether points were left out.
type Drawn = (Vec<Point>, bool);

/// A group of experiments with a curve for each variable.
struct Group<'g, 'a> {
    col: usize,
    curve: &'g grouping::Group<'a>,
    /// The points of each variable.
    drawn: Vec<Drawn>,
}

impl Drawing<'_, '_> {
    /// Adds the curves to their panels. Returns whether points of a curve were left out.
    pub(super) fn draw(
        &self,
        source: &dyn Source,
        grouping: &Grouping<'_>,
        panels: &mut [Panel],
    ) -> Result<bool, StorageError> {
        let names = self.variables.iter().map(|variable| &variable.name);
        let values = self.filters.clone().variables(names);
        let groups = grouping.curves.iter();
        let mut groups: Vec<Group<'_, '_>> = groups
            .map(|((col, _), curve)| Group {
                col: *col,
                curve,
                drawn: Vec::new(),
            })
            .collect();
        for group in &mut groups {
            let has_means =
                matches!(self.along, XAxis::Iterations) && group.curve.members.len() > 1;
            let partitions = match has_means {
                true => source.divide_by_iterations(&group.curve.members)?,
                false => Vec::new(),
            };
            if !partitions.is_empty() {
                group.drawn =
                    self.draw_by_iterations(source, &group.curve.members, &partitions, &values)?;
            }
        }
        self.draw_together(source, &mut groups, &values)?;
        let mut is_thinned = false;
        for group in groups {
            for (number, (mut points, thinned)) in group.drawn.into_iter().enumerate() {
                is_thinned |= thinned;
                if self.variables[number].is_proportion() {
                    self.limit_bands(&mut points);
                }
                if !points.is_empty() {
                    let panel = &mut panels[number * grouping.cols.len() + group.col];
                    panel.curves.push(Curve {
                        color: group.curve.color,
                        style: group.curve.style,
                        points,
                        joined: self.along.joins(self.options),
                    });
                }
            }
        }
        Ok(is_thinned)
    }

    /// Draws the groups that were not drawn yet, in one pass over the values.
    fn draw_together(
        &self,
        source: &dyn Source,
        groups: &mut [Group<'_, '_>],
        values: &TableOptions,
    ) -> Result<(), StorageError> {
        let rest = || groups.iter().filter(|group| group.drawn.is_empty());
        let members: Vec<&ExperimentResult> = rest()
            .flat_map(|group| &group.curve.members)
            .copied()
            .collect();
        let mut rest = groups.iter_mut().filter(|group| group.drawn.is_empty());
        let mut group = rest.next();
        let mut taken = 0;
        let mut points = self.no_points();
        source.for_each_value(&members, values, Order::Rising, &mut |visit| {
            let Some(current) = &mut group else {
                return;
            };
            let x = self.along.place(members[visit.position]);
            for (variable, points) in self.variables.iter().zip(&mut points) {
                self.add(variable, &visit, x, current.curve.members.len(), points);
            }
            taken += usize::from(visit.is_last);
            if taken == current.curve.members.len() {
                let points = std::mem::replace(&mut points, self.no_points());
                let finished = points.into_iter().map(|points| self.finish(points));
                current.drawn = finished.collect();
                group = rest.next();
                taken = 0;
            }
        })
    }

    /// Adds the saved values of one experiment to a curve of `members` experiments.
    fn add(
        &self,
        variable: &Surveyed,
        visit: &Visit<'_>,
        x: Option<f64>,
        members: usize,
        points: &mut Points,
    ) {
        let Some(series) = visit.experiment.variable(&variable.name) else {
            return;
        };
        let numbers = numbers(series, self.filters);
        match self.along {
            XAxis::Iterations if members == 1 => {
                if visit.is_first {
                    let known = variable.lengths.get(&visit.experiment.number);
                    let shown = || shown_positions(series, self.filters).count();
                    let count = known.copied().unwrap_or_else(shown);
                    *points = Points::of_one(count, self.log, self.most);
                }
                points.add_single(numbers);
            }
            XAxis::Iterations => points.add_curve(numbers, self.options.needs_all_numbers()),
            _ => points.add_last(x, numbers, self.options.needs_all_numbers(), visit.is_last),
        }
    }

    /// Draws a curve of several experiments, one range of iterations after another.
    fn draw_by_iterations(
        &self,
        source: &dyn Source,
        members: &[&ExperimentResult],
        partitions: &[Partition],
        values: &TableOptions,
    ) -> Result<Vec<Drawn>, StorageError> {
        let read = |see: &mut dyn FnMut(usize, Vec<(f64, Numbers)>)| {
            for range in partitions.chunk_by(|one, next| one.iterations == next.iterations) {
                let mut points = self.no_points();
                for partition in range {
                    let chosen = &members[partition.experiments.clone()];
                    let part = source.read(chosen, partition.iterations.as_ref(), values)?;
                    for experiment in chosen.iter().filter_map(|one| part.experiment(one.number)) {
                        for (variable, points) in self.variables.iter().zip(&mut points) {
                            if let Some(series) = experiment.variable(&variable.name) {
                                let numbers = numbers(series, self.filters);
                                points.add_curve(numbers, self.options.needs_all_numbers());
                            }
                        }
                    }
                }
                for (number, points) in points.into_iter().enumerate() {
                    see(number, points.into_gathered());
                }
            }
            Ok::<(), StorageError>(())
        };
        // Count the points first: the number decides which of them are left out.
        let mut counts = vec![0; self.variables.len()];
        read(&mut |number, places| counts[number] += places.len())?;
        let counts = counts.into_iter();
        let mut curves: Vec<Thinning> = counts
            .map(|count| Thinning::new(count, self.log, self.most))
            .collect();
        read(&mut |number, places| {
            for (x, numbers) in places {
                curves[number].push(numbers.point(x, self.options));
            }
        })?;
        Ok(curves.into_iter().map(Thinning::finish).collect())
    }

    /// Cuts the deviations of numbers between 0 and 1 that reach beyond them.
    fn limit_bands(&self, points: &mut [Point]) {
        if matches!(self.options.band_drawn(), Band::Deviation(_)) {
            for point in points {
                point.low = point.low.max(0.0).min(point.y);
                point.high = point.high.min(1.0).max(point.y);
            }
        }
    }

    fn no_points(&self) -> Vec<Points> {
        self.variables.iter().map(|_| Points::default()).collect()
    }

    fn finish(&self, points: Points) -> Drawn {
        points.finish(self.log, self.options, self.most)
    }
}
