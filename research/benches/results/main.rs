//! The benches of readers and tables.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails should stop")]

mod events;
mod readers;
mod tables;

use criterion::{criterion_group, criterion_main};

criterion_group!(benches, tables::tables, readers::readers);
criterion_main!(benches);
