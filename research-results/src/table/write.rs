//! Writes tables.

mod csv;
mod json;
mod text;

use std::fmt;
use std::io::{self, Write};

use super::{Format, Table};
use crate::cell::Cell;

impl Table<'_> {
    /// Writes the table, in chunks of about 64 KB.
    ///
    /// # Errors
    /// The output cannot be written, which includes a reader that closed its pipe.
    pub fn write(&self, format: Format, output: &mut dyn Write) -> io::Result<()> {
        let mut rows = RowWriter::new(format, 0, output);
        rows.begin(self.columns())?;
        if format.is_text() {
            self.for_each_row(|row| rows.measure(row))?;
        }
        rows.heading()?;
        self.for_each_row(|row| rows.row(row))?;
        rows.finish()
    }

    /// Writes the rows as comma-separated values, without the names of the columns.
    pub(crate) fn write_csv_rows(&self, output: &mut dyn Write) -> io::Result<()> {
        let mut rows = RowWriter::new(Format::Csv, 0, output);
        self.for_each_row(|row| rows.row(row))?;
        rows.finish()
    }
}

/// Formats the table as [`Format::Table`].
impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        self.write(Format::Table, &mut text)
            .map_err(|_| fmt::Error)?;
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

/// Writes rows one by one.
pub(crate) struct RowWriter<'a> {
    output: Buffered<'a>,
    format: Format,
    names: Vec<String>,
    /// The names of the columns as the beginnings of items of a JSON object.
    keys: Vec<Vec<u8>>,
    is_first: bool,
    layout: text::Layout,
    /// The first rows of a plain-text table, which set the widths of its columns.
    first: Vec<Vec<Cell<'static>>>,
    measured: usize,
}

impl<'a> RowWriter<'a> {
    /// Creates a writer. The first `measured` rows set the column widths of a plain-text table.
    pub(crate) fn new(format: Format, measured: usize, output: &'a mut dyn Write) -> Self {
        Self {
            output: Buffered::new(output),
            format,
            names: Vec::new(),
            keys: Vec::new(),
            is_first: true,
            layout: text::Layout::new(&[], None),
            first: Vec::new(),
            measured,
        }
    }

    /// Widens the columns of a plain-text table to the cells of a row.
    pub(crate) fn measure(&mut self, row: &[Cell<'_>]) -> io::Result<()> {
        self.layout.measure(row)
    }

    /// Writes the heading of a plain-text table, whose columns were measured.
    pub(crate) fn heading(&mut self) -> io::Result<()> {
        match self.format {
            Format::Table | Format::Fitted { .. } => self.write_first(),
            _ => Ok(()),
        }
    }

    /// Sets the names of the columns, and writes the part above the rows. It does not write the
    /// heading of a plain-text table, whose columns are measured first.
    pub(crate) fn begin(&mut self, names: &[String]) -> io::Result<()> {
        self.names = names.to_vec();
        match self.format {
            Format::Table => self.layout = text::Layout::new(names, None),
            Format::Fitted { columns, .. } => {
                self.layout = text::Layout::new(names, Some(columns));
            }
            Format::Csv => csv::heading(names, &mut self.output.bytes),
            Format::Json => {
                self.keys = json::keys(names)?;
                self.output.bytes.push(b'[');
            }
            Format::JsonLines => self.keys = json::keys(names)?,
        }
        self.output.end_row()
    }

    pub(crate) fn row(&mut self, row: &[Cell<'_>]) -> io::Result<()> {
        let bytes = &mut self.output.bytes;
        match self.format {
            Format::Table | Format::Fitted { .. } if self.first.len() < self.measured => {
                self.layout.measure(row)?;
                self.first
                    .push(row.iter().map(Cell::to_owned_cell).collect());
                if self.first.len() == self.measured {
                    self.write_first()?;
                    self.measured = 0;
                }
            }
            Format::Table | Format::Fitted { .. } => self.layout.row(row, bytes)?,
            Format::Csv => csv::row(row, bytes)?,
            Format::Json => {
                let separator: &[u8] = if self.is_first { b"\n" } else { b",\n" };
                self.is_first = false;
                bytes.extend_from_slice(separator);
                json::object(&self.keys, row, bytes)?;
            }
            Format::JsonLines => {
                json::object(&self.keys, row, bytes)?;
                bytes.push(b'\n');
            }
        }
        self.output.end_row()
    }

    /// Writes the remaining rows.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        match self.format {
            Format::Table | Format::Fitted { .. } if self.measured > 0 => self.write_first()?,
            Format::Json => {
                let end: &[u8] = if self.is_first { b"]\n" } else { b"\n]\n" };
                self.output.bytes.extend_from_slice(end);
            }
            _ => {}
        }
        if let Format::Fitted { hint, .. } = self.format {
            self.layout
                .left_out(&self.names, hint, &mut self.output.bytes);
        }
        self.output.finish()
    }

    fn write_first(&mut self) -> io::Result<()> {
        self.layout.fit();
        self.layout.heading(&self.names, &mut self.output.bytes);
        for row in std::mem::take(&mut self.first) {
            self.layout.row(&row, &mut self.output.bytes)?;
            self.output.end_row()?;
        }
        Ok(())
    }
}

impl Cell<'_> {
    /// Returns a copy of the cell that borrows nothing. Lists and maps become JSON.
    pub(crate) fn to_owned_cell(&self) -> Cell<'static> {
        match self {
            Self::Missing => Cell::Missing,
            Self::Bool(value) => Cell::Bool(*value),
            Self::Int(value) => Cell::Int(*value),
            Self::Count(value) => Cell::Count(*value),
            Self::Float(value) => Cell::Float(*value),
            Self::Text(text) => Cell::from(text.as_ref().to_owned()),
            Self::Nested(value) => Cell::from(value.to_string()),
        }
    }

    /// Returns the cell as JSON. Missing values are `null`, and numbers that JSON does not support
    /// are text, as in [`Format::Json`].
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = Vec::new();
        // Writing to memory does not fail.
        let _ = json::cell(self, &mut text);
        String::from_utf8(text).unwrap_or_default()
    }
}

/// Collects bytes into chunks. Unlike a `BufWriter`, it does not retry a failed write when it is
/// dropped.
struct Buffered<'a> {
    output: &'a mut dyn Write,
    bytes: Vec<u8>,
}

impl<'a> Buffered<'a> {
    const CHUNK: usize = 64 * 1024;

    fn new(output: &'a mut dyn Write) -> Self {
        Self {
            output,
            bytes: Vec::with_capacity(Self::CHUNK + 1024),
        }
    }

    /// Ends a row: writes the collected bytes if they are a chunk.
    fn end_row(&mut self) -> io::Result<()> {
        if self.bytes.len() >= Self::CHUNK {
            self.output.write_all(&self.bytes)?;
            self.bytes.clear();
        }
        Ok(())
    }

    fn finish(self) -> io::Result<()> {
        self.output.write_all(&self.bytes)?;
        self.output.flush()
    }
}
