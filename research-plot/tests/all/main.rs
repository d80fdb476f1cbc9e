//! The tests of the public interface.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../../research-results/tests/all/events.rs"]
mod events;
mod from_log;
#[path = "../../../research-results/tests/all/log.rs"]
mod log;
mod plot;
#[path = "../../../research-results/tests/all/random.rs"]
mod random;
