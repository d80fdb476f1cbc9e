//! Tables as polars data frames.

use polars_core::prelude::{
    Column, DataFrame, IntoColumn, NamedFrom, PlSmallStr, PolarsResult, Series,
};

use super::Table;
use super::chunks::{Values, spread};

impl Table<'_> {
    /// Returns the table as a polars data frame. The columns have the types of
    /// [`column_types`](Table::column_types), with JSON as text. Missing values are null.
    ///
    /// ```
    /// # use research_results::{Results, TableOptions};
    /// # let results = Results::new();
    /// let table = results.to_table(&TableOptions::new()).unwrap();
    /// println!("{}", table.data_frame().unwrap());
    /// ```
    ///
    /// # Errors
    /// The table has more rows than a data frame supports.
    pub fn data_frame(&self) -> PolarsResult<DataFrame> {
        let types = self.column_types();
        let mut columns: Vec<Column> = Vec::new();
        self.for_each_chunk(&types, usize::MAX, |chunks| {
            for (name, chunk) in self.columns().iter().zip(chunks) {
                let name = PlSmallStr::from_str(name);
                let present = &chunk.present;
                let series = match chunk.values {
                    Values::Bool(values) => Series::new(name, gathered(present, values)),
                    Values::Int(values) => Series::new(name, gathered(present, values)),
                    Values::Float(values) => Series::new(name, gathered(present, values)),
                    Values::Text(values) => Series::new(name, gathered(present, values)),
                };
                columns.push(series.into_column());
            }
            PolarsResult::Ok(())
        })?;
        DataFrame::new_infer_height(columns)
    }
}

fn gathered<T>(present: &[bool], values: Vec<T>) -> Vec<Option<T>> {
    spread(present, values).collect()
}
