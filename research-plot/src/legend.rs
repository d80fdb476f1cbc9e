//! Draws the legend of a plot, which explains the colours and line styles.

use super::figure::Legend;
use super::font;
use super::scene::{Anchor, Color, Frame, PANEL_TITLE, SMALL, STYLES, Shape, color, marker};

/// The maximum width of a label.
const WIDEST: f32 = 240.0;
/// The minimum width of a label; a narrower legend is not drawn.
const NARROWEST: f32 = 30.0;
/// The width of the coloured line before each label.
const KEY: f32 = 26.0;
/// The same in a line style.
const STYLE_KEY: f32 = 46.0;
/// The length of a line of a colour, and of one in a line style.
const KEY_LINE: f32 = 18.0;
const STYLE_LINE: f32 = 38.0;
/// The number of entries that nearly always fit.
const FEW: usize = 10;
const LINE_HEIGHT: f32 = SMALL + 7.0;

/// Returns the width of a legend, at most `most`; 0 if there is none.
pub(super) fn width(legend: &Legend, most: f32) -> f32 {
    let Legend {
        title,
        entries,
        style_title,
        styles,
        ..
    } = legend;
    if entries.is_empty() && styles.is_empty() || most < KEY + NARROWEST {
        return 0.0;
    }
    let keyed = |key: f32| move |label: &String| key + font::width_within(label, SMALL, WIDEST);
    let widest = entries.iter().map(keyed(KEY));
    let widest = widest.chain(styles.iter().map(keyed(STYLE_KEY)));
    let titles = [title, style_title].map(|title| font::width_within(title, SMALL, KEY + WIDEST));
    let widest = widest.chain(titles).fold(0.0, f32::max);
    let count = entries.len().max(styles.len());
    let note = match count > FEW {
        true => font::width(&note(count, count), SMALL),
        false => 0.0,
    };
    let widest = widest.max(note);
    widest.clamp(KEY + NARROWEST, STYLE_KEY + WIDEST).min(most)
}

/// Draws a legend: the colours, and below them the line styles.
pub(super) fn draw(legend: &Legend, frame: Frame, shapes: &mut Vec<Shape>) {
    let mut frame = Frame {
        top: frame.top + PANEL_TITLE,
        height: frame.height - PANEL_TITLE,
        ..frame
    };
    if !legend.entries.is_empty() {
        let styles = match legend.styles.len() {
            0 => 0,
            count => count.min(STYLES) + 2,
        };
        let lines = ((frame.height / LINE_HEIGHT) as usize).saturating_sub(styles);
        let key = |number: usize, at: (f32, f32), shapes: &mut Vec<Shape>| {
            shapes.push(Shape::Line {
                points: vec![at, (at.0 + KEY_LINE, at.1)],
                color: color(number, legend.colors),
                width: 3.0,
                style: 0,
            });
        };
        let used = section(
            &legend.title,
            &legend.entries,
            (frame, lines),
            (KEY, key),
            shapes,
        );
        frame.top += used + LINE_HEIGHT;
        frame.height -= used + LINE_HEIGHT;
    }
    if !legend.styles.is_empty() {
        let lines = (frame.height / LINE_HEIGHT) as usize;
        let key = |number: usize, at: (f32, f32), shapes: &mut Vec<Shape>| {
            let color = match legend.entries.is_empty() {
                true => color(0, 1),
                false => Color::FAINT_TEXT,
            };
            shapes.push(Shape::Line {
                points: vec![at, (at.0 + STYLE_LINE, at.1)],
                color,
                width: 2.0,
                style: number,
            });
            let middle = (at.0 + STYLE_LINE / 2.0, at.1);
            shapes.push(marker(middle, number, 3.4, color));
        };
        let labels = (&legend.style_title, &legend.styles);
        section(labels.0, labels.1, (frame, lines), (STYLE_KEY, key), shapes);
    }
}

/// Draws a title and labels, each behind what `key` draws, in a frame with room for so many lines;
/// returns the height. If not all labels fit, draws only every n-th one, with a note that says so.
fn section(
    title: &str,
    labels: &[String],
    (frame, lines): (Frame, usize),
    (key_width, key): (f32, impl Fn(usize, (f32, f32), &mut Vec<Shape>)),
    shapes: &mut Vec<Shape>,
) -> f32 {
    let mut y = frame.top;
    let faint = |text: &str, y: f32| {
        let text = font::fitting(text, SMALL, frame.width);
        let color = Color::FAINT_TEXT;
        Shape::text((frame.left, y), text, SMALL, Anchor::Start, color)
    };
    shapes.push(faint(title, y));
    let count = labels.len();
    let every = match count <= lines {
        true => 1,
        false => count.div_ceil(lines.saturating_sub(1).max(1)),
    };
    for (number, label) in labels.iter().enumerate().step_by(every) {
        y += LINE_HEIGHT;
        key(number, (frame.left, y - SMALL * 0.36), shapes);
        let label = font::fitting(label, SMALL, frame.width - key_width);
        let at = (frame.left + key_width, y);
        shapes.push(Shape::text(at, label, SMALL, Anchor::Start, Color::TEXT));
    }
    if every > 1 {
        y += LINE_HEIGHT;
        shapes.push(faint(&note(count.div_ceil(every), count), y));
    }
    y + LINE_HEIGHT - frame.top
}

fn note(shown: usize, count: usize) -> String {
    format!("{shown} of {count} shown")
}
