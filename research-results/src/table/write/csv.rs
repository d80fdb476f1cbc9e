//! Comma-separated values.

use std::io::{self, Write};

use research_domain::Value;

use super::json;
use crate::cell::Cell;

/// Writes the line with the names of the columns.
pub(super) fn heading(columns: &[String], line: &mut Vec<u8>) {
    for (place, column) in columns.iter().enumerate() {
        separate(place, line);
        text(column, line);
    }
    line.push(b'\n');
}

pub(super) fn row(row: &[Cell<'_>], line: &mut Vec<u8>) -> io::Result<()> {
    for (place, value) in row.iter().enumerate() {
        separate(place, line);
        cell(value, line)?;
    }
    line.push(b'\n');
    Ok(())
}

fn separate(place: usize, line: &mut Vec<u8>) {
    if place > 0 {
        line.push(b',');
    }
}

fn cell(cell: &Cell<'_>, line: &mut Vec<u8>) -> io::Result<()> {
    match cell {
        Cell::Missing => {}
        Cell::Bool(value) => write!(line, "{value}")?,
        Cell::Int(value) => write!(line, "{value}")?,
        Cell::Count(value) => write!(line, "{value}")?,
        // `Debug` writes the shortest form that reads back exactly.
        Cell::Float(value) => write!(line, "{value:?}")?,
        Cell::Text(value) => text(value, line),
        Cell::Nested(bytes @ Value::Bytes(_)) => text(&bytes.to_string(), line),
        Cell::Nested(value) => {
            let mut nested = Vec::new();
            json::value(value, &mut nested)?;
            text(&String::from_utf8_lossy(&nested), line);
        }
    }
    Ok(())
}

/// Writes a string. An empty string has quotes, because an empty field is a missing value.
fn text(text: &str, line: &mut Vec<u8>) {
    let is_plain = !text.is_empty() && !text.contains([',', '"', '\n', '\r']);
    if is_plain {
        line.extend_from_slice(text.as_bytes());
        return;
    }
    line.push(b'"');
    for (place, part) in text.split('"').enumerate() {
        if place > 0 {
            line.extend_from_slice(b"\"\"");
        }
        line.extend_from_slice(part.as_bytes());
    }
    line.push(b'"');
}
