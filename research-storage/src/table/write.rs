//! Writing tables.

mod csv;
mod json;
mod text;

use std::io::{self, Write};

use super::{Cell, Format, Table};

pub(super) use text::Short;

/// Writes a table in a form.
pub(super) fn table(table: &Table<'_>, format: Format, output: &mut dyn Write) -> io::Result<()> {
    let mut output = Buffered::new(output);
    match format {
        Format::Table => text::write(table, &mut output)?,
        Format::Csv => csv::write(table, &mut output)?,
        Format::Json => json::write_array(table, &mut output)?,
        Format::JsonLines => json::write_lines(table, &mut output)?,
    }
    output.finish()
}

/// Writes the rows of a table as comma-separated values, without the names of its columns.
#[cfg(feature = "parquet")]
pub(super) fn csv_rows(table: &Table<'_>, output: &mut dyn Write) -> io::Result<()> {
    let mut output = Buffered::new(output);
    csv::rows(table, &mut output)?;
    output.finish()
}

impl Cell<'_> {
    /// The cell as JSON; what is missing is `null`, and what JSON has no numbers for is text, as in
    /// [`Format::Json`].
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = Vec::new();
        // Memory takes everything.
        let _ = json::cell(self, &mut text);
        String::from_utf8(text).unwrap_or_default()
    }
}

/// Gathers bytes into pieces. Unlike a `BufWriter`, it does not try again to write what an output
/// has refused when it is dropped.
struct Buffered<'a> {
    output: &'a mut dyn Write,
    bytes: Vec<u8>,
}

impl<'a> Buffered<'a> {
    const PIECE: usize = 64 * 1024;

    fn new(output: &'a mut dyn Write) -> Self {
        Self {
            output,
            bytes: Vec::with_capacity(Self::PIECE + 1024),
        }
    }

    /// Ends a row: writes what has been gathered if it is enough.
    fn end_row(&mut self) -> io::Result<()> {
        if self.bytes.len() >= Self::PIECE {
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
