//! Draws plots with characters, for a terminal.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::figure::{Curve, Legend, Panel, Plot};
use super::layout::scales;
use super::scale::{Scale, Tick};
use super::truncate;

/// The codes of terminal colours; the first ones are the easiest to distinguish.
const COLORS: [u8; 6] = [34, 33, 32, 31, 35, 36];

/// The characters of a panel, each with 2 × 4 dots.
struct Canvas {
    columns: usize,
    rows: usize,
    /// The dots of each character, and the colour of the dot that was drawn last.
    cells: Vec<(u8, usize)>,
}

pub(super) fn draw(plot: &Plot, columns: usize, rows: usize, colors: bool) -> String {
    let (columns, rows) = (columns.clamp(24, 400), rows.clamp(4, 200));
    let mut text = String::new();
    for line in plot.title.iter().chain([&plot.caption]) {
        if !line.is_empty() {
            line_of(&mut text, &plain(line));
        }
    }
    for panel in &plot.panels {
        line_of(&mut text, "");
        line_of(&mut text, &fitting(&panel.title, columns));
        draw_panel(plot, panel, (columns, rows), colors, &mut text);
    }
    legend(plot, columns, colors, &mut text);
    text
}

fn draw_panel(plot: &Plot, panel: &Panel, size: (usize, usize), colors: bool, text: &mut String) {
    let (x, y) = scales(plot, panel, false);
    let y_ticks = y.ticks(size.1 / 4);
    let left = y_ticks
        .iter()
        .map(|tick| tick.label.width())
        .max()
        .unwrap_or(0);
    let mut canvas = Canvas::new(size.0.saturating_sub(left + 5).max(10), size.1);
    for curve in &panel.curves {
        canvas.draw(curve, &x, &y);
    }
    let at_row = |tick: &Tick| ((1.0 - y.place(tick.at)) * (size.1 - 1) as f64).round() as usize;
    let labels: BTreeMap<usize, &str> = y_ticks
        .iter()
        .map(|tick| (at_row(tick), tick.label.as_str()))
        .collect();
    let marks = marks(plot, panel, &y, size.1);
    for row in 0..size.1 {
        let label = labels.get(&row).copied().unwrap_or_default();
        let axis = if label.is_empty() { '│' } else { '┤' };
        let _ = write!(text, "{}{label} {axis}", " ".repeat(left - label.width()));
        canvas.write_row(row, colors, text);
        if let Some((letter, color)) = marks.get(&row) {
            text.push(' ');
            colored(*color, colors, &letter.to_string(), text);
        }
        end_line(text);
    }
    let _ = write!(text, "{} └{}", " ".repeat(left), "─".repeat(canvas.columns));
    end_line(text);
    x_labels(plot, &x, canvas.columns, left + 2, text);
}

/// Returns the letters of curves, at the rows where the curves end; at most one per row.
fn marks(plot: &Plot, panel: &Panel, y: &Scale, rows: usize) -> BTreeMap<usize, (char, usize)> {
    let mut marks = BTreeMap::new();
    let looks = looks(plot);
    if looks.len() < 2 {
        return marks;
    }
    for curve in &panel.curves {
        let Some(last) = curve.points.last() else {
            continue;
        };
        let wanted = ((1.0 - y.place(last.y)) * (rows - 1) as f64).round() as usize;
        let free = |row: &usize| !marks.contains_key(row);
        let near = (0..rows)
            .filter(free)
            .min_by_key(|row| row.abs_diff(wanted));
        let look = looks.binary_search(&(curve.color, curve.style)).ok();
        if let (Some(row), Some(letter)) = (near, look.and_then(letter)) {
            marks.insert(row, (letter, curve.color));
        }
    }
    marks
}

fn letter(number: usize) -> Option<char> {
    ('A'..='Z').chain('a'..='z').nth(number)
}

fn x_labels(plot: &Plot, x: &Scale, columns: usize, left: usize, text: &mut String) {
    // A label is as wide as its share of the axis, but at least wide enough to read.
    let places = plot.categories.as_ref().map_or(1, Vec::len);
    let room = (columns / places.max(1)).saturating_sub(2).max(10);
    let ticks: Vec<(f64, String)> = match &plot.categories {
        Some(names) => names
            .iter()
            .enumerate()
            .map(|(at, name)| (at as f64, fitting(name, room)))
            .collect(),
        None => x
            .ticks(columns / 12)
            .into_iter()
            .map(|tick| (tick.at, tick.label))
            .collect(),
    };
    let mut line = String::new();
    for (at, label) in ticks {
        let middle = left as f64 + x.place(at) * (columns - 1) as f64;
        let begin = (middle - label.width() as f64 / 2.0).round().max(0.0) as usize;
        let gap = usize::from(!line.is_empty());
        if begin >= line.width() + gap && begin + label.width() <= left + columns {
            let _ = write!(line, "{}{label}", " ".repeat(begin - line.width()));
        }
    }
    line_of(text, &line);
    let name = fitting(&plot.x_label, columns);
    let begin = left + (columns.saturating_sub(name.width())) / 2;
    line_of(text, &format!("{}{name}", " ".repeat(begin)));
}

fn legend(plot: &Plot, columns: usize, colors: bool, text: &mut String) {
    let Legend {
        title,
        entries,
        style_title,
        styles,
        ..
    } = &plot.legend;
    if entries.is_empty() && styles.is_empty() {
        return;
    }
    let joined = |color: Option<&String>, style: Option<&String>| {
        let parts = [color, style].into_iter().flatten();
        let parts = parts.filter(|part| !part.is_empty()).map(String::as_str);
        fitting(&parts.collect::<Vec<_>>().join(", "), columns - 2)
    };
    line_of(text, "");
    line_of(text, &joined(Some(title), Some(style_title)));
    let looks = looks(plot);
    for (number, (color, style)) in looks.iter().enumerate() {
        let Some(letter) = letter(number) else {
            line_of(text, &format!("… and {} more", looks.len() - number));
            break;
        };
        colored(*color, colors, &letter.to_string(), text);
        let label = joined(entries.get(*color), styles.get(*style));
        let _ = write!(text, " {label}");
        end_line(text);
    }
}

/// The colours and line styles of the curves, each pair once, in order.
fn looks(plot: &Plot) -> Vec<(usize, usize)> {
    let curves = plot.panels.iter().flat_map(|panel| &panel.curves);
    let looks: BTreeSet<_> = curves.map(|curve| (curve.color, curve.style)).collect();
    looks.into_iter().collect()
}

impl Canvas {
    fn new(columns: usize, rows: usize) -> Self {
        Self {
            columns,
            rows,
            cells: vec![(0, 0); columns * rows],
        }
    }

    fn draw(&mut self, curve: &Curve, x: &Scale, y: &Scale) {
        let (width, height) = (self.columns * 2 - 1, self.rows * 4 - 1);
        let dots = curve.points.iter().map(|point| {
            let across = x.place(point.x) * width as f64;
            let down = (1.0 - y.place(point.y)) * height as f64;
            (across, down)
        });
        let mut before = None;
        for dot in dots {
            let from = match before {
                Some(before) if curve.joined => before,
                _ => dot,
            };
            self.line(from, dot, curve.color);
            before = Some(dot);
        }
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), color: usize) {
        let (across, down) = (to.0 - from.0, to.1 - from.1);
        let steps = across.abs().max(down.abs()).ceil().max(1.0);
        for step in 0..=steps as usize {
            let share = step as f64 / steps;
            let dot = (from.0 + across * share, from.1 + down * share);
            self.dot(dot.0.round() as usize, dot.1.round() as usize, color);
        }
    }

    fn dot(&mut self, across: usize, down: usize, color: usize) {
        /// The bits of the dots of a braille character, by row and column.
        const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        let place = down / 4 * self.columns + across / 2;
        if let Some(cell) = self.cells.get_mut(place) {
            *cell = (cell.0 | BITS[down % 4][across % 2], color);
        }
    }

    fn write_row(&self, row: usize, colors: bool, text: &mut String) {
        for (dots, color) in &self.cells[row * self.columns..][..self.columns] {
            let character = char::from_u32(0x2800 + u32::from(*dots)).unwrap_or(' ');
            match dots {
                0 => text.push(' '),
                _ => colored(*color, colors, &character.to_string(), text),
            }
        }
    }
}

fn colored(number: usize, colors: bool, what: &str, text: &mut String) {
    if colors {
        let _ = write!(text, "\x1b[{}m{what}\x1b[0m", COLORS[number % COLORS.len()]);
    } else {
        text.push_str(what);
    }
}

/// Replaces characters that would move the cursor by spaces.
fn plain(text: &str) -> String {
    text.chars()
        .map(|one| if one.is_control() { ' ' } else { one })
        .collect()
}

/// Truncates a name to `columns`, without characters that would move the cursor.
fn fitting(name: &str, columns: usize) -> String {
    let width = |one: char| one.width().unwrap_or_default() as f32;
    truncate::fitting(&plain(name), columns as f32, width)
}

fn line_of(text: &mut String, line: &str) {
    text.push_str(line);
    end_line(text);
}

/// Ends a line, and removes spaces at its end.
fn end_line(text: &mut String) {
    while text.ends_with(' ') {
        text.pop();
    }
    text.push('\n');
}
