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
use super::columns::ColumnType;
use super::pieces::{Piece, Values};

/// How many rows are gathered before they are written, as a group of their own.
const GROUP: usize = 256 * 1024;

impl Table<'_> {
    /// Writes the table as a Parquet file, compressed with Snappy.
    ///
    /// The columns are nullable, of the types of [`column_types`](Table::column_types); JSON is
    /// text. What is missing is null; NaN and infinities are there as they are.
    ///
    /// # Errors
    /// Those of the output.
    pub fn write_parquet(&self, output: impl Write + Send) -> io::Result<()> {
        self.try_write_parquet(output).map_err(|error| match error {
            ParquetError::External(error) => match error.downcast::<io::Error>() {
                Ok(error) => *error,
                Err(error) => io::Error::other(error),
            },
            error => io::Error::other(error),
        })
    }

    fn try_write_parquet(&self, output: impl Write + Send) -> Result<(), ParquetError> {
        let types = self.column_types();
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("research ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let schema = schema(self.columns(), &types)?;
        let mut file = SerializedFileWriter::new(output, schema, Arc::new(properties))?;
        self.for_each_piece(&types, GROUP, |pieces| {
            if pieces.first().is_none_or(|piece| piece.present.is_empty()) {
                return Ok(());
            }
            let mut group = file.next_row_group()?;
            for piece in pieces {
                let Some(mut column) = group.next_column()? else {
                    break;
                };
                write(piece, &mut column)?;
                column.close()?;
            }
            group.close().map(drop)
        })?;
        file.close().map(drop)
    }
}

fn schema(names: &[String], types: &[ColumnType]) -> Result<TypePtr, ParquetError> {
    let field = |(name, column_type): (&String, &ColumnType)| {
        let (physical, logical) = match column_type {
            ColumnType::Bool => (Physical::BOOLEAN, None),
            ColumnType::Int => (Physical::INT64, None),
            ColumnType::Float => (Physical::DOUBLE, None),
            ColumnType::Text | ColumnType::Json => {
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

fn write(piece: Piece, column: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
    let levels: Vec<i16> = piece
        .present
        .iter()
        .map(|present| i16::from(*present))
        .collect();
    let levels = Some(levels.as_slice());
    match piece.values {
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
