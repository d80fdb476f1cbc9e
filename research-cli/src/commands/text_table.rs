//! Plain text tables.

use std::io::{self, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// Prints rows under their titles; columns of numbers are right-aligned.
pub(crate) fn print(
    out: &mut dyn Write,
    titles: &[impl AsRef<str>],
    rows: &[Vec<String>],
) -> io::Result<()> {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(titles.iter().map(AsRef::as_ref))
        .add_rows(rows);
    for (position, column) in table.column_iter_mut().enumerate() {
        let is_number = |row: &Vec<String>| {
            row.get(position)
                .is_none_or(|cell| cell.is_empty() || cell.parse::<f64>().is_ok())
        };
        if rows.iter().all(is_number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let left = if position == 0 { 0 } else { 1 };
        column.set_padding((left, 1));
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
