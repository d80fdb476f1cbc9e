//! The tests of the crate, through its public interface.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot continue should stop"
)]

mod access;
mod algebra;
mod conditions;
mod distributions;
mod errors;
mod golden;
mod grammar;
mod identity;
mod model;
mod nesting;
mod overrides;
mod series;
mod values;
