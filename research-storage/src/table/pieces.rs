//! Tables as columns, a piece at a time: what formats of columns are made from.

use super::Table;
use super::cell::Cell;
use super::columns::ColumnType;

/// The values of a column in some rows.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) values: Values,
    /// For each row, whether it has a value.
    pub(crate) present: Vec<bool>,
}

/// The values of a piece, without those that are missing.
#[derive(Debug)]
pub(crate) enum Values {
    Bool(Vec<bool>),
    Int(Vec<i64>),
    Float(Vec<f64>),
    Text(Vec<String>),
}

impl Table<'_> {
    /// Calls a function with a piece of each column, for so many rows at a time, in order; at
    /// least once.
    pub(crate) fn for_each_piece<E>(
        &self,
        types: &[ColumnType],
        rows: usize,
        mut see: impl FnMut(Vec<Piece>) -> Result<(), E>,
    ) -> Result<(), E> {
        let empty = || -> Vec<Piece> { types.iter().map(|one| Piece::new(*one)).collect() };
        let mut pieces = empty();
        let (mut count, mut seen) = (0, false);
        self.for_each_row(|row| {
            for ((cell, piece), column_type) in row.iter().zip(&mut pieces).zip(types) {
                piece.push(cell, *column_type);
            }
            count += 1;
            if count == rows {
                (count, seen) = (0, true);
                see(std::mem::replace(&mut pieces, empty()))?;
            }
            Ok(())
        })?;
        if count > 0 || !seen {
            see(pieces)
        } else {
            Ok(())
        }
    }
}

impl Piece {
    fn new(column_type: ColumnType) -> Self {
        let values = match column_type {
            ColumnType::Bool => Values::Bool(Vec::new()),
            ColumnType::Int => Values::Int(Vec::new()),
            ColumnType::Float => Values::Float(Vec::new()),
            ColumnType::Text | ColumnType::Json => Values::Text(Vec::new()),
        };
        Self {
            values,
            present: Vec::new(),
        }
    }

    /// Adds a cell of a column of this type.
    fn push(&mut self, cell: &Cell<'_>, column_type: ColumnType) {
        let is_present = match (&mut self.values, cell) {
            (_, Cell::Missing) => false,
            (Values::Bool(values), Cell::Bool(value)) => push(values, *value),
            (Values::Int(values), Cell::Int(value)) => push(values, *value),
            (Values::Int(values), Cell::Count(value)) => {
                i64::try_from(*value).is_ok_and(|value| push(values, value))
            }
            (Values::Float(values), Cell::Float(value)) => push(values, *value),
            (Values::Float(values), Cell::Int(value)) => push(values, *value as f64),
            (Values::Float(values), Cell::Count(value)) => push(values, *value as f64),
            (Values::Text(values), cell) if column_type == ColumnType::Json => {
                push(values, cell.to_json())
            }
            (Values::Text(values), Cell::Text(text)) => push(values, text.as_ref().to_owned()),
            // No cell of a column is of another type than the column.
            _ => false,
        };
        self.present.push(is_present);
    }
}

fn push<T>(values: &mut Vec<T>, value: T) -> bool {
    values.push(value);
    true
}

/// The values in their rows.
#[cfg(any(feature = "arrow", feature = "polars"))]
pub(crate) fn spread<T>(present: &[bool], values: Vec<T>) -> impl Iterator<Item = Option<T>> {
    let mut values = values.into_iter();
    present
        .iter()
        .map(move |present| if *present { values.next() } else { None })
}
