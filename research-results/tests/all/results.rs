//! The results that a fold keeps of a log.

use crate::events::{
    ended, run_started, saved, saved_at, saved_large, started, started_at_place, worker_started,
};
use crate::written::csv;
use research_core::events::ResourceUsage;
use research_core::{
    Column, Event, ExceptionRecord, ExperimentNumber, FailureKind, Iterations, Status, Timestamp,
};
use research_domain::{Config, Value};
use research_results::{ExperimentResult, Format, Results, TableOptions};

fn exception(number: u64, message: &str) -> Event {
    Event::Exception {
        at: Timestamp(2),
        experiment: ExperimentNumber(number),
        exception: Box::new(ExceptionRecord {
            unit: Some("train".to_owned()),
            iteration: 0,
            kind: FailureKind::Error,
            message: message.to_owned(),
            backtrace: None,
        }),
        command: None,
    }
}

fn progress(number: u64, iterations: u64) -> Event {
    Event::Progress {
        at: Timestamp(2),
        experiment: ExperimentNumber(number),
        iterations,
    }
}

#[test]
fn of_large_and_small_values_of_an_iteration_the_last_counts() {
    let events = [
        started(0, 1, Config::from_pairs([("a", 1)])),
        saved_large(0, "x", 0, 10),
        saved_large(0, "x", 1, 11),
        saved(0, "x", 0, Column::Int(vec![1])),
        saved(0, "y", 0, Column::Int(vec![1, 2])),
        saved_large(0, "y", 1, 12),
        saved_large(0, "y", 1, 13),
    ];
    let results: Results = events.iter().collect();
    assert_eq!(
        csv(&results, &TableOptions::new().include_config(false)),
        "id,iteration,x,y\n\
         e0,0,1,1\n\
         e0,1,\"{\"\"file\"\":\"\"values/0.txt\"\",\"\"bytes\"\":11}\",\"{\"\"file\"\":\"\"values/0.txt\"\",\"\"bytes\"\":13}\"\n"
            .replace("/0.txt", &format!("/{}.txt", "0".repeat(64)))
    );
    let experiment = results.experiment(ExperimentNumber(0)).unwrap();
    let large = experiment.large_values();
    let large: Vec<_> = large
        .map(|(name, at, value)| (name, at, value.bytes))
        .collect();
    assert_eq!(large, [("x", 1, 11), ("y", 1, 13)]);
    assert!(experiment.large_value("x", 0).is_none());

    // If only other values are requested, no large values are kept.
    let options = TableOptions::new().variables(["y"]).iterations([0]);
    let mut results = Results::for_table(&options);
    results.extend(&events);
    let experiment = results.experiment(ExperimentNumber(0)).unwrap();
    assert_eq!(experiment.large_values().count(), 0);
}

#[test]
fn devices_are_shown_where_there_were_any() {
    let device = |number, device: Value| Event::Device {
        experiment: ExperimentNumber(number),
        device,
    };
    let a = |a: i64| Config::from_pairs([("a", a)]);
    let mut events = vec![
        started(0, 1, a(1)),
        saved(0, "x", 0, Column::Int(vec![1])),
        started(1, 1, a(2)),
        saved(1, "x", 0, Column::Int(vec![2])),
    ];
    let aux = TableOptions::new().aux(true);
    let results: Results = events.iter().collect();
    let header =
        |results: &Results, options| csv(results, options).lines().next().map(str::to_owned);
    assert_eq!(
        header(&results, &aux).unwrap(),
        "id,a,repetition,updates,iteration,x"
    );

    events.push(device(0, vec!["0", "1"].into()));
    events.push(device(1, Value::Null));
    let results: Results = events.iter().collect();
    assert_eq!(
        csv(&results, &aux),
        "id,a,repetition,updates,device,iteration,x\n\
         e0,1,0,0,\"[\"\"0\"\",\"\"1\"\"]\",0,1\n\
         e1,2,1,0,,0,2\n"
    );
    assert_eq!(
        header(&results, &TableOptions::new()).unwrap(),
        "id,a,iteration,x"
    );
    // Another attempt may have other devices.
    events.push(started(0, 2, a(1)));
    let results: Results = events.iter().collect();
    assert!(
        results
            .experiment(ExperimentNumber(0))
            .unwrap()
            .device
            .is_none()
    );
}

#[test]
fn a_new_attempt_voids_what_earlier_ones_left() {
    let config = Config::from_pairs([("a", 1)]);
    let mut results: Results = [
        started(0, 1, config.clone()),
        saved(0, "x", 0, Column::Int(vec![1, 2])),
        saved(0, "gone", 0, Column::Int(vec![1])),
        exception(0, "once"),
        progress(0, 7),
        ended(0, 1, Status::Killed, Some("signal 9")),
        started(0, 2, config),
        saved(0, "x", 0, Column::Int(vec![3])),
    ]
    .iter()
    .collect();
    assert_eq!(
        csv(&results, &TableOptions::new()),
        "id,a,iteration,x\ne0,1,0,3\n"
    );
    let experiment = results.experiment(ExperimentNumber(0)).unwrap();
    assert_eq!((experiment.attempt, experiment.status), (2, None));
    assert_eq!((experiment.iterations, experiment.seconds()), (0, None));
    assert!(experiment.exceptions.is_empty() && experiment.reason.is_none());

    // The late end of the earlier attempt does not end this one.
    results.apply(&ended(0, 1, Status::Failed, Some("late")));
    let experiment = results.experiment(ExperimentNumber(0)).unwrap();
    assert_eq!(experiment.status, None);
    results.apply(&ended(0, 2, Status::Finished, None));
    let experiment = results.experiment(ExperimentNumber(0)).unwrap();
    assert_eq!(experiment.status, Some(Status::Finished));
    assert_eq!(experiment.seconds(), Some(2.5));
}

#[test]
fn events_of_unknown_experiments_are_skipped() {
    let results: Results = [
        saved(3, "x", 0, Column::Int(vec![1])),
        exception(3, "what"),
        progress(3, 1),
        ended(3, 1, Status::Finished, None),
    ]
    .iter()
    .collect();
    assert!(results.is_empty());
    assert_eq!(csv(&results, &TableOptions::new()), "id,iteration\n");
}

#[test]
fn experiments_are_ordered_by_place_whatever_ended_first() {
    let one = |number, place| {
        [
            started_at_place(number, place, 1, Config::new()),
            saved(number, "x", 0, Column::Int(vec![number as i64])),
        ]
    };
    let log = [one(2, 0), one(1, 9), one(5, 1), one(4, 1)];
    let results: Results = log.iter().flatten().collect();
    let numbers: Vec<u64> = results.experiments().map(|e| e.number.0).collect();
    assert_eq!(numbers, [2, 4, 5, 1]);
    let table = csv(&results, &TableOptions::new());
    assert_eq!(table, "id,iteration,x\ne2,0,2\ne4,0,4\ne5,0,5\ne1,0,1\n");
}

#[test]
fn values_may_come_in_parts_of_any_kind_and_order() {
    let results: Results = [
        started(0, 1, Config::new()),
        saved(0, "x", 4, Column::Int(vec![40, 50])),
        saved(0, "x", 6, Column::Float(vec![60.5])),
        saved_at(
            0,
            "x",
            Iterations::List(vec![2, 5, 2, 9]),
            Column::Text(vec![
                "old".into(),
                "new".into(),
                "two".into(),
                "nine".into(),
            ]),
        ),
        saved(0, "x", 10, Column::Bool(vec![true])),
    ]
    .iter()
    .collect();
    let series = results
        .experiments()
        .next()
        .unwrap()
        .variable("x")
        .unwrap()
        .clone();
    assert_eq!(
        series.iterations().iter().collect::<Vec<_>>(),
        [2, 4, 5, 6, 9, 10]
    );
    let values: Vec<Value> = (0..series.len())
        .filter_map(|i| series.column().get(i))
        .collect();
    let expected: [Value; 6] = [
        "two".into(),
        40.into(),
        "new".into(),
        60.5.into(),
        "nine".into(),
        true.into(),
    ];
    assert_eq!(values, expected);
}

#[test]
fn columns_of_one_kind_stay_so() {
    let mut results: Results = [started(0, 1, Config::new())].iter().collect();
    for first in 0..3 {
        results.apply(&saved(0, "x", first * 2, Column::Float(vec![0.5, 1.5])));
    }
    let series = results.experiments().next().unwrap().variable("x").unwrap();
    assert_eq!(
        series.column(),
        &Column::Float(vec![0.5, 1.5, 0.5, 1.5, 0.5, 1.5])
    );
    assert_eq!(series.iterations(), &Iterations::Run { first: 0, count: 6 });
}

#[test]
fn malformed_events_lose_nothing_else() {
    let results: Results = [
        started(0, 1, Config::new()),
        saved_at(
            0,
            "x",
            Iterations::Run {
                first: 0,
                count: u64::MAX,
            },
            Column::Int(vec![1]),
        ),
        saved_at(
            0,
            "x",
            Iterations::Run {
                first: u64::MAX,
                count: 3,
            },
            Column::Int(vec![1]),
        ),
        saved_at(
            0,
            "x",
            Iterations::List(vec![u64::MAX, 3]),
            Column::Int(vec![7, 8]),
        ),
        saved_at(0, "x", Iterations::List(vec![4]), Column::Int(vec![9, 10])),
    ]
    .iter()
    .collect();
    let table = csv(&results, &TableOptions::new());
    assert_eq!(table, "id,iteration,x\ne0,0,1\ne0,3,8\ne0,4,9\n");
}

#[test]
fn experiments_have_a_table_of_their_own() {
    let results: Results = [
        started(0, 1, Config::from_pairs([("a", 1)])),
        saved(0, "x", 0, Column::Int(vec![1])),
        with_usage(
            ended(0, 1, Status::Finished, None),
            Some((200 << 20, 0.25)),
            0,
        ),
        started(1, 1, Config::from_pairs([("a", 2)])),
        progress(1, 1),
        with_usage(
            ended(1, 1, Status::Failed, Some("unit `train` failed, at once")),
            None,
            3,
        ),
        started(2, 3, Config::from_pairs([("b", 3)])),
        progress(2, 4),
    ]
    .iter()
    .collect();
    let table = results.experiments_table();
    let mut written = Vec::new();
    table.write(Format::Csv, &mut written).unwrap();
    let expected = "\
id,a,b,repetition,status,reason,iterations,seconds,attempts,peak_memory,cpu_seconds,exit_code,updates,seed,started,run,host
e0,1,,0,finished,,2,2.5,1,209715200,0.25,0,0,0,1.0,,
e1,2,,1,failed,\"unit `train` failed, at once\",2,2.5,1,,,3,0,0,1.0,,
e2,,3,0,,,4,,3,,,,0,0,1.0,,
";
    assert_eq!(String::from_utf8(written).unwrap(), expected);
    assert_eq!(table.row_count(), 3);
    let options = TableOptions::new().usage(true);
    let with_usage = results.to_table(&options).unwrap();
    let expected = "\
id,a,b,peak_memory,cpu_seconds,exit_code,iteration,x
e0,1,,209715200,0.25,0,0,1
";
    let mut written = Vec::new();
    with_usage.write(Format::Csv, &mut written).unwrap();
    assert_eq!(String::from_utf8(written).unwrap(), expected);
}

fn with_usage(mut event: Event, memory_and_time: Option<(u64, f64)>, code: i32) -> Event {
    if let Event::ExperimentEnded { usage, .. } = &mut event {
        *usage = ResourceUsage {
            peak_memory: memory_and_time.map(|(memory, _)| memory),
            cpu_seconds: memory_and_time.map(|(_, time)| time),
            exit_code: Some(code),
        };
    }
    event
}

#[test]
fn each_experiment_has_the_run_and_the_host_of_its_latest_attempt() {
    let start = |number, attempt| started(number, attempt, Config::new());
    let results: Results = [
        run_started(Some("one")),
        start(0, 1),
        start(1, 1),
        run_started(Some("two")),
        start(1, 2),
        worker_started(0, "three"),
        start(2, 1),
        run_started(None),
        start(3, 1),
    ]
    .iter()
    .collect();
    let of = |one: &ExperimentResult| (one.run, one.host.as_deref().map(str::to_owned));
    let found: Vec<_> = results.experiments().map(of).collect();
    let expected = [
        (1, Some("one")),
        (2, Some("two")),
        (2, Some("three")),
        (3, None),
    ];
    assert_eq!(
        found,
        expected.map(|(run, host)| (Some(run), host.map(str::to_owned)))
    );
    let mut table = Vec::new();
    let experiments = results.experiments_table();
    experiments.write(Format::Csv, &mut table).unwrap();
    let table = String::from_utf8(table).unwrap();
    assert!(table.ends_with(",0,0,1.0,3,\n"), "{table}");
    // Events without a run, as of a program that records no runs.
    let results: Results = [start(0, 1)].iter().collect();
    assert_eq!(results.experiments().next().unwrap().run, None);
}

#[test]
fn the_order_of_columns_does_not_depend_on_who_failed() {
    let all = ["first", "second", "third"];
    let saves = |number, names: &[&str]| {
        let mut events = vec![started(number, 1, Config::new())];
        events.extend(
            names
                .iter()
                .map(|name| saved(number, name, 0, Column::Int(vec![1]))),
        );
        events
    };
    // The first experiment lacks some of the variables that its units save otherwise.
    for names in [&all[..], &all[1..], &all[2..], &["first", "third"], &[]] {
        let events = [saves(0, names), saves(1, &all[1..]), saves(2, &all)].concat();
        let results: Results = events.iter().collect();
        let table = results.to_table(&TableOptions::new()).unwrap();
        assert_eq!(table.columns()[2..], all, "{names:?}");
    }
}
