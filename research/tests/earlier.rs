//! Runs that a program has done or tried before the one that its workers are for.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{csv, folder, is_worker, last_values, runs, square};
use research::core::{Event, Subscriber};
use research::{Isolation, Research, ec, option};

const ISOLATIONS: [Isolation; 3] = [Isolation::None, Isolation::Worker, Isolation::Experiment];

/// Begins a research, fails to begin it once more, and goes on with it instead.
fn begun_or_resumed(study: impl Fn() -> Research) {
    study().n_configs(2).run().unwrap();
    let finished = study().run().or_else(|_| study().resume()).unwrap();
    let runs = runs(&finished);
    assert_eq!(runs, [(0, 0), (1, 0), (2, 0), (3, 0)]);
    assert_eq!(finished.results().load().unwrap().len(), 4);
}

#[test]
fn what_cannot_be_run_may_be_resumed() {
    let folder = folder("resumed-instead");
    for isolation in ISOLATIONS {
        let name = format!("{isolation:?}");
        begun_or_resumed(|| {
            square(&name)
                .folder(&folder)
                .isolation(isolation)
                .workers(2)
        });
    }
}

#[test]
fn what_cannot_be_run_may_be_resumed_by_executors_that_are_executed() {
    let folder = folder("resumed-instead-executed");
    let (_keep, wait) = std::sync::mpsc::channel::<()>();
    std::thread::spawn(move || wait.recv().is_err());
    begun_or_resumed(|| square("executed").folder(&folder));
}

/// Panics when the run begins.
struct Fails;

impl Subscriber for Fails {
    fn on_events(&mut self, _: &[Event]) {
        panic!("it does not want to see this");
    }
}

/// Something goes wrong before anything is run, after its folder was made.
#[test]
fn a_run_that_failed_at_its_start_is_resumed() {
    for isolation in ISOLATIONS {
        let folder = folder(&format!("failed-at-start-{isolation:?}"));
        let study = || square("late").folder(&folder).isolation(isolation);
        let refused = study().subscriber(Fails).run();
        assert!(refused.is_err());
        let finished = study().resume().unwrap();
        assert_eq!(finished.results().load().unwrap().len(), 4, "{isolation:?}");
    }
}

/// Workers of a later run come past it, and go on as their leader did.
#[test]
fn a_run_that_failed_is_passed_by() {
    let folder = folder("passed-by");
    let first = || square("first").folder(&folder);
    first().n_configs(1).run().unwrap();
    let error = first().run().unwrap_err();
    assert!(error.to_string().contains("resume"), "{error}");
    let second = square("second").in_memory().run().unwrap();
    assert_eq!(csv(&second).lines().count(), 5);
}

/// Two tests of one program have researches that nothing tells apart.
#[test]
fn a_research_is_that_of_its_test() {
    let finished = square("same").in_memory().run().unwrap();
    assert_eq!(csv(&finished).lines().count(), 5);
}

#[test]
fn a_research_is_that_of_its_test_and_not_of_another() {
    let finished = square("same").in_memory().run().unwrap();
    assert_eq!(csv(&finished).lines().count(), 5);
}

/// What units of the same name make of the numbers from 0 to 3.
fn times(name: &str, unit: &str, factor: i64) -> Research {
    Research::new(name)
        .in_memory()
        .domain(option("x", 0..4_i64))
        .callable(unit, move |x: i64| factor * x, (ec("x"),))
        .save_to("product")
        .seed(1)
}

/// A worker of the second research must not take the first for its own.
#[test]
fn an_entry_is_for_the_workers_of_its_own_research() {
    let studies = [("entry", "u", 1), ("other", "u", 10), ("entry", "v", 100)];
    let [first, second, third] =
        studies.map(|(name, unit, factor)| move || times(name, unit, factor));
    research::worker_entry(first);
    let one = first().run().unwrap();
    let ten = second().run().unwrap();
    let hundred = third().run().unwrap();
    assert_eq!(last_values(&one), ["0", "1", "2", "3"]);
    assert_eq!(last_values(&ten), ["0", "10", "20", "30"]);
    assert_eq!(last_values(&hundred), ["0", "100", "200", "300"]);
}

#[test]
fn a_program_with_several_researches_has_an_entry_for_each() {
    let [first, second] =
        [("one", 1), ("two", 2)].map(|(name, factor)| move || times(name, "u", factor));
    research::worker_entry(first);
    research::worker_entry(second);
    assert!(!is_worker(), "workers do not come here");
    let one = first().workers(2).run().unwrap();
    let two = second().n_configs(3).run().unwrap();
    assert_eq!(last_values(&one), ["0", "1", "2", "3"]);
    assert_eq!(last_values(&two), ["0", "2", "4"]);
}

/// Runs researches at once, each in a thread of the test's name: so workers come to the same test.
fn at_once(studies: impl IntoIterator<Item = Research>) -> Vec<String> {
    let start = |study: Research| {
        let name = std::thread::current().name().unwrap().to_owned();
        let thread = std::thread::Builder::new().name(name);
        thread.spawn(move || csv(&study.run().unwrap())).unwrap()
    };
    let threads: Vec<_> = studies.into_iter().map(start).collect();
    threads.into_iter().map(|one| one.join().unwrap()).collect()
}

#[test]
fn equal_researches_may_run_at_once_and_after_each_other() {
    let study = || square("equal").in_memory();
    let tables = at_once([study(), study(), study()]);
    let one_more = csv(&study().run().unwrap());
    assert_eq!(one_more.lines().count(), 5);
    assert!(tables.iter().all(|table| *table == one_more));
}

#[test]
fn different_researches_may_run_at_once() {
    let studies = ["a", "b", "c"].map(|name| square(name).in_memory().workers(2));
    let tables = at_once(studies);
    assert!(tables.iter().all(|table| *table == tables[0]));
    assert_eq!(tables[0].lines().count(), 5);
}
