//! Comma-separated values.

use std::io::{self, Write};

use research_domain::Value;

use super::{Buffered, json};
use crate::table::{Cell, Table};

pub(super) fn write(table: &Table<'_>, output: &mut Buffered<'_>) -> io::Result<()> {
    for (place, column) in table.columns().iter().enumerate() {
        separate(place, &mut output.bytes);
        text(column, &mut output.bytes);
    }
    output.bytes.push(b'\n');
    rows(table, output)
}

/// The rows without the names of the columns.
pub(super) fn rows(table: &Table<'_>, output: &mut Buffered<'_>) -> io::Result<()> {
    table.for_each_row(|row| {
        for (place, value) in row.iter().enumerate() {
            separate(place, &mut output.bytes);
            cell(value, &mut output.bytes)?;
        }
        output.bytes.push(b'\n');
        output.end_row()
    })
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
        // `Debug` is the shortest form that reads back.
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

/// An empty text has quotes, so that it is not taken for nothing.
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
