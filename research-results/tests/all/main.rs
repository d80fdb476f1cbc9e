//! The tests of the public interface.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[cfg(feature = "arrow")]
mod arrow;
mod column_types;
mod events;
mod fitted;
mod from_log;
mod log;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "polars")]
mod polars;
#[cfg(feature = "query")]
mod query;
mod random;
mod results;
mod results_model;
mod table_filters;
mod table_formats;
mod table_round_trip;
mod typed;
mod written;
