//! Earlier runs of a program, on the way of its workers to a later run.

use std::sync::{Arc, Barrier};
use std::thread::JoinHandle;

use crate::common::{csv, folder, is_worker, last_values, runs, square};
use research::base::StorageError;
use research::{
    CompletedRun, Domain, Isolation, Research, ResearchError, UpdateContext, When, ec, option,
};

const ISOLATIONS: [Isolation; 3] = [Isolation::None, Isolation::Worker, Isolation::Experiment];

/// Begins a research, fails to begin it a second time, and resumes it instead.
fn begun_or_resumed(study: impl Fn() -> Research) {
    let _ = study().n_configs(2).run().unwrap();
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

/// The run fails after its folder was created.
#[test]
fn a_run_that_failed_is_resumed() {
    for isolation in ISOLATIONS {
        let folder = folder(&format!("failed-{isolation:?}"));
        let mark = folder.join("mark");
        let study = || {
            let mark = mark.clone();
            let fails_once = move |_: &mut UpdateContext<'_>| match std::fs::File::create_new(&mark)
            {
                Ok(_) => Err("the first time it fails".to_owned()),
                Err(_) => Ok(None::<Domain>),
            };
            square("late")
                .folder(&folder)
                .isolation(isolation)
                .update_domain(fails_once, When::at(0))
        };
        let refused = study().run();
        assert!(refused.is_err());
        let finished = study().resume().unwrap();
        assert_eq!(finished.results().load().unwrap().len(), 4, "{isolation:?}");
    }
}

/// Workers of a later run pass the failed run, and continue as their leader did.
#[test]
fn a_run_that_failed_is_passed_by() {
    let folder = folder("passed-by");
    let first = || square("first").folder(&folder);
    let _ = first().n_configs(1).run().unwrap();
    let error = first().run().unwrap_err();
    assert!(error.to_string().contains("resume"), "{error}");
    let second = square("second").in_memory().run().unwrap();
    assert_eq!(csv(&second).lines().count(), 5);
}

/// Two tests of one program have researches with identical descriptions.
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

/// Multiplies the numbers from 0 to 3, in a unit of this name.
fn times(name: &str, unit: &str, factor: i64) -> Research {
    Research::new(name)
        .in_memory()
        .domain(option("x", 0..4_i64))
        .callable(unit, move |x: i64| factor * x, (ec("x"),))
        .save_to("product")
        .seed(1)
}

/// A worker of the second research must not serve the first.
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

/// The entry's closures do not serve the second run of its units.
#[test]
fn an_entry_is_for_one_run_of_its_units() {
    research::worker_entry(|| times("again", "u", 1));
    let one = times("again", "u", 1).run().unwrap();
    let ten = times("again", "u", 10).run().unwrap();
    assert_eq!(last_values(&one), ["0", "1", "2", "3"]);
    assert_eq!(last_values(&ten), ["0", "10", "20", "30"]);
}

/// Starts a thread with the name of the test, so that workers run the same test.
fn start<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let name = std::thread::current().name().unwrap().to_owned();
    std::thread::Builder::new().name(name).spawn(run).unwrap()
}

fn products(factor: i64) -> Vec<String> {
    (0..4).map(|x| (factor * x).to_string()).collect()
}

/// Whether a run returned its own results, or was refused. Anything else fails the test.
fn is_right_or_refused(factor: i64, run: &Result<CompletedRun, ResearchError>) -> bool {
    match run {
        Ok(finished) => {
            assert_eq!(last_values(finished), products(factor));
            true
        }
        Err(ResearchError::NotToldApart { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

/// Workers cannot know which run is meant: only the captured factor differs.
#[test]
fn what_closures_have_captured_is_not_mixed_up_at_once() {
    for isolation in [Isolation::Worker, Isolation::Experiment] {
        let name = format!("{isolation:?}");
        let barrier = Arc::new(Barrier::new(2));
        let threads = [1, 10].map(|factor| {
            let barrier = Arc::clone(&barrier);
            let study = times(&name, "u", factor).isolation(isolation);
            let thread = start(move || {
                barrier.wait();
                study.run()
            });
            (factor, thread)
        });
        let runs = threads.map(|(factor, thread)| (factor, thread.join().unwrap()));
        let right = runs
            .iter()
            .filter(|(factor, run)| is_right_or_refused(*factor, run));
        assert!(right.count() < 2, "two threads, whose order is unknown");
    }
}

#[test]
fn what_closures_have_captured_is_told_apart_by_names_and_by_arguments() {
    let constant = |factor: i64| {
        Research::new("constant")
            .in_memory()
            .domain(option("x", 0..4_i64))
            .callable("u", |x: i64, factor: i64| factor * x, (ec("x"), factor))
            .save_to("product")
            .seed(1)
    };
    let studies = [
        (1, times("one", "u", 1)),
        (10, times("ten", "u", 10)),
        (100, constant(100)),
        (1000, constant(1000)),
    ];
    let threads = studies.map(|(factor, study)| (factor, start(move || study.run())));
    for (factor, thread) in threads {
        assert!(is_right_or_refused(factor, &thread.join().unwrap()));
    }
}

#[test]
fn threads_that_follow_each_other_have_runs_of_their_own() {
    for factor in [1, 10, 100] {
        let run = start(move || times("in order", "u", factor).run());
        assert!(is_right_or_refused(factor, &run.join().unwrap()));
    }
    // This thread existed before, and might have been the first.
    let here = times("in order", "u", 1000).run();
    assert!(!is_right_or_refused(1000, &here));
}

/// A worker does not mistake the failed run for the requested one.
#[test]
fn closures_of_a_run_that_failed_are_not_those_of_the_next() {
    let folder = folder("failed-with-captures");
    let study = |factor, place: &str| {
        let place = folder.join(place);
        std::fs::create_dir_all(&place).unwrap();
        times("same", "u", factor).folder(place)
    };
    let _ = study(5, "first").run().unwrap();
    let refused = study(1, "first").run().unwrap_err();
    let ten = study(10, "second").run().unwrap();
    assert_eq!(last_values(&ten), products(10));
    // Programs match on its type.
    let exists = matches!(refused, ResearchError::Storage(StorageError::Exists { .. }));
    assert!(exists, "{refused:?}");
}

/// The arguments of a worker name its test, and so do those of the leader under nextest. Otherwise
/// the test is not known to a thread of another name, and the run is refused: workers would run no
/// test, or all of them.
#[test]
fn threads_of_a_test_run_researches_or_are_refused() {
    let run = || square("in a thread").in_memory().workers(2).run();
    let builder = || std::thread::Builder::new();
    for thread in [builder().name("helper".to_owned()), builder()] {
        let run = thread.spawn(run).unwrap().join().unwrap();
        match run {
            Ok(finished) => assert_eq!(csv(&finished).lines().count(), 5),
            Err(error) => {
                let is_alone = std::env::args().any(|one| one == "--exact");
                let is_unknown = matches!(error, ResearchError::UnknownTest { .. });
                assert!(is_unknown && !is_alone, "{error}");
            }
        }
    }
}

/// Runs researches in parallel.
fn at_once(studies: impl IntoIterator<Item = Research>) -> Vec<String> {
    let run = |study: Research| start(move || csv(&study.run().unwrap()));
    let threads: Vec<_> = studies.into_iter().map(run).collect();
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

/// Workers of the second run pass the first, whose folder no longer exists.
#[test]
fn what_was_removed_between_runs_is_passed_by_with_its_results() {
    type Remove = fn(&CompletedRun);
    let folder = folder("removed-between");
    let removals: [(Isolation, Remove); 2] = [
        (Isolation::Worker, |finished| {
            research::remove(finished.folder().unwrap(), false).unwrap();
        }),
        (Isolation::Experiment, |finished| {
            std::fs::remove_dir_all(finished.folder().unwrap()).unwrap();
        }),
    ];
    for (isolation, remove) in removals {
        let study = |name: &str, factor| {
            times(name, "u", factor)
                .folder(&folder)
                .isolation(isolation)
        };
        let mut factor = 2;
        for name in ["first", "second", "second"] {
            let finished = study(name, factor).run().unwrap();
            assert_eq!(last_values(&finished), products(factor));
            // The next run depends on the result of this one.
            factor = last_values(&finished)[1].parse::<i64>().unwrap() + 1;
            remove(&finished);
        }
        assert_eq!(factor, 5);
        assert!(is_worker() || std::fs::read_dir(&folder).unwrap().count() == 0);
    }
}

/// Executed workers repeat the code before `run`.
#[test]
fn a_worker_that_removes_the_folder_of_its_run_ends_it_with_a_reason() {
    let folder = folder("removed-by-worker");
    for isolation in [Isolation::Worker, Isolation::Experiment] {
        let study = times("removed", "u", 3)
            .folder(&folder)
            .isolation(isolation);
        let _ = std::fs::remove_dir_all(folder.join("removed"));
        let error = study.run().unwrap_err();
        let hint = error.to_string();
        assert!(hint.contains("`research::worker_entry`"), "{hint}");
        // Workers of the second run pass the first one, and get the same error.
        let is_typed = matches!(error, ResearchError::LogRemoved { .. });
        assert!(is_typed || is_worker(), "{error:?}");
        // Nothing blocks the next run.
        assert!(!folder.join("removed").exists() || is_worker());
    }
}

#[test]
fn a_program_with_an_entry_may_remove_the_folder_before_its_run() {
    let folder = folder("removed-after-entry");
    let study = || times("removed", "u", 3).folder(&folder).workers(2);
    research::worker_entry(study);
    std::fs::create_dir(folder.join("removed")).unwrap();
    std::fs::remove_dir_all(folder.join("removed")).unwrap();
    let finished = study().isolation(Isolation::Experiment).run().unwrap();
    assert_eq!(last_values(&finished), products(3));
    assert!(folder.join("removed/events.log").is_file());
}

#[test]
fn what_research_removes_before_a_run_is_not_removed_by_workers() {
    let folder = folder("removed-by-research");
    for factor in [3, 4] {
        let _ = research::remove(folder.join("removed"), true);
        let study = times("removed", "u", factor).folder(&folder).workers(2);
        assert_eq!(last_values(&study.run().unwrap()), products(factor));
    }
    assert!(folder.join("removed/events.log").is_file());
}
