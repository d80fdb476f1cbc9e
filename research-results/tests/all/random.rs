//! Random logs.

use proptest::prelude::*;
use research_core::{Column, Event, ExperimentNumber, Iterations, Status};
use research_domain::{Config, Value};

use crate::events::{
    ended, run_started, saved, saved_at, saved_large, started_at_place, worker_started,
};

fn column() -> impl Strategy<Value = Column> {
    let value = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Int),
        "[a,]{0,3}".prop_map(Value::from),
        any::<u8>().prop_map(|item| Value::from(vec![i64::from(item)])),
    ];
    prop_oneof![
        3 => prop::collection::vec(any::<f64>(), 1..4).prop_map(Column::Float),
        3 => prop::collection::vec(any::<i64>(), 1..4).prop_map(Column::Int),
        1 => prop::collection::vec(any::<bool>(), 1..4).prop_map(Column::Bool),
        1 => prop::collection::vec("[a,]{0,3}", 1..4).prop_map(Column::Text),
        1 => prop::collection::vec(value, 1..4).prop_map(Column::Value),
    ]
}

/// An event of an experiment in a random log.
#[derive(Clone, Debug)]
enum Happening {
    Starts(u64),
    Moves(u64),
    Saves(&'static str, u64, Column),
    SavesAt(&'static str, Vec<u64>, Column),
    SavesLarge(&'static str, u64),
    Ends(Status),
    RunStarts(Option<&'static str>),
    WorkerStarts(&'static str),
}

/// Generates few iterations, so that values are often replaced, distant ones, and the largest ones.
fn iteration() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => 0..4u64,
        6 => 0..60u64,
        1 => any::<u64>(),
        1 => u64::MAX - 4..=u64::MAX,
    ]
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        2 => (0..12u64).prop_map(Happening::Starts),
        1 => (0..12u64).prop_map(Happening::Moves),
        12 => (prop::sample::select(vec!["f", "i", "lr", "iteration"]), iteration(), column())
            .prop_map(|(name, first, column)| Happening::Saves(name, first, column)),
        6 => (
            prop::sample::select(vec!["f", "i", "lr", "late"]),
            prop::collection::vec(iteration(), 1..5),
            column(),
        )
            .prop_map(|(name, iterations, column)| Happening::SavesAt(name, iterations, column)),
        2 => (prop::sample::select(vec!["f", "lr", "large"]), iteration())
            .prop_map(|(name, iteration)| Happening::SavesLarge(name, iteration)),
        2 => prop::sample::select(Status::ALL.to_vec()).prop_map(Happening::Ends),
        1 => prop::sample::select(vec![None, Some("one"), Some("two")])
            .prop_map(Happening::RunStarts),
        1 => prop::sample::select(vec!["three", "four"]).prop_map(Happening::WorkerStarts),
    ]
}

/// Generates events of experiments that are retried, moved, and reported in any order. Often a few
/// experiments have most of them, so that each is larger than a partition.
pub(crate) fn random_log() -> impl Strategy<Value = Vec<Event>> {
    let number = prop_oneof![1 => 0..8u64, 2 => 0..2u64];
    prop::collection::vec((number, happening()), 0..120).prop_map(|happenings| {
        let mut attempts = [0; 8];
        let event = |(number, happening): (u64, Happening)| {
            let attempt = &mut attempts[usize::try_from(number).unwrap()];
            match happening {
                Happening::Starts(place) => {
                    *attempt += 1;
                    let config = Config::from_pairs([("lr", 0.5)]);
                    let config = config.with(["n", "m", "lr"][(number % 3) as usize], *attempt);
                    started_at_place(number, place, *attempt, config)
                }
                Happening::Moves(place) => Event::Moved {
                    experiment: ExperimentNumber(number),
                    place,
                },
                Happening::Saves(name, first, column) => saved(number, name, first, column),
                Happening::SavesAt(name, iterations, column) => {
                    saved_at(number, name, Iterations::List(iterations), column)
                }
                Happening::SavesLarge(name, iteration) => {
                    saved_large(number, name, iteration, 2_000_000)
                }
                Happening::Ends(status) => ended(number, *attempt, status, Some("why")),
                Happening::RunStarts(host) => run_started(host),
                Happening::WorkerStarts(host) => worker_started(0, host),
            }
        };
        happenings.into_iter().map(event).collect()
    })
}
