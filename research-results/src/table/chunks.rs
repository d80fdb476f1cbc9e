//! Converts tables to columns, a chunk at a time, for columnar formats.

#[cfg(any(feature = "arrow", feature = "polars"))]
use super::Table;
use crate::cell::Cell;
use crate::column_type::ColumnType;

/// The values of a column in some rows.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) values: Values,
    /// Whether each row has a value.
    pub(crate) present: Vec<bool>,
}

/// The values of a chunk, without missing ones.
#[derive(Debug)]
pub(crate) enum Values {
    Bool(Vec<bool>),
    Int(Vec<i64>),
    Float(Vec<f64>),
    Text(Vec<String>),
}

/// Rows that are collected into chunks.
#[derive(Debug)]
pub(crate) struct Gathered {
    types: Vec<ColumnType>,
    chunks: Vec<Chunk>,
    rows: usize,
    bytes: usize,
}

impl Gathered {
    /// Creates an empty collection for columns of these types.
    pub(crate) fn new(types: &[ColumnType]) -> Self {
        Self {
            types: types.to_vec(),
            chunks: types.iter().map(|one| Chunk::new(*one)).collect(),
            rows: 0,
            bytes: 0,
        }
    }

    pub(crate) fn push(&mut self, row: &[Cell<'_>]) {
        for ((cell, chunk), column_type) in row.iter().zip(&mut self.chunks).zip(&self.types) {
            self.bytes += chunk.push(cell, *column_type);
        }
        self.rows += 1;
    }

    /// Returns the number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the approximate memory of the rows.
    #[cfg(feature = "parquet")]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the chunks. Rows that are pushed afterwards start new ones.
    pub(crate) fn take(&mut self) -> Vec<Chunk> {
        let next = Self::new(&self.types);
        std::mem::replace(self, next).chunks
    }
}

#[cfg(any(feature = "arrow", feature = "polars"))]
impl Table<'_> {
    /// Calls a function with a chunk of each column, for some rows at a time, in order; at least
    /// once.
    pub(crate) fn for_each_chunk<E>(
        &self,
        types: &[ColumnType],
        rows: usize,
        mut see: impl FnMut(Vec<Chunk>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut gathered = Gathered::new(types);
        let mut seen = false;
        self.for_each_row(|row| {
            gathered.push(row);
            if gathered.rows() == rows {
                seen = true;
                see(gathered.take())?;
            }
            Ok(())
        })?;
        if gathered.rows() > 0 || !seen {
            see(gathered.take())
        } else {
            Ok(())
        }
    }
}

impl Chunk {
    fn new(column_type: ColumnType) -> Self {
        let values = match column_type {
            ColumnType::Bool => Values::Bool(Vec::new()),
            ColumnType::Int => Values::Int(Vec::new()),
            ColumnType::Float => Values::Float(Vec::new()),
            ColumnType::Text | ColumnType::Mixed | ColumnType::Json => Values::Text(Vec::new()),
        };
        Self {
            values,
            present: Vec::new(),
        }
    }

    /// Adds a cell of a column of this type; returns the memory that it takes.
    fn push(&mut self, cell: &Cell<'_>, column_type: ColumnType) -> usize {
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
            (Values::Text(values), Cell::Text(text)) if column_type != ColumnType::Json => {
                push(values, text.as_ref().to_owned())
            }
            (Values::Text(values), cell) if column_type != ColumnType::Text => {
                push(values, cell.to_json())
            }
            // A cell never has another type than its column.
            _ => false,
        };
        self.present.push(is_present);
        let text = match &self.values {
            Values::Text(values) if is_present => values.last().map_or(0, String::len),
            _ => 0,
        };
        size_of::<String>() + text
    }
}

fn push<T>(values: &mut Vec<T>, value: T) -> bool {
    values.push(value);
    true
}

/// Returns the values at their rows, and `None` at the others.
#[cfg(any(feature = "arrow", feature = "polars"))]
pub(crate) fn spread<T>(present: &[bool], values: Vec<T>) -> impl Iterator<Item = Option<T>> {
    let mut values = values.into_iter();
    present
        .iter()
        .map(move |present| if *present { values.next() } else { None })
}
