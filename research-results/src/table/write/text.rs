//! Text tables: aligned columns under a heading.

use std::fmt::Write;
use std::io;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::cell::Cell;
use crate::short_float::ShortFloat;

/// The maximum width of a cell; longer strings are truncated.
const WIDEST: usize = 80;

/// The width of a column, and the alignment of its cells.
struct Column {
    width: usize,
    is_number: bool,
}

/// The widths of the columns.
pub(super) struct Layout {
    columns: Vec<Column>,
    shown: String,
}

impl Layout {
    /// Creates columns that are as wide as the headings.
    pub(super) fn new(names: &[String]) -> Self {
        let mut shown = String::new();
        let column = |name: &String| {
            shorten(name, &mut shown);
            Column {
                width: shown.width(),
                is_number: true,
            }
        };
        Self {
            columns: names.iter().map(column).collect(),
            shown: String::new(),
        }
    }

    /// Widens the columns to the cells of a row.
    pub(super) fn measure(&mut self, row: &[Cell<'_>]) -> io::Result<()> {
        for (cell, column) in row.iter().zip(&mut self.columns) {
            show(cell, &mut self.shown)?;
            column.width = column.width.max(self.shown.width());
            column.is_number &= cell.is_number() || *cell == Cell::Missing;
        }
        Ok(())
    }

    pub(super) fn heading(&mut self, names: &[String], lines: &mut Vec<u8>) {
        for (place, (name, column)) in names.iter().zip(&self.columns).enumerate() {
            shorten(name, &mut self.shown);
            align(&self.shown, place, column, lines);
        }
        end_line(lines);
        for (place, column) in self.columns.iter().enumerate() {
            align(&"─".repeat(column.width), place, column, lines);
        }
        end_line(lines);
    }

    pub(super) fn row(&mut self, row: &[Cell<'_>], line: &mut Vec<u8>) -> io::Result<()> {
        for (place, (cell, column)) in row.iter().zip(&self.columns).enumerate() {
            show(cell, &mut self.shown)?;
            align(&self.shown, place, column, line);
        }
        end_line(line);
        Ok(())
    }
}

fn align(shown: &str, place: usize, column: &Column, line: &mut Vec<u8>) {
    let spaces = |count: usize, line: &mut Vec<u8>| line.extend(std::iter::repeat_n(b' ', count));
    let missing = column.width.saturating_sub(shown.width());
    if place > 0 {
        spaces(2, line);
    }
    if column.is_number {
        spaces(missing, line);
    }
    line.extend_from_slice(shown.as_bytes());
    if !column.is_number {
        spaces(missing, line);
    }
}

/// Ends a line, and removes the spaces at its end.
fn end_line(line: &mut Vec<u8>) {
    while line.last() == Some(&b' ') {
        line.pop();
    }
    line.push(b'\n');
}

/// Replaces the content of `shown` by a cell.
fn show(cell: &Cell<'_>, shown: &mut String) -> io::Result<()> {
    shown.clear();
    let written = match cell {
        Cell::Missing => Ok(()),
        Cell::Bool(value) => write!(shown, "{value}"),
        Cell::Int(value) => write!(shown, "{value}"),
        Cell::Count(value) => write!(shown, "{value}"),
        Cell::Float(value) => write!(shown, "{}", ShortFloat(*value)),
        Cell::Text(text) => {
            shorten(text, shown);
            Ok(())
        }
        Cell::Nested(value) => {
            shorten(&value.to_string(), shown);
            Ok(())
        }
    };
    written.map_err(io::Error::other)
}

/// Adds a string to `shown` as one line of at most [`WIDEST`] columns. Control characters, which
/// could move the cursor, are escaped.
fn shorten(text: &str, shown: &mut String) {
    shown.clear();
    let mut width = 0;
    for character in text.chars() {
        let before = shown.len();
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
        width += match character.width() {
            Some(width) => width,
            None => shown.len() - before,
        };
        if width > WIDEST {
            shown.truncate(before);
            while shown.width() >= WIDEST && shown.pop().is_some() {}
            shown.push('…');
            return;
        }
    }
}
