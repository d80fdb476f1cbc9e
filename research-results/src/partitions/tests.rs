#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "../../tests/all/events.rs"]
mod events;
#[path = "../../tests/all/log.rs"]
mod log;

use research_core::{Column, Event};
use research_domain::Config;

use super::Partitions;
use crate::results::{ExperimentResult, Series};
use log::BatchLog;

const BATCHES: u64 = 500;
const BATCH: u64 = 20;

/// Values of a batch of iterations.
fn saved(variable: &str, batch: u64) -> Event {
    let column = Column::Float(vec![0.5; BATCH as usize]);
    events::saved(0, variable, batch * BATCH, column)
}

/// Asserts that no partition of a log with one experiment, which saves batches in this order,
/// holds more than twice the limit, and that all values are in some partition.
fn assert_bounded(order: impl Iterator<Item = u64>) {
    let attempt = |attempt| {
        [
            events::started(0, attempt, Config::new()),
            saved("loss", 0),
            saved("loss", BATCHES - 1),
        ]
    };
    let mut log = [attempt(1), attempt(2)].concat();
    log.extend(order.flat_map(|batch| [saved("loss", batch), saved("accuracy", batch)]));
    let most = 200;
    let bytes = most * size_of::<(u64, f64)>();
    let mut partitions = Partitions::new(BatchLog::new(&log, 2), bytes).unwrap();
    let (mut total, mut experiments) = (0, 0);
    for index in 0..partitions.len() {
        experiments += usize::from(partitions.has_new_experiments(index));
        let results = partitions.read(index).unwrap();
        let series = results.experiments().flat_map(ExperimentResult::variables);
        let held: usize = series.map(Series::len).sum();
        assert!((1..=2 * most).contains(&held), "{held} values in {index}");
        total += held;
    }
    assert_eq!((total as u64, experiments), (2 * BATCHES * BATCH, 1));
}

#[test]
fn partitions_hold_at_most_twice_the_limit() {
    assert_bounded(0..BATCHES);
    assert_bounded((0..BATCHES).rev());
    assert_bounded((0..BATCHES).map(|batch| batch * 7 % BATCHES));
    assert_bounded(
        (0..2 * BATCHES)
            .map(|batch| batch / 3 % BATCHES)
            .chain(333..BATCHES),
    );
}
