//! The tests of the public interface.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[cfg(feature = "arrow")]
mod arrow;
mod checkup;
mod column_types;
mod common;
mod events;
mod failing_file;
mod first_release;
mod folders;
mod large_events;
mod leftovers;
mod log_any_bytes;
mod log_damage;
mod log_format;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "plot")]
mod plot;
#[cfg(feature = "polars")]
mod polars;
#[cfg(feature = "query")]
mod query;
#[cfg(any(feature = "parquet", feature = "query"))]
mod random;
mod reading_meanwhile;
mod removal;
mod results;
mod results_model;
mod salvage;
mod storages;
mod table_filters;
mod table_formats;
mod table_round_trip;
