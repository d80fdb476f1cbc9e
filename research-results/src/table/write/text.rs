//! Text tables: aligned columns under a heading.

use std::fmt::Write;
use std::io;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::cell::Cell;
use crate::short_float::ShortFloat;

/// The maximum width of a cell; longer strings are truncated.
const WIDEST: usize = 80;
/// So many columns that are left out are named.
const NAMED: usize = 8;

/// The width of a column, and the alignment of its cells.
struct Column {
    width: usize,
    is_number: bool,
    /// The cell of the first row, and whether all rows have the same.
    first: Option<String>,
    is_constant: bool,
    is_shown: bool,
}

/// The widths of the columns.
pub(super) struct Layout {
    columns: Vec<Column>,
    shown: String,
    /// The width of all columns together, if it has a limit.
    limit: Option<usize>,
    widest: usize,
}

impl Layout {
    /// As wide as the headings.
    pub(super) fn new(names: &[String], limit: Option<usize>) -> Self {
        let widest = limit.map_or(WIDEST, |limit| (limit / 2).clamp(16, WIDEST));
        let mut shown = String::new();
        let column = |name: &String| {
            shorten(name, widest, &mut shown);
            Column {
                width: shown.width(),
                is_number: true,
                first: None,
                is_constant: true,
                is_shown: true,
            }
        };
        Self {
            columns: names.iter().map(column).collect(),
            shown: String::new(),
            limit,
            widest,
        }
    }

    /// Widens the columns to the cells of a row.
    pub(super) fn measure(&mut self, row: &[Cell<'_>]) -> io::Result<()> {
        for (cell, column) in row.iter().zip(&mut self.columns) {
            show(cell, self.widest, &mut self.shown)?;
            column.width = column.width.max(self.shown.width());
            column.is_number &= cell.is_number() || *cell == Cell::Missing;
            match &column.first {
                Some(first) => column.is_constant &= *first == self.shown,
                None if self.limit.is_some() => column.first = Some(self.shown.clone()),
                None => {}
            }
        }
        Ok(())
    }

    /// Hides columns, so that the others fit: of those that differ between rows, the ones at both
    /// ends are shown, and constant columns where there is room left.
    pub(super) fn fit(&mut self) {
        let Some(limit) = self.limit else {
            return;
        };
        let count = self.columns.len();
        let needed: usize = self.columns.iter().map(|column| column.width + 2).sum();
        if needed <= limit + 2 {
            return;
        }
        // From both ends to the middle.
        let from_ends = (0..count).map(|nth| match nth % 2 {
            0 => nth / 2,
            _ => count - 1 - nth / 2,
        });
        let (constant, differing): (Vec<usize>, Vec<usize>) =
            from_ends.partition(|at| *at > 0 && self.columns[*at].is_constant);
        let mut room = limit + 2;
        for at in differing.into_iter().chain(constant) {
            let column = &mut self.columns[at];
            let width = column.width + 2;
            // The first column is always there.
            column.is_shown = at == 0 || width <= room;
            room -= if column.is_shown { width.min(room) } else { 0 };
        }
    }

    /// Names the columns that are hidden.
    pub(super) fn left_out(&self, names: &[String], hint: &str, line: &mut Vec<u8>) {
        let columns = names.iter().zip(&self.columns);
        let hidden = columns.filter(|(_, column)| !column.is_shown);
        let mut shown = String::new();
        let hidden: Vec<String> = hidden
            .map(|(name, column)| {
                shorten(name, self.widest, &mut shown);
                match &column.first {
                    Some(first) if column.is_constant && !first.is_empty() => {
                        format!("{shown}={first}")
                    }
                    _ => shown.clone(),
                }
            })
            .collect();
        if hidden.is_empty() {
            return;
        }
        let (s, are) = match hidden.len() {
            1 => ("", "is"),
            _ => ("s", "are"),
        };
        let named = hidden.iter().take(NAMED).map(String::as_str);
        let mut named = named.collect::<Vec<_>>().join(", ");
        if let Some(others) = hidden.len().checked_sub(NAMED).filter(|others| *others > 0) {
            named = format!("{named} and {others} more");
        }
        let count = hidden.len();
        let text = format!("{count} column{s} {are} left out to fit: {named}\n{hint}\n");
        line.extend_from_slice(text.as_bytes());
    }

    pub(super) fn heading(&mut self, names: &[String], lines: &mut Vec<u8>) {
        let columns = names.iter().zip(&self.columns);
        let columns = columns.filter(|(_, column)| column.is_shown);
        for (place, (name, column)) in columns.enumerate() {
            shorten(name, self.widest, &mut self.shown);
            align(&self.shown, place, column, lines);
        }
        end_line(lines);
        let columns = self.columns.iter().filter(|column| column.is_shown);
        for (place, column) in columns.enumerate() {
            align(&"─".repeat(column.width), place, column, lines);
        }
        end_line(lines);
    }

    pub(super) fn row(&mut self, row: &[Cell<'_>], line: &mut Vec<u8>) -> io::Result<()> {
        let cells = row.iter().zip(&self.columns);
        let cells = cells.filter(|(_, column)| column.is_shown);
        for (place, (cell, column)) in cells.enumerate() {
            show(cell, self.widest, &mut self.shown)?;
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

/// Puts a cell into `shown`, in place of what was there.
fn show(cell: &Cell<'_>, widest: usize, shown: &mut String) -> io::Result<()> {
    shown.clear();
    let written = match cell {
        Cell::Missing => Ok(()),
        Cell::Bool(value) => write!(shown, "{value}"),
        Cell::Int(value) => write!(shown, "{value}"),
        Cell::Count(value) => write!(shown, "{value}"),
        Cell::Float(value) => write!(shown, "{}", ShortFloat(*value)),
        Cell::Text(text) => {
            shorten(text, widest, shown);
            Ok(())
        }
        Cell::Nested(value) => {
            shorten(&value.to_string(), widest, shown);
            Ok(())
        }
    };
    written.map_err(io::Error::other)
}

/// Adds a string to `shown` as one line of at most [`WIDEST`] columns. Control characters, which
/// could move the cursor, are escaped.
fn shorten(text: &str, widest: usize, shown: &mut String) {
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
        if width > widest {
            shown.truncate(before);
            while shown.width() >= widest && shown.pop().is_some() {}
            shown.push('…');
            return;
        }
    }
}
