//! The results of a research: the values that its experiments have saved, and how they ended.
//!
//! [`Results`] is a fold of the events of a research. [`LogResults`] reads values from an
//! [`EventLog`](research_core::EventLog) as they are needed, so it needs no memory for all of them.
//! Both make the same tables, summaries and, with the feature `query`, answers to SQL queries; a
//! [`Table`] is written as text, CSV, JSON or Parquet. [`TableExport`] writes the tables of all
//! results.
//!
//! The modules [`source`], [`select`] and [`numbers`] are for crates that show results in other
//! formats.

mod artifacts;
mod cell;
mod column_type;
mod deviation;
mod error;
mod export;
mod filter;
mod log_index;
mod log_results;
pub mod numbers;
mod options;
mod partitions;
#[cfg(feature = "query")]
mod query;
mod results;
mod runs;
pub mod select;
mod short_float;
pub mod source;
mod summary;
mod table;
mod tables;
mod windows;

pub use artifacts::ArtifactOptions;
pub use cell::Cell;
pub use column_type::ColumnType;
pub use deviation::Deviation;
pub use error::TableError;
#[cfg(feature = "parquet")]
pub use export::ExportError;
pub use export::{RowCounts, TableExport};
pub use log_results::{LogResults, LogTable};
pub use options::TableOptions;
#[cfg(feature = "query")]
pub use query::{QueryError, QueryOptions};
pub use results::{ExperimentResult, MixedColumns, Results, Series};
pub use summary::SummaryOptions;
pub use table::{Format, ParseFormatError, Table};
