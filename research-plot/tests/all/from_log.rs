//! Plots of values that are read from a log equal plots of values in memory.

use proptest::prelude::*;
use research_core::{Column, Event, ExperimentNumber, Iterations, Status};
use research_domain::{Config, Value};
use research_plot::{Aggregate, Band, Plot, PlotOptions};
use research_results::{LogResults, Results, TableOptions};

use crate::events::{ended, saved, saved_at, started_at_place};
use crate::log::BatchLog;
use crate::random::random_log;

/// Returns a log of experiments that run at the same time, not in the order of the domain; some are
/// retried, and one was moved.
fn log() -> Vec<Event> {
    let config = |number: u64| {
        let config = Config::from_pairs([("lr", Value::from(0.1 * (number % 3) as f64))]);
        match number % 4 {
            0 => config.with("kind", "a").with("mix", "text"),
            1 => config.with("kind", "b").with("mix", 1),
            _ => config.with("extra", vec![1, 2]),
        }
    };
    let mut events = Vec::new();
    for number in 0..24_u64 {
        events.push(started_at_place(number, 100 - number, 1, config(number)));
        events.push(saved(
            number,
            "void",
            0,
            Column::Text(vec!["void".to_owned()]),
        ));
    }
    for round in 0..4_u64 {
        for number in (0..24_u64).rev() {
            if round == 1 && number % 5 == 0 {
                events.push(started_at_place(number, 100 - number, 2, config(number)));
            }
            let losses = (0..5).map(|it| (number * 1000 + round * 5 + it) as f64);
            events.push(saved(
                number,
                "loss",
                round * 5,
                Column::Float(losses.collect()),
            ));
            let iterations = Iterations::List(vec![round * 5 + 1, round * 5 + 3]);
            let mixed = match number % 6 {
                0 => Column::Text(vec!["one".to_owned(), "three".to_owned()]),
                1 => Column::Float(vec![f64::NAN, f64::INFINITY]),
                _ => Column::Int(vec![1, i64::MAX]),
            };
            events.push(saved_at(number, "mixed", iterations, mixed));
        }
    }
    events.push(Event::Moved {
        experiment: ExperimentNumber(3),
        place: 7,
    });
    for number in 0..23_u64 {
        let attempt = if number % 5 == 0 { 2 } else { 1 };
        let status = match number % 7 {
            3 => Status::Failed,
            5 => Status::Stopped,
            _ => Status::Finished,
        };
        events.push(ended(number, attempt, status, None));
    }
    events
}

#[test]
fn plots_are_the_same() {
    let options = [
        PlotOptions::new(),
        PlotOptions::new()
            .group_by(["kind"])
            .aggregate(Aggregate::Median),
        PlotOptions::new()
            .x("lr")
            .band(Band::Range)
            .with_failed(true),
        PlotOptions::new()
            .aggregate(Aggregate::Each)
            .variables(["loss"]),
        PlotOptions::new().col(["kind"]).color("lr"),
    ];
    let results: Results = log().iter().collect();
    for bytes in [1, 2000, 5000, 1 << 20] {
        let log = BatchLog::new(&log(), 3);
        let streamed = LogResults::with_memory(log, bytes).unwrap();
        let all = TableOptions::new();
        for options in &options {
            let plot = Plot::new(&results, &all, options).unwrap();
            let read = Plot::new(&streamed, &all, options).unwrap();
            assert!(read.to_svg() == plot.to_svg(), "{bytes}: {options:?}");
            assert_eq!(read.notes(), plot.notes());
        }
    }
}

/// Generates filters of experiments and iterations.
fn random_options() -> impl Strategy<Value = TableOptions> {
    let iterations = prop::collection::vec(0..8u64, 0..3);
    let flags = [(); 3].map(|()| any::<bool>());
    (iterations, flags).prop_map(|(iterations, [long, every, failed])| {
        let options = TableOptions::new().long(long).every_experiment(every);
        let options = options.iterations(iterations);
        match failed {
            true => options.status(Status::Failed),
            false => options,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn plots_of_random_logs_are_the_same(
        log in random_log(),
        filters in random_options(),
        bytes in prop_oneof![Just(1_usize), 1..2000_usize],
        batch in 1..5_usize,
    ) {
        compare(&log, &filters, bytes, batch);
    }
}

/// Compares plots of values that are read from a log with plots of values in memory.
fn compare(log: &[Event], filters: &TableOptions, bytes: usize, batch: usize) {
    let results: Results = log.iter().collect();
    let log = BatchLog::new(log, batch);
    let streamed = LogResults::with_memory(log, bytes).unwrap();
    for aggregate in [Aggregate::Mean, Aggregate::Median, Aggregate::Each] {
        let each = PlotOptions::new().aggregate(aggregate);
        for plotted in [
            each.clone(),
            each.clone().group_by(["none"; 0]),
            each.x("lr"),
        ] {
            let plotted = plotted.with_failed(true);
            let picture = |plot: Plot| (plot.to_svg(), plot.notes().to_vec());
            let expected = Plot::new(&results, filters, &plotted).map(picture);
            let found = Plot::new(&streamed, filters, &plotted).map(picture);
            let found = found.map_err(|error| error.to_string());
            let expected = expected.map_err(|error| error.to_string());
            assert!(found == expected, "{plotted:?}");
        }
    }
}
