//! Where everything stands in a picture.

use super::Plot;
use super::curves::{Curve, Panel};
use super::error::MOST;
use super::points::Point;
use super::scale::{Scale, Tick};
use super::scene::{Anchor, Color, Scene, Shape, color};
use super::{font, legend};

/// Sizes of texts.
const TITLE: f32 = 17.0;
pub(super) const PANEL_TITLE: f32 = 14.0;
pub(super) const SMALL: f32 = 12.0;

const MARGIN: f32 = 18.0;
/// Between panels.
const GAP: f32 = 26.0;
/// What a panel has inside, if nobody says how large the picture is.
const PANEL: (f32, f32) = (440.0, 300.0);
/// What the names of places on the x axis take at least, if they are as long.
const NAME: f32 = 64.0;
/// How far the labels of an axis may stand beyond its ends.
const BEYOND: f32 = 16.0;
/// Curves of no more points than these have dots.
const FEW_POINTS: usize = 24;

/// More curves than these are thin.
const MANY_CURVES: usize = 16;

/// A part of the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

/// The axes of a panel.
struct Axes<'a> {
    plot: &'a Plot,
    x: Scale,
    y: Scale,
    /// Where the curves are.
    frame: Frame,
    line_width: f32,
}

/// A label of the x axis.
struct XLabel {
    text: String,
    /// Where its tick is.
    at: f32,
    /// Where its own middle is.
    middle: f32,
}

pub(super) fn scene(plot: &Plot) -> Scene {
    let columns = plot.columns.clamp(1, plot.panels.len().max(1));
    let rows = plot.panels.len().div_ceil(columns);
    let most = plot.size.map_or(f32::MAX, |(width, _)| width as f32 * 0.3);
    let legend_width = legend::width(&plot.legend, most);
    let beside = if legend_width > 0.0 {
        legend_width + GAP
    } else {
        0.0
    };
    let head = head_height(plot);
    let (width, height) = plot.size.unwrap_or_else(|| {
        let per = (PANEL.0 + 60.0 + GAP, PANEL.1 + 64.0 + GAP);
        let width = per.0 * columns as f32 + beside + 2.0 * MARGIN - GAP;
        let height = per.1 * rows as f32 + head + 2.0 * MARGIN - GAP;
        let whole = |length: f32| (length.ceil() as u32).min(MOST);
        (whole(width), whole(height))
    });
    let mut shapes = Vec::new();
    head_texts(plot, width as f32 - 2.0 * MARGIN, &mut shapes);
    let inner = Frame {
        left: MARGIN,
        top: MARGIN + head,
        width: width as f32 - 2.0 * MARGIN - beside,
        height: height as f32 - 2.0 * MARGIN - head,
    };
    let cell = (
        (inner.width - GAP * (columns - 1) as f32) / columns as f32,
        (inner.height - GAP * (rows - 1) as f32) / rows as f32,
    );
    for (place, panel) in plot.panels.iter().enumerate() {
        let frame = Frame {
            left: inner.left + (place % columns) as f32 * (cell.0 + GAP),
            top: inner.top + (place / columns) as f32 * (cell.1 + GAP),
            width: cell.0.max(60.0),
            height: cell.1.max(60.0),
        };
        draw_panel(plot, panel, frame, &mut shapes);
    }
    if legend_width > 0.0 {
        let frame = Frame {
            left: inner.left + inner.width + GAP,
            width: legend_width,
            ..inner
        };
        legend::draw(&plot.legend, frame, &mut shapes);
    }
    Scene {
        width,
        height,
        shapes,
    }
}

fn head_height(plot: &Plot) -> f32 {
    let title = if plot.title.is_some() {
        TITLE + 8.0
    } else {
        0.0
    };
    let caption = if plot.caption.is_empty() {
        0.0
    } else {
        SMALL + 8.0
    };
    title + caption
}

fn head_texts(plot: &Plot, room: f32, shapes: &mut Vec<Shape>) {
    let mut y = MARGIN;
    let mut add = |text: &str, y: f32, size: f32, color: Color| {
        let text = font::fitting(text, size, room);
        shapes.push(Shape::text((MARGIN, y), text, size, Anchor::Start, color));
    };
    if let Some(title) = &plot.title {
        y += TITLE;
        add(title, y, TITLE, Color::TEXT);
        y += 8.0;
    }
    if !plot.caption.is_empty() {
        add(&plot.caption, y + SMALL - 2.0, SMALL, Color::FAINT_TEXT);
    }
}

fn draw_panel(plot: &Plot, panel: &Panel, frame: Frame, shapes: &mut Vec<Shape>) {
    let (x, y) = scales(plot, panel, true);
    let height = frame.height - PANEL_TITLE - 2.0 * SMALL - 30.0;
    let y_ticks = apart(y.ticks((frame.height / 48.0) as usize), &y, height);
    let labels = y_ticks.iter().map(|tick| font::width(&tick.label, SMALL));
    let left = labels.fold(0.0, f32::max) + 10.0;
    let axes = Axes {
        plot,
        x,
        y,
        frame: Frame {
            left: frame.left + left,
            top: frame.top + PANEL_TITLE + 12.0,
            width: frame.width - left - 6.0,
            height,
        },
        line_width: if panel.curves.len() > MANY_CURVES {
            1.0
        } else {
            1.7
        },
    };
    let title = font::fitting(&panel.title, PANEL_TITLE, axes.frame.width + 6.0);
    let at = (axes.frame.left, frame.top + PANEL_TITLE);
    let title = Shape::text(at, title, PANEL_TITLE, Anchor::Start, Color::TEXT);
    shapes.push(title);
    axes.draw(&y_ticks, shapes);
    for curve in &panel.curves {
        axes.draw_band(curve, shapes);
    }
    for curve in &panel.curves {
        axes.draw_curve(curve, shapes);
    }
}

/// The ticks of a y axis of this height whose labels do not cover those below them: on a logarithmic
/// axis they are not equally far apart.
fn apart(mut ticks: Vec<Tick>, axis: &Scale, height: f32) -> Vec<Tick> {
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

/// The x axis is that of all panels, the y axis that of the panels of the same variable, with or
/// without room for bands.
pub(super) fn scales(plot: &Plot, panel: &Panel, bands: bool) -> (Scale, Scale) {
    let all = plot.panels.iter().flat_map(points);
    let (mut low, mut high) = ends(all.map(|point| (point.x, point.x)), plot.log.x);
    if let Some(names) = &plot.categories {
        (low, high) = (-0.5, names.len() as f64 - 0.5);
    }
    let room = if plot.categories.is_some() { 0.0 } else { 0.02 };
    let mut all = plot.panels.iter().flat_map(points);
    let x = match !plot.log.x && all.all(|point| point.x.fract() == 0.0) {
        true => Scale::of_whole(low, high, room),
        false => Scale::around(low, high, plot.log.x, room),
    };
    let same = plot
        .panels
        .iter()
        .filter(|other| other.variable == panel.variable);
    let spans = same.flat_map(points).map(|point| match point {
        point if !bands => (point.y, point.y),
        point if plot.log.y && point.low <= 0.0 => (point.y, point.high),
        point => (point.low, point.high),
    });
    let (low, high) = ends(spans, plot.log.y);
    (x, Scale::around(low, high, plot.log.y, 0.05))
}

fn points(panel: &Panel) -> impl Iterator<Item = &Point> {
    panel.curves.iter().flat_map(|curve| &curve.points)
}

/// The lowest and the highest of all; if there are none, those of some axis.
fn ends(spans: impl Iterator<Item = (f64, f64)>, log: bool) -> (f64, f64) {
    let ends = spans.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    ends.unwrap_or(if log { (1.0, 10.0) } else { (0.0, 1.0) })
}

impl Axes<'_> {
    fn at(&self, x: f64, y: f64) -> (f32, f32) {
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

    fn draw(&self, y_ticks: &[Tick], shapes: &mut Vec<Shape>) {
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

    /// As many as there is room for.
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

    /// Where there is no room for the name of every place, those of every so many.
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

    /// A label under its tick, or as near to that as the panel is wide.
    fn x_label(&self, at: f64, text: String) -> XLabel {
        let (at, _) = self.at(at, 0.0);
        let half = font::width(&text, SMALL) / 2.0;
        let first = self.frame.left - BEYOND + half;
        let last = self.frame.left + self.frame.width + BEYOND - half;
        let middle = at.min(last).max(first);
        XLabel { text, at, middle }
    }

    fn color(&self, curve: &Curve) -> Color {
        color(curve.color, self.plot.legend.colors)
    }

    fn draw_band(&self, curve: &Curve, shapes: &mut Vec<Shape>) {
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
                });
            }
            return;
        }
        let points = thinned(&curve.points, self.frame.width);
        let above = points.iter().map(|point| self.at(point.x, point.high));
        let below = points.iter().rev().map(|point| self.at(point.x, point.low));
        shapes.push(Shape::Area {
            points: above.chain(below).collect(),
            color,
            opacity: 0.18,
        });
    }

    fn draw_curve(&self, curve: &Curve, shapes: &mut Vec<Shape>) {
        let color = self.color(curve);
        let points = thinned(&curve.points, self.frame.width);
        let points: Vec<(f32, f32)> = points
            .iter()
            .map(|point| self.at(point.x, point.y))
            .collect();
        if !curve.joined || points.len() <= FEW_POINTS {
            shapes.extend(points.iter().map(|at| Shape::Dot {
                at: self.aside(curve, *at),
                radius: if curve.joined && points.len() > 1 {
                    2.4
                } else {
                    3.4
                },
                color,
            }));
        }
        if curve.joined && points.len() > 1 {
            shapes.push(Shape::Line {
                points,
                color,
                width: self.line_width,
            });
        }
    }

    /// Over a place with a name, the groups stand side by side.
    fn aside(&self, curve: &Curve, at: (f32, f32)) -> (f32, f32) {
        let Some(names) = &self.plot.categories else {
            return at;
        };
        let colors = self.plot.legend.colors.max(1);
        let room = self.frame.width / names.len().max(1) as f32 * 0.6;
        let step = (room / colors as f32).min(14.0);
        let middle = (colors - 1) as f32 / 2.0;
        (at.0 + (curve.color as f32 - middle) * step, at.1)
    }
}

/// No more points than can be seen: of those that share a pixel, the lowest and the highest.
fn thinned(points: &[Point], width: f32) -> Vec<Point> {
    let bins = (width as usize).max(100);
    if points.len() <= bins * 2 {
        return points.to_vec();
    }
    let mut thin = Vec::with_capacity(bins * 2);
    for bin in points.chunks(points.len().div_ceil(bins)) {
        let least = bin.iter().min_by(|a, b| a.y.total_cmp(&b.y));
        let most = bin.iter().max_by(|a, b| a.y.total_cmp(&b.y));
        let mut ends: Vec<Point> = least.into_iter().chain(most).copied().collect();
        ends.sort_by(|a, b| a.x.total_cmp(&b.x));
        thin.append(&mut ends);
    }
    thin
}

#[cfg(test)]
mod tests;
