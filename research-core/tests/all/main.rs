//! The tests of the public interface.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod experiment;
mod expressions;
mod golden_when;
mod instances;
