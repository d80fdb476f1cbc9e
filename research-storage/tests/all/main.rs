//! The tests of the public interface.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
mod failing_file;
mod first_release;
mod folders;
mod gc;
mod large_events;
mod log_any_bytes;
mod log_damage;
mod log_format;
mod reading_meanwhile;
mod removal;
mod salvage;
mod storages;
mod verify;
