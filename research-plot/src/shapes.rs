//! Draws curves and their bands between axes.

use super::axes::Axes;
use super::figure::Curve;
use super::points::Point;
use super::scene::{Color, Shape, color, marker};

/// The number of points up to which a curve has dots.
const FEW_POINTS: usize = 24;

impl Axes<'_> {
    fn color(&self, curve: &Curve) -> Color {
        color(curve.color, self.plot.legend.colors)
    }

    /// Draws the band around a curve, if it has one.
    pub(super) fn draw_band(&self, curve: &Curve, shapes: &mut Vec<Shape>) {
        let has_band = curve.points.iter().any(|point| point.low < point.high);
        if !has_band {
            return;
        }
        let color = self.color(curve);
        if !curve.joined || curve.points.len() == 1 {
            for point in &curve.points {
                let ends = [self.at(point.x, point.low), self.at(point.x, point.high)];
                shapes.push(Shape::Line {
                    points: ends.map(|at| self.aside(curve, at)).to_vec(),
                    color,
                    width: 1.5,
                    style: 0,
                });
            }
            return;
        }
        let points = self.seen(curve);
        let above = points.iter().map(|point| self.at(point.x, point.high));
        let below = points.iter().rev().map(|point| self.at(point.x, point.low));
        shapes.push(Shape::Area {
            points: above.chain(below).collect(),
            color,
            opacity: 0.18,
        });
    }

    /// Draws a curve: a line, dots, or both.
    pub(super) fn draw_curve(&self, curve: &Curve, shapes: &mut Vec<Shape>) {
        let color = self.color(curve);
        let points = self.seen(curve);
        let points: Vec<(f32, f32)> = points
            .iter()
            .map(|point| self.at(point.x, point.y))
            .collect();
        if !curve.joined || points.len() <= FEW_POINTS {
            let radius = if curve.joined && points.len() > 1 {
                2.4
            } else {
                3.4
            };
            let marker =
                |at: &(f32, f32)| marker(self.aside(curve, *at), curve.style, radius, color);
            shapes.extend(points.iter().map(marker));
        }
        if curve.joined && points.len() > 1 {
            shapes.push(Shape::Line {
                points,
                color,
                width: self.line_width,
                style: curve.style,
            });
        }
    }

    /// Moves a point sideways, so that the points of the groups at a named x value are side by
    /// side.
    fn aside(&self, curve: &Curve, at: (f32, f32)) -> (f32, f32) {
        let Some(names) = &self.plot.categories else {
            return at;
        };
        let legend = &self.plot.legend;
        let room = self.frame.width / names.len().max(1) as f32 * 0.6;
        let step = (room / legend.looks() as f32).min(14.0);
        let middle = (legend.looks() - 1) as f32 / 2.0;
        (at.0 + (legend.look(curve) as f32 - middle) * step, at.1)
    }

    /// Returns only the points that are visible: the lowest and the highest point in each column of
    /// pixels, with the band of all points there. Keeps all points of a curve that is not joined.
    fn seen(&self, curve: &Curve) -> Vec<Point> {
        let columns = (self.frame.width as usize).max(100);
        if !curve.joined || curve.points.len() <= columns * 2 {
            return curve.points.clone();
        }
        let column = |point: &Point| (self.x.place(point.x) * columns as f64) as usize;
        let mut seen = Vec::with_capacity(columns * 2);
        for column in curve.points.chunk_by(|a, b| column(a) == column(b)) {
            let places = 0..column.len();
            let by_height = |a: &usize, b: &usize| column[*a].y.total_cmp(&column[*b].y);
            let least = places.clone().min_by(by_height);
            let most = places.max_by(by_height);
            let low = column.iter().map(|point| point.low);
            let high = column.iter().map(|point| point.high);
            let low = low.fold(f64::INFINITY, f64::min);
            let high = high.fold(f64::NEG_INFINITY, f64::max);
            let mut ends = [least, most];
            ends.sort_unstable();
            let ends = ends[usize::from(ends[0] == ends[1])..].iter().flatten();
            seen.extend(ends.map(|place| Point {
                low,
                high,
                ..column[*place]
            }));
        }
        seen
    }
}
