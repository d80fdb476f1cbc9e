//! Run state, bar and reports of constructed events.
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may panic; helpers are seen by one test executable alone"
)]

mod bar;
mod common;
mod reports;
mod run_state;
