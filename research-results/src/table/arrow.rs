//! Tables as Arrow record batches.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Schema};

use super::Table;
use super::chunks::{Chunk, Values, spread};
use crate::column_type::ColumnType;

impl Table<'_> {
    /// Returns the table as Arrow record batches of at most `rows` rows, at least one each. The
    /// columns are nullable and have the types of [`column_types`](Table::column_types), with mixed
    /// values and JSON as text. Missing values are null.
    ///
    /// ```
    /// # use research_results::{Results, TableOptions};
    /// # let results = Results::new();
    /// let table = results.to_table(&TableOptions::new()).unwrap();
    /// for batch in table.record_batches(65_536).unwrap() {
    ///     println!("{} rows of {} columns", batch.num_rows(), batch.num_columns());
    /// }
    /// ```
    ///
    /// # Errors
    /// The strings of a batch are more than 2 GB together.
    pub fn record_batches(&self, rows: usize) -> Result<Vec<RecordBatch>, ArrowError> {
        let types = self.column_types();
        let field = |(name, column_type): (&String, &ColumnType)| {
            let data_type = match column_type {
                ColumnType::Bool => DataType::Boolean,
                ColumnType::Int => DataType::Int64,
                ColumnType::Float => DataType::Float64,
                ColumnType::Text | ColumnType::Mixed | ColumnType::Json => DataType::Utf8,
            };
            Field::new(name, data_type, true)
        };
        let fields: Vec<Field> = self.columns().iter().zip(&types).map(field).collect();
        let schema = Arc::new(Schema::new(fields));
        let mut batches = Vec::new();
        self.for_each_chunk(&types, rows.max(1), |chunks| {
            let arrays: Result<_, _> = chunks.into_iter().map(array).collect();
            batches.push(RecordBatch::try_new(Arc::clone(&schema), arrays?)?);
            Ok::<(), ArrowError>(())
        })?;
        Ok(batches)
    }
}

fn array(chunk: Chunk) -> Result<ArrayRef, ArrowError> {
    const MOST: usize = i32::MAX as usize;
    let Chunk { values, present } = chunk;
    Ok(match values {
        Values::Bool(values) => Arc::new(spread(&present, values).collect::<BooleanArray>()),
        Values::Int(values) => Arc::new(spread(&present, values).collect::<Int64Array>()),
        Values::Float(values) => Arc::new(spread(&present, values).collect::<Float64Array>()),
        Values::Text(values) if values.iter().map(String::len).sum::<usize>() > MOST => {
            return Err(ArrowError::OffsetOverflowError(MOST));
        }
        Values::Text(values) => Arc::new(spread(&present, values).collect::<StringArray>()),
    })
}
