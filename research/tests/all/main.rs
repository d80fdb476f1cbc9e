//! The tests of the public interface. Workers execute this program again.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
mod devices;
mod earlier;
mod examples;
mod left_by_branches;
mod original;
mod outcome;
mod outlived;
mod pools;
mod printed;
mod profile;
mod reading;
mod reproduce;
mod runs;
mod shown;
mod tables;
mod timeouts;
mod updates;
mod values;
