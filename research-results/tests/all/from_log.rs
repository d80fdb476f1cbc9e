//! Results that are read from the log a partition at a time equal those that are folded in memory.

use proptest::prelude::*;
use research_core::{Column, Event, ExperimentNumber, Iterations, Status};
use research_domain::{Config, Value, option};
#[cfg(feature = "query")]
use research_results::QueryOptions;
use research_results::source::{Order, Source, Visit};
use research_results::{Format, LogResults, Results, Series, SummaryOptions, Table, TableOptions};

use crate::events::{ended, saved, saved_at, started_at_place};
use crate::log::BatchLog;
use crate::random::random_log;

/// Returns experiments that start, save and end concurrently, not in the order of the domain; some
/// are retried, and one was moved.
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

/// Calls a function with the results in memory and, for several partition sizes, from the log.
fn compare(check: impl Fn(&Results, &LogResults, usize)) {
    let results: Results = log().iter().collect();
    for bytes in [1, 2000, 5000, 1 << 20] {
        let log = BatchLog::new(&log(), 3);
        check(
            &results,
            &LogResults::with_memory(log, bytes).unwrap(),
            bytes,
        );
    }
}

fn all_options() -> Vec<TableOptions> {
    let all = TableOptions::new;
    vec![
        all(),
        all().long(true).aux(true).status_column(true),
        all().use_alias(true).concat_config(true),
        all().variables(["mixed"]).iterations([1, 3, 11]),
        all()
            .condition("lr > 0.05".parse().unwrap())
            .variables(["loss"]),
        all().domain(option("kind", ["a", "b"])),
        all().status(Status::Failed).status(None),
        all().ids(["e5"]),
        all().config("lr", 77),
    ]
}

fn written(table: &Table<'_>, format: Format) -> String {
    let mut bytes = Vec::new();
    table.write(format, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn tables_are_the_same() {
    compare(|results, log, bytes| {
        for options in all_options() {
            let table = results.to_table(&options).unwrap();
            let streamed = log.table(&options).unwrap();
            assert_eq!(streamed.notes(), table.notes());
            for format in Format::ALL {
                let mut text = Vec::new();
                let has_rows = streamed.write(format, &mut text).unwrap();
                let text = String::from_utf8(text).unwrap();
                assert_eq!(text, written(&table, format), "{bytes}: {options:?}");
                assert_eq!(has_rows, table.row_count() > 0);
            }
        }
        let mixed = log.table(&TableOptions::new()).unwrap().mixed_columns();
        let expected = results.to_table(&TableOptions::new()).unwrap();
        let expected: Vec<(String, String)> = expected
            .mixed_columns()
            .into_iter()
            .map(|(name, kinds)| (name.to_owned(), kinds))
            .collect();
        assert_eq!(mixed, expected);
    });
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_files_are_the_same() {
    compare(|results, log, bytes| {
        for options in all_options() {
            let (mut file, mut streamed) = (Vec::new(), Vec::new());
            let table = results.to_table(&options).unwrap();
            table.write_parquet(&mut file).unwrap();
            log.table(&options)
                .unwrap()
                .write_parquet(&mut streamed)
                .unwrap();
            assert!(file == streamed, "{bytes}: {options:?}");
        }
    });
}

#[test]
fn summaries_are_the_same() {
    compare(|results, log, bytes| {
        for options in all_options() {
            for summary in [
                SummaryOptions::new(),
                SummaryOptions::new()
                    .last(3)
                    .sort_by("loss")
                    .with_failed(true),
            ] {
                let table = results.summary(&options, &summary).unwrap();
                let streamed = log.summary(&options, &summary).unwrap();
                let same = written(&streamed, Format::Csv) == written(&table, Format::Csv);
                assert!(same, "{bytes}: {options:?}: {table} {streamed}");
                assert_eq!(streamed.notes(), table.notes());
            }
        }
    });
}

#[cfg(feature = "query")]
#[test]
fn answers_are_the_same() {
    let questions = [
        "select * from results",
        "select * from experiments",
        "select count(*) as n from results",
        "select lr, avg(loss) as mean, count(*) as n from results group by lr",
        "select kind, sum(mixed) as s from results group by kind, extra order by 1, 2",
        "select distinct kind from results",
        "select id, max(loss) as most from results group by id having most > 5000 order by most",
        "select iteration, avg(loss) as mean from results group by iteration",
        "select r.loss from results r join experiments e using (id) where e.status = 'failed'
         order by 1 limit 10",
        "select id, loss from results where id in ('e3', 'e20') and iteration = 7",
    ];
    compare(|results, log, bytes| {
        for question in questions {
            let answer = results.query(question).unwrap();
            let options = QueryOptions::new();
            let streamed = log.query(question, &options).unwrap();
            let sorted = |table: &Table<'_>| {
                let text = written(table, Format::Csv);
                let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
                lines.sort_unstable();
                lines
            };
            assert_eq!(sorted(&streamed), sorted(&answer), "{bytes}: {question}");
            assert_eq!(streamed.notes(), answer.notes());
            for format in Format::ALL {
                let mut text = Vec::new();
                log.write_answer(question, &options, format, &mut text)
                    .unwrap();
                assert_eq!(String::from_utf8(text).unwrap(), written(&streamed, format));
            }
        }
    });
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

/// Compares the results that are read from a log a window at a time with those that are folded in
/// memory.
fn compare_random(
    log: &[Event],
    filters: &TableOptions,
    variables: &[&str],
    bytes: usize,
    batch: usize,
) {
    let options = &filters.clone().variables(variables.iter().copied());
    let results: Results = log.iter().collect();
    let log = BatchLog::new(log, batch);
    let streamed = LogResults::with_memory(log, bytes).unwrap();
    let text = |table: Result<Table<'_>, String>| table.map(|table| written(&table, Format::Json));

    let expected = text(results.to_table(options).map_err(|error| error.to_string()));
    let found = streamed.table(options).map_err(|error| error.to_string());
    let found = found.map(|table| {
        let mut bytes = Vec::new();
        table.write(Format::Json, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    });
    assert_eq!(found, expected, "{options:?}");

    for last in [usize::MAX, 3] {
        let summary = SummaryOptions::new().last(last).with_failed(true);
        let expected = results.summary(options, &summary);
        let found = streamed.summary(options, &summary);
        let notes = |table: &Table<'_>| table.notes().to_vec();
        assert_eq!(
            found.as_ref().ok().map(notes),
            expected.as_ref().ok().map(notes)
        );
        assert_eq!(
            text(found.map_err(|error| error.to_string())),
            text(expected.map_err(|error| error.to_string()))
        );
    }

    #[cfg(feature = "query")]
    for question in [
        "select * from results",
        "select id, count(*) as n, min(iteration) as least from results group by id",
        "select * from results where iteration = 3",
        "select a.id, b.iteration from results a join results b using (id, iteration)",
    ] {
        let expected = results.query(question).map_err(|error| error.to_string());
        let found = streamed.query(question, &QueryOptions::new());
        assert_eq!(
            text(found.map_err(|error| error.to_string())),
            text(expected),
            "{question}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_logs_read_in_windows_give_what_they_give_in_memory(
        log in random_log(),
        filters in random_options(),
        variables in prop::sample::subsequence(vec!["f", "i", "late", "large"], 0..3),
        bytes in prop_oneof![Just(1_usize), 1..2000_usize],
        batch in 1..5_usize,
    ) {
        compare_random(&log, &filters, &variables, bytes, batch);
    }
}

/// Each visit holds at most twice the limit, in the order that was requested.
#[test]
fn visits_of_a_large_experiment_are_bounded_and_ordered() {
    const BATCHES: u64 = 500;
    const BATCH: u64 = 20;
    let column = || Column::Float(vec![0.5; BATCH as usize]);
    let mut log = vec![started_at_place(0, 0, 1, Config::new())];
    log.extend((0..BATCHES).map(|batch| saved(0, "loss", batch * 7 % BATCHES * BATCH, column())));
    let most = 200;
    let bytes = most * size_of::<(u64, f64)>();
    let results = LogResults::with_memory(BatchLog::new(&log, 1), bytes).unwrap();
    let experiments: Vec<_> = results.results().experiments().collect();
    for order in [Order::Rising, Order::Falling] {
        let (mut held, mut first) = (Vec::new(), Vec::new());
        let visit = &mut |visit: Visit<'_>| {
            let series = visit.experiment.variables();
            held.push(series.iter().map(Series::len).sum::<usize>());
            first.push(series[0].iteration(0));
        };
        results
            .for_each_value(&experiments, &TableOptions::new(), order, visit)
            .unwrap();
        assert!(
            held.iter().all(|held| (1..=2 * most).contains(held)),
            "{held:?}"
        );
        assert_eq!(held.iter().sum::<usize>() as u64, BATCHES * BATCH);
        let is_sorted = match order {
            Order::Rising => first.is_sorted(),
            Order::Falling => first.is_sorted_by(|one, next| one > next),
        };
        assert!(is_sorted, "{first:?}");
    }
}
