//! Tables as Parquet files.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};

use super::Table;
use super::chunks::{Chunk, Gathered, Values};
use crate::column_type::ColumnType;

/// The maximum number of rows in a row group. A group ends at this number, or when it takes too
/// much memory.
const GROUP_ROWS: usize = 256 * 1024;
const GROUP_BYTES: usize = 8 << 20;

impl Table<'_> {
    /// Writes the table as a Parquet file, compressed with Snappy.
    ///
    /// The columns are nullable and have the types of [`column_types`](Table::column_types), with
    /// mixed values and JSON as text. Missing values are null; NaN and infinities stay.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn write_parquet(&self, output: impl Write + Send) -> io::Result<()> {
        let mut file = ParquetFile::new(output, self.columns(), &self.column_types())?;
        file.add(self)?;
        file.finish().map(drop)
    }
}

/// A Parquet file that is written from several tables with the same columns; the result is the same
/// as for one table with all their rows.
pub(crate) struct ParquetFile<W: Write + Send> {
    file: SerializedFileWriter<W>,
    gathered: Gathered,
}

impl<W: Write + Send> ParquetFile<W> {
    pub(crate) fn new(output: W, columns: &[String], types: &[ColumnType]) -> io::Result<Self> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("research ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let schema = schema(columns, types).map_err(io_error)?;
        let file = SerializedFileWriter::new(output, schema, Arc::new(properties));
        Ok(Self {
            file: file.map_err(io_error)?,
            gathered: Gathered::new(types),
        })
    }

    /// Adds the rows of a table; returns their number.
    pub(crate) fn add(&mut self, table: &Table<'_>) -> io::Result<u64> {
        let mut rows = 0;
        table.for_each_row(|row| {
            rows += 1;
            self.gathered.push(row);
            let is_group =
                self.gathered.rows() == GROUP_ROWS || self.gathered.bytes() >= GROUP_BYTES;
            if is_group { self.write_group() } else { Ok(()) }
        })?;
        Ok(rows)
    }

    /// Writes the remaining rows; returns the output.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        if self.gathered.rows() > 0 {
            self.write_group()?;
        }
        self.file.into_inner().map_err(io_error)
    }

    fn write_group(&mut self) -> io::Result<()> {
        let chunks = self.gathered.take();
        self.try_write(chunks).map_err(io_error)
    }

    fn try_write(&mut self, chunks: Vec<Chunk>) -> Result<(), ParquetError> {
        let mut group = self.file.next_row_group()?;
        for chunk in chunks {
            let Some(mut column) = group.next_column()? else {
                break;
            };
            write(chunk, &mut column)?;
            column.close()?;
        }
        group.close().map(drop)
    }
}

fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        error => io::Error::other(error),
    }
}

fn schema(names: &[String], types: &[ColumnType]) -> Result<TypePtr, ParquetError> {
    let field = |(name, column_type): (&String, &ColumnType)| {
        let (physical, logical) = match column_type {
            ColumnType::Bool => (Physical::BOOLEAN, None),
            ColumnType::Int => (Physical::INT64, None),
            ColumnType::Float => (Physical::DOUBLE, None),
            ColumnType::Text | ColumnType::Mixed | ColumnType::Json => {
                (Physical::BYTE_ARRAY, Some(LogicalType::String))
            }
        };
        Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()
            .map(Arc::new)
    };
    let fields: Result<Vec<TypePtr>, ParquetError> = names.iter().zip(types).map(field).collect();
    Type::group_type_builder("table")
        .with_fields(fields?)
        .build()
        .map(Arc::new)
}

fn write(chunk: Chunk, column: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
    let levels: Vec<i16> = chunk
        .present
        .iter()
        .map(|present| i16::from(*present))
        .collect();
    let levels = Some(levels.as_slice());
    match chunk.values {
        Values::Bool(values) => column
            .typed::<BoolType>()
            .write_batch(&values, levels, None),
        Values::Int(values) => column
            .typed::<Int64Type>()
            .write_batch(&values, levels, None),
        Values::Float(values) => column
            .typed::<DoubleType>()
            .write_batch(&values, levels, None),
        Values::Text(values) => {
            let bytes = |text: String| ByteArray::from(text.into_bytes());
            let values: Vec<ByteArray> = values.into_iter().map(bytes).collect();
            column
                .typed::<ByteArrayType>()
                .write_batch(&values, levels, None)
        }
    }
    .map(drop)
}
