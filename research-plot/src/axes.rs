//! Draws the axes of a panel: lines, ticks and their labels.

use super::figure::Plot;
use super::font;
use super::scale::{Scale, Tick};
use super::scene::{Anchor, Color, Frame, SMALL, Shape};

/// The minimum space for a long name on the x axis.
const NAME: f32 = 64.0;
/// The distance by which labels of the x axis may extend beyond its ends.
const BEYOND: f32 = 16.0;

/// The axes of a panel.
pub(super) struct Axes<'a> {
    pub(super) plot: &'a Plot,
    pub(super) x: Scale,
    pub(super) y: Scale,
    /// The rectangle of the curves.
    pub(super) frame: Frame,
    pub(super) line_width: f32,
}

/// A label of the x axis.
struct XLabel {
    text: String,
    /// The x position of its tick.
    at: f32,
    /// The x position of the middle of the label.
    middle: f32,
}

impl Axes<'_> {
    /// Returns the position of a point in the scene.
    pub(super) fn at(&self, x: f64, y: f64) -> (f32, f32) {
        let Frame {
            left,
            top,
            width,
            height,
        } = self.frame;
        (
            left + self.x.place(x) as f32 * width,
            top + (1.0 - self.y.place(y) as f32) * height,
        )
    }

    /// Draws the axes, with these ticks on the y axis.
    pub(super) fn draw(&self, y_ticks: &[Tick], shapes: &mut Vec<Shape>) {
        let Frame {
            left,
            top,
            width,
            height,
        } = self.frame;
        let (right, bottom) = (left + width, top + height);
        for tick in y_ticks {
            let (_, y) = self.at(0.0, tick.at);
            shapes.push(Shape::thin_line([(left, y), (right, y)], Color::GRID));
            let at = (left - 6.0, y + SMALL * 0.36);
            let label = tick.label.as_str();
            shapes.push(Shape::text(at, label, SMALL, Anchor::End, Color::TEXT));
        }
        for XLabel { text, at, middle } in self.x_labels() {
            shapes.push(Shape::thin_line([(at, top), (at, bottom)], Color::GRID));
            let tick = [(at, bottom), (at, bottom + 4.0)];
            shapes.push(Shape::thin_line(tick, Color::AXIS));
            let at = (middle, bottom + SMALL + 5.0);
            shapes.push(Shape::text(at, text, SMALL, Anchor::Middle, Color::TEXT));
        }
        shapes.push(Shape::thin_line([(left, top), (left, bottom)], Color::AXIS));
        shapes.push(Shape::thin_line(
            [(left, bottom), (right, bottom)],
            Color::AXIS,
        ));
        let label = font::fitting(&self.plot.x_label, SMALL, width);
        let at = (left + width / 2.0, bottom + 2.0 * SMALL + 11.0);
        let color = Color::FAINT_TEXT;
        shapes.push(Shape::text(at, label, SMALL, Anchor::Middle, color));
    }

    /// Returns the labels of the x axis that fit.
    fn x_labels(&self) -> Vec<XLabel> {
        if let Some(names) = &self.plot.categories {
            return self.names(names);
        }
        for count in (2..=(self.frame.width / 50.0) as usize).rev() {
            let ticks = self.x.ticks(count).into_iter();
            let labels: Vec<XLabel> = ticks
                .map(|tick| self.x_label(tick.at, tick.label))
                .collect();
            let mut end = f32::NEG_INFINITY;
            let fit = labels.iter().all(|label| {
                let half = font::width(&label.text, SMALL) / 2.0;
                let fits = label.middle - half > end + 8.0;
                end = label.middle + half;
                fits
            });
            if fit {
                return labels;
            }
        }
        Vec::new()
    }

    /// Returns the labels of named values; only every n-th one if not all fit.
    fn names(&self, names: &[String]) -> Vec<XLabel> {
        let per = self.frame.width.max(1.0) / names.len().max(1) as f32;
        let widths = names
            .iter()
            .map(|name| font::width_within(name, SMALL, NAME));
        let wanted = widths.fold(0.0, f32::max) + 8.0;
        let every = (wanted / per).ceil().max(1.0) as usize;
        let shown = names.iter().enumerate().step_by(every);
        let label = |(place, name): (usize, &String)| {
            let (at, _) = self.at(place as f64, 0.0);
            let to_end = (at - self.frame.left).min(self.frame.left + self.frame.width - at);
            let room = (per * every as f32 - 8.0).min(2.0 * (to_end + BEYOND));
            self.x_label(place as f64, font::fitting(name, SMALL, room))
        };
        shown.map(label).collect()
    }

    /// Returns a label centred under its tick. It is moved only if it would leave the panel
    /// otherwise.
    fn x_label(&self, at: f64, text: String) -> XLabel {
        let (at, _) = self.at(at, 0.0);
        let half = font::width(&text, SMALL) / 2.0;
        let first = self.frame.left - BEYOND + half;
        let last = self.frame.left + self.frame.width + BEYOND - half;
        let middle = at.min(last).max(first);
        XLabel { text, at, middle }
    }
}

/// Removes ticks of a y axis whose labels would overlap those below them. This is needed on
/// logarithmic axes, whose distances differ.
pub(super) fn apart(mut ticks: Vec<Tick>, axis: &Scale, height: f32) -> Vec<Tick> {
    let mut last = f32::NEG_INFINITY;
    let stands_apart = |tick: &Tick| {
        let at = axis.place(tick.at) as f32 * height;
        let is_apart = at - last >= SMALL;
        if is_apart {
            last = at;
        }
        is_apart
    };
    ticks.retain(stands_apart);
    ticks
}
