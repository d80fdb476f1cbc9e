//! Draws the legend of a plot, which explains the colours.

use super::figure::Legend;
use super::font;
use super::scene::{Anchor, Color, Frame, PANEL_TITLE, SMALL, Shape, color};

/// The maximum width of a label.
const WIDEST: f32 = 240.0;
/// The minimum width of a label; a narrower legend is not drawn.
const NARROWEST: f32 = 30.0;
/// The width of the coloured line before each label.
const KEY: f32 = 26.0;
/// The number of entries that nearly always fit.
const FEW: usize = 10;
const LINE_HEIGHT: f32 = SMALL + 7.0;

/// Returns the width of a legend, at most `most`; 0 if there is none.
pub(super) fn width(legend: &Legend, most: f32) -> f32 {
    if legend.entries.is_empty() || most < KEY + NARROWEST {
        return 0.0;
    }
    let labels = legend.entries.iter();
    let widest = labels.map(|(label, _)| KEY + font::width_within(label, SMALL, WIDEST));
    let title = font::width_within(&legend.title, SMALL, KEY + WIDEST);
    let widest = widest.fold(title, f32::max);
    let count = legend.entries.len();
    let note = match count > FEW {
        true => font::width(&note(count, count), SMALL),
        false => 0.0,
    };
    let widest = widest.max(note);
    widest.clamp(KEY + NARROWEST, KEY + WIDEST).min(most)
}

/// Draws a legend. If not all entries fit, draws only every n-th one, with a note that says so.
pub(super) fn draw(legend: &Legend, frame: Frame, shapes: &mut Vec<Shape>) {
    let mut y = frame.top + PANEL_TITLE;
    let faint = |text: &str, y: f32| {
        let text = font::fitting(text, SMALL, frame.width);
        let color = Color::FAINT_TEXT;
        Shape::text((frame.left, y), text, SMALL, Anchor::Start, color)
    };
    shapes.push(faint(&legend.title, y));
    let lines = ((frame.height - PANEL_TITLE) / LINE_HEIGHT) as usize;
    let count = legend.entries.len();
    let every = match count <= lines {
        true => 1,
        false => count.div_ceil(lines.saturating_sub(1).max(1)),
    };
    for (label, number) in legend.entries.iter().step_by(every) {
        y += LINE_HEIGHT;
        let middle = y - SMALL * 0.36;
        shapes.push(Shape::Line {
            points: vec![(frame.left, middle), (frame.left + 18.0, middle)],
            color: color(*number, legend.colors),
            width: 3.0,
        });
        let label = font::fitting(label, SMALL, frame.width - KEY);
        let at = (frame.left + KEY, y);
        shapes.push(Shape::text(at, label, SMALL, Anchor::Start, Color::TEXT));
    }
    if every > 1 {
        let shown = count.div_ceil(every);
        shapes.push(faint(&note(shown, count), y + LINE_HEIGHT));
    }
}

fn note(shown: usize, count: usize) -> String {
    format!("{shown} of {count} shown")
}
