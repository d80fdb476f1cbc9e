//! Computes the layout of a plot.

use super::axes::{Axes, apart};
use super::error::MOST;
use super::figure::{Panel, Plot};
use super::points::Point;
use super::scale::Scale;
use super::scene::{Anchor, Color, Frame, PANEL_TITLE, SMALL, Scene, Shape};
use super::{font, legend};

/// The font size of the title.
const TITLE: f32 = 17.0;

const MARGIN: f32 = 18.0;
/// The distance between panels.
const GAP: f32 = 26.0;
/// The inner size of a panel, if the size of the plot is not set.
const PANEL: (f32, f32) = (440.0, 300.0);

/// The factor by which bands on a logarithmic axis may extend below the lowest point. A lower end
/// that is nearly zero would take many decades.
const LOWER: f64 = 4.0;
/// The number of curves above which their lines are thin.
const MANY_CURVES: usize = 16;

pub(super) fn scene(plot: &Plot) -> Scene {
    let columns = plot.columns.clamp(1, plot.panels.len().max(1));
    let rows = plot.panels.len().div_ceil(columns);
    let most = plot.size.width.map_or(f32::MAX, |width| width as f32 * 0.3);
    let legend_width = legend::width(&plot.legend, most);
    let beside = if legend_width > 0.0 {
        legend_width + GAP
    } else {
        0.0
    };
    let head = head_height(plot);
    let per = (PANEL.0 + 60.0 + GAP, PANEL.1 + 64.0 + GAP);
    let needed = |length: f32| (length.ceil() as u32).min(MOST);
    let width = plot
        .size
        .width
        .unwrap_or_else(|| needed(per.0 * columns as f32 + beside + 2.0 * MARGIN - GAP));
    let height = plot
        .size
        .height
        .unwrap_or_else(|| needed(per.1 * rows as f32 + head + 2.0 * MARGIN - GAP));
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

/// Returns the scales of a panel: the x axis fits all panels, the y axis the panels of the same
/// variable, with or without their bands.
pub(super) fn scales(plot: &Plot, panel: &Panel, bands: bool) -> (Scale, Scale) {
    let all = plot.panels.iter().flat_map(points);
    let (mut low, mut high) = ends(all.map(|point| (point.x, point.x)), plot.log.x);
    if let Some(names) = &plot.categories {
        (low, high) = (-0.5, names.len() as f64 - 0.5);
    }
    let room = if plot.categories.is_some() { 0.0 } else { 0.02 };
    let mut all = plot.panels.iter().flat_map(points);
    let x = match !plot.log.x && all.all(|point| point.x.fract() == 0.0) {
        true => Scale::for_integers(low, high, room),
        false => Scale::around(low, high, plot.log.x, room),
    };
    let same = || {
        let panels = plot.panels.iter();
        let same = panels.filter(|other| other.variable == panel.variable);
        same.flat_map(points)
    };
    let lowest = same().map(|point| point.y).fold(f64::MAX, f64::min);
    let spans = same().map(|point| match bands {
        true if plot.log.y => (point.low.max(lowest / LOWER), point.high),
        true => (point.low, point.high),
        false => (point.y, point.y),
    });
    let (low, high) = ends(spans, plot.log.y);
    (x, Scale::around(low, high, plot.log.y, 0.05))
}

fn points(panel: &Panel) -> impl Iterator<Item = &Point> {
    panel.curves.iter().flat_map(|curve| &curve.points)
}

/// Returns the lowest and the highest number; without numbers, the ends of a default axis.
fn ends(spans: impl Iterator<Item = (f64, f64)>, log: bool) -> (f64, f64) {
    let ends = spans.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    ends.unwrap_or(if log { (1.0, 10.0) } else { (0.0, 1.0) })
}

#[cfg(test)]
mod tests;
