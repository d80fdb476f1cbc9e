//! Where everything stands in a picture.

use super::curves::{Curve, Panel, Point};
use super::font;
use super::scale::Scale;
use super::scene::{Anchor, Color, Scene, Shape, color};
use super::{Legend, Plot};

/// Sizes of texts.
const TITLE: f32 = 17.0;
const PANEL_TITLE: f32 = 14.0;
const SMALL: f32 = 12.0;

const MARGIN: f32 = 18.0;
/// Between panels.
const GAP: f32 = 26.0;
/// What a panel has inside, if nobody says how large the picture is.
const PANEL: (f32, f32) = (440.0, 300.0);
/// The widest text of a legend.
const WIDEST_LABEL: f32 = 240.0;
/// Curves of no more points than these have dots.
const FEW_POINTS: usize = 24;

/// More curves than these are thin.
const MANY_CURVES: usize = 16;

/// A part of the picture.
#[derive(Clone, Copy)]
struct Frame {
    left: f32,
    top: f32,
    width: f32,
    height: f32,
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

pub(super) fn scene(plot: &Plot) -> Scene {
    let columns = plot.columns.clamp(1, plot.panels.len().max(1));
    let rows = plot.panels.len().div_ceil(columns);
    let legend_width = legend_width(&plot.legend);
    let head = head_height(plot);
    let (width, height) = plot.size.unwrap_or_else(|| {
        let per = (PANEL.0 + 60.0 + GAP, PANEL.1 + 64.0 + GAP);
        let width = per.0 * columns as f32 + legend_width + 2.0 * MARGIN - GAP;
        let height = per.1 * rows as f32 + head + 2.0 * MARGIN - GAP;
        (width.ceil() as u32, height.ceil() as u32)
    });
    let mut shapes = Vec::new();
    head_texts(plot, &mut shapes);
    let inner = Frame {
        left: MARGIN,
        top: MARGIN + head,
        width: width as f32 - 2.0 * MARGIN - legend_width,
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
    let legend_left = width as f32 - MARGIN - legend_width + GAP;
    draw_legend(plot, legend_left, inner, &mut shapes);
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

fn head_texts(plot: &Plot, shapes: &mut Vec<Shape>) {
    let mut y = MARGIN;
    if let Some(title) = &plot.title {
        y += TITLE;
        shapes.push(text((MARGIN, y), title, TITLE, Anchor::Start, Color::TEXT));
        y += 8.0;
    }
    if !plot.caption.is_empty() {
        let at = (MARGIN, y + SMALL - 2.0);
        shapes.push(text(
            at,
            &plot.caption,
            SMALL,
            Anchor::Start,
            Color::FAINT_TEXT,
        ));
    }
}

fn draw_panel(plot: &Plot, panel: &Panel, frame: Frame, shapes: &mut Vec<Shape>) {
    let (x, y) = scales(plot, panel, true);
    let y_ticks = y.ticks((frame.height / 48.0) as usize);
    let labels = y_ticks.iter().map(|tick| font::width(&tick.label, SMALL));
    let left = labels.fold(0.0, f32::max) + 10.0;
    let above = PANEL_TITLE + 12.0;
    let axes = Axes {
        plot,
        x,
        y,
        frame: Frame {
            left: frame.left + left,
            top: frame.top + above,
            width: frame.width - left - 6.0,
            height: frame.height - above - 2.0 * SMALL - 18.0,
        },
        line_width: if panel.curves.len() > MANY_CURVES {
            1.0
        } else {
            1.7
        },
    };
    let title = fitting(&panel.title, PANEL_TITLE, frame.width);
    let at = (axes.frame.left, frame.top + PANEL_TITLE);
    shapes.push(text(at, &title, PANEL_TITLE, Anchor::Start, Color::TEXT));
    axes.draw(&y_ticks, shapes);
    for curve in &panel.curves {
        axes.draw_band(curve, shapes);
    }
    for curve in &panel.curves {
        axes.draw_curve(curve, shapes);
    }
}

/// The x axis is that of all panels, the y axis that of the panels of the same variable, with or
/// without room for bands.
pub(super) fn scales(plot: &Plot, panel: &Panel, bands: bool) -> (Scale, Scale) {
    let all = plot.panels.iter().flat_map(points);
    let (mut low, mut high) = ends(all.map(|point| (point.x, point.x)));
    if let Some(names) = &plot.categories {
        (low, high) = (-0.5, names.len() as f64 - 0.5);
    }
    let room = if plot.categories.is_some() { 0.0 } else { 0.02 };
    let mut x = Scale::around(low, high, plot.log.x, room);
    if !plot.log.x
        && plot
            .panels
            .iter()
            .flat_map(points)
            .all(|point| point.x.fract() == 0.0)
    {
        x = x.whole();
    }
    let same = plot
        .panels
        .iter()
        .filter(|other| other.variable == panel.variable);
    let spans = same.flat_map(points).map(|point| match point {
        point if !bands => (point.y, point.y),
        point if plot.log.y && point.low <= 0.0 => (point.y, point.high),
        point => (point.low, point.high),
    });
    let (low, high) = ends(spans);
    (x, Scale::around(low, high, plot.log.y, 0.05))
}

fn points(panel: &Panel) -> impl Iterator<Item = &Point> {
    panel.curves.iter().flat_map(|curve| &curve.points)
}

/// The lowest and the highest of all; 0 and 1 if there are none.
fn ends(spans: impl Iterator<Item = (f64, f64)>) -> (f64, f64) {
    let finite = spans.filter(|(low, high)| low.is_finite() && high.is_finite());
    let ends = finite.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    ends.unwrap_or((0.0, 1.0))
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

    fn draw(&self, y_ticks: &[super::scale::Tick], shapes: &mut Vec<Shape>) {
        let Frame {
            left,
            top,
            width,
            height,
        } = self.frame;
        let (right, bottom) = (left + width, top + height);
        for tick in y_ticks {
            let (_, y) = self.at(0.0, tick.at);
            shapes.push(line([(left, y), (right, y)], Color::GRID));
            let at = (left - 6.0, y + SMALL * 0.36);
            shapes.push(text(at, &tick.label, SMALL, Anchor::End, Color::TEXT));
        }
        for (at, label) in self.x_ticks() {
            let (x, _) = self.at(at, 0.0);
            shapes.push(line([(x, top), (x, bottom)], Color::GRID));
            shapes.push(line([(x, bottom), (x, bottom + 4.0)], Color::AXIS));
            let at = (x, bottom + SMALL + 5.0);
            shapes.push(text(at, &label, SMALL, Anchor::Middle, Color::TEXT));
        }
        shapes.push(line([(left, top), (left, bottom)], Color::AXIS));
        shapes.push(line([(left, bottom), (right, bottom)], Color::AXIS));
        let label = fitting(&self.plot.x_label, SMALL, width);
        let at = (left + width / 2.0, bottom + 2.0 * SMALL + 11.0);
        shapes.push(text(at, &label, SMALL, Anchor::Middle, Color::FAINT_TEXT));
    }

    /// As many ticks as there is room for their labels.
    fn x_ticks(&self) -> Vec<(f64, String)> {
        let width = self.frame.width;
        if let Some(names) = &self.plot.categories {
            let room = width / names.len().max(1) as f32;
            // Where there is no room for every name, every so many are shown.
            let every = (names.len() as f32 * 40.0 / width).ceil().max(1.0) as usize;
            let shown = |name: &String| fitting(name, SMALL, room * every as f32 - 6.0);
            let named = names.iter().enumerate().step_by(every);
            return named.map(|(at, name)| (at as f64, shown(name))).collect();
        }
        for count in (2..=(width / 50.0) as usize).rev() {
            let ticks = self.x.ticks(count);
            let mut end = f32::NEG_INFINITY;
            let fits = ticks.iter().all(|tick| {
                let (x, half) = (
                    self.at(tick.at, 0.0).0,
                    font::width(&tick.label, SMALL) / 2.0,
                );
                let fits = x - half > end + 8.0;
                end = x + half;
                fits
            });
            if fits {
                return ticks
                    .into_iter()
                    .map(|tick| (tick.at, tick.label))
                    .collect();
            }
        }
        Vec::new()
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

fn legend_width(legend: &Legend) -> f32 {
    if legend.entries.is_empty() {
        return 0.0;
    }
    let labels = legend.entries.iter().map(|(label, _)| label);
    let widest = labels
        .chain([&legend.title])
        .map(|label| font::width(label, SMALL) + 26.0);
    widest.fold(0.0, f32::max).min(WIDEST_LABEL + 26.0) + GAP
}

fn draw_legend(plot: &Plot, left: f32, inner: Frame, shapes: &mut Vec<Shape>) {
    let legend = &plot.legend;
    if legend.entries.is_empty() {
        return;
    }
    let mut y = inner.top + PANEL_TITLE;
    let title = fitting(&legend.title, SMALL, WIDEST_LABEL + 26.0);
    shapes.push(text(
        (left, y),
        &title,
        SMALL,
        Anchor::Start,
        Color::FAINT_TEXT,
    ));
    let line_height = SMALL + 7.0;
    let room = ((inner.height - PANEL_TITLE) / line_height) as usize;
    let every = legend.entries.len().div_ceil(room.saturating_sub(1).max(1));
    for (label, number) in legend.entries.iter().step_by(every) {
        y += line_height;
        let middle = y - SMALL * 0.36;
        shapes.push(Shape::Line {
            points: vec![(left, middle), (left + 18.0, middle)],
            color: color(*number, legend.colors),
            width: 3.0,
        });
        let label = fitting(label, SMALL, WIDEST_LABEL);
        shapes.push(text(
            (left + 26.0, y),
            &label,
            SMALL,
            Anchor::Start,
            Color::TEXT,
        ));
    }
}

/// A text cut to a width.
fn fitting(text: &str, size: f32, width: f32) -> String {
    if font::width(text, size) <= width {
        return text.to_owned();
    }
    let mut cut: Vec<char> = text.chars().collect();
    while !cut.is_empty() && font::width(&String::from_iter(&cut), size) > width - size {
        cut.pop();
    }
    cut.push('…');
    String::from_iter(cut)
}

fn text(at: (f32, f32), text: &str, size: f32, anchor: Anchor, color: Color) -> Shape {
    Shape::Text {
        at,
        text: text.to_owned(),
        size,
        anchor,
        color,
    }
}

fn line(points: [(f32, f32); 2], color: Color) -> Shape {
    Shape::Line {
        points: points.to_vec(),
        color,
        width: 1.0,
    }
}
