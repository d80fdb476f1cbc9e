//! The benches of this crate, in one executable, because each one is optimised as a whole.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails should stop")]

mod events;
mod log;
mod readers;
mod tables;

use criterion::{criterion_group, criterion_main};

criterion_group!(benches, log::log, tables::tables, readers::readers);
criterion_main!(benches);
