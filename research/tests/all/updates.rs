//! Updates of the domain: functions and programs that decide what comes next.

use std::sync::{Arc, Mutex};

use research::base::rand_core::Rng;
use research::domain::uniform;
use research::exec::program::Run;
use research::storage::TableOptions;
use research::{
    CompletedRun, Config, Domain, Event, Isolation, NewDomain, Outcome, ProgramUpdate, Research,
    ResearchError, Status, When, ec, option,
};

use crate::common::{csv_with, folder, runs, square};

#[test]
fn an_exhausted_domain_is_replaced_by_one_around_the_best() {
    let finished = square("last")
        .in_memory()
        .update_domain(
            |cx| -> Result<Option<NewDomain>, String> {
                assert!(cx.is_exhausted());
                if cx.updates() == 2 {
                    return Ok(None);
                }
                let best = cx
                    .results()
                    .experiments()
                    .filter(|one| one.status == Some(Status::Finished))
                    .map(|one| one.record.config.read::<i64>("x").unwrap())
                    .max()
                    .ok_or("there are no results")?;
                Ok(Some(
                    NewDomain::new(option("x", [best + 1, best + 2])).n_reps(2),
                ))
            },
            When::last(),
        )
        .run()
        .unwrap();
    assert_eq!(finished.report().unwrap().outcome, Outcome::Complete);
    let first = [(0, 0), (1, 0), (2, 0), (3, 0)];
    let second = [(4, 1), (5, 1), (4, 1), (5, 1)];
    let third = [(6, 2), (7, 2), (6, 2), (7, 2)];
    assert_eq!(runs(&finished), [first, second, third].concat());
    let mut updates = Vec::new();
    let note = |event: &Event| {
        if let Event::DomainUpdated { update, .. } = event {
            updates.push((update.generated, update.updates, update.domain.clone()));
        }
    };
    finished.for_each_event(note).unwrap();
    let expected = [(4, 1, "x=[4, 5]"), (8, 2, "x=[6, 7]")];
    let expected = expected.map(|(generated, number, text)| (generated, number, text.to_owned()));
    assert_eq!(updates, expected);
}

/// With one worker, the order of all calls of rules is known.
#[test]
fn rules_are_asked_when_they_are_due_and_the_first_answer_counts() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let note = |rule: &'static str| {
        let asked = Arc::clone(&asked);
        move |generated: u64| asked.lock().unwrap().push((rule, generated))
    };
    let (every, at, also_at) = (note("every"), note("at"), note("also at"));
    let finished = square("rules")
        .domain(option("x", 0..9_i64))
        .in_memory()
        .isolation(Isolation::None)
        .update_domain(
            move |cx| {
                every(cx.generated());
                None::<NewDomain>
            },
            When::every(2),
        )
        .update_domain(
            move |cx| {
                at(cx.generated());
                option("x", [10, 20])
            },
            When::at(3),
        )
        .update_domain(
            move |cx| {
                also_at(cx.generated());
                option("x", [30])
            },
            When::at(3),
        )
        .run()
        .unwrap();
    // The worker takes one experiment; each one that ends causes another to be taken, and the rules
    // to be evaluated.
    let asked = asked.lock().unwrap();
    let expected = [("every", 2), ("every", 4), ("at", 4), ("every", 6)];
    assert_eq!(*asked, expected);
    let expected = [(0, 0), (1, 0), (2, 0), (3, 0), (10, 1), (20, 1)];
    assert_eq!(runs(&finished), expected);
}

#[test]
fn an_infinite_domain_ends_when_an_update_says_so() {
    let finished = square("endless")
        .domain(option("x", research::domain::int(0, 1_000_000)))
        .in_memory()
        .workers(3)
        .update_domain(
            |cx| {
                let few = cx.results().len() < 20;
                (!few).then(|| "none()".parse::<Domain>())
            },
            1,
        )
        .run()
        .unwrap();
    let count = runs(&finished).len();
    assert!((20..24).contains(&count), "{count}");
    assert_eq!(finished.report().unwrap().outcome, Outcome::Complete);
}

#[test]
fn what_an_update_draws_is_the_same_each_time() {
    let drawn = |name: &str| {
        let finished = square(name)
            .in_memory()
            .isolation(Isolation::None)
            .update_domain(
                |cx| {
                    let x = i64::from(cx.rng().next_u32());
                    (cx.updates() == 0).then(|| option("x", [x]) * option("y", uniform(0.0, 1.0)))
                },
                When::last(),
            )
            .run()
            .unwrap();
        csv_with(&finished, &TableOptions::new())
    };
    assert_eq!(drawn("one"), drawn("other"));
}

#[test]
fn a_failed_update_ends_the_run_which_can_be_resumed() {
    let folder = folder("failed-update");
    // Without workers: a worker would not pass the first run, which is an error in its leader.
    let study = || {
        square("study")
            .folder(&folder)
            .n_configs(3)
            .isolation(Isolation::None)
    };
    let failed = study()
        .update_domain(|_| Err::<NewDomain, _>("it is not known yet"), When::last())
        .run();
    let error = failed.unwrap_err();
    assert!(matches!(error, ResearchError::Run(_)));
    let text = error.to_string();
    assert!(text.contains("the domain cannot be updated"), "{text}");
    assert!(text.contains("it is not known yet"), "{text}");
    let log = std::fs::read_to_string(folder.join("study/research.log")).unwrap();
    assert!(log.contains("it is not known yet"), "{log}");
    assert!(log.contains("aborted, it can be resumed"), "{log}");
    let finished = study()
        .update_domain(
            |cx| (cx.updates() == 0).then(|| option("x", [100])),
            When::last(),
        )
        .resume()
        .unwrap();
    assert_eq!(runs(&finished), [(0, 0), (1, 0), (2, 0), (100, 1)]);
}

#[test]
fn a_panic_of_an_update_ends_the_run() {
    let result = square("panic")
        .in_memory()
        .update_domain(|_| -> Option<NewDomain> { panic!("no way") }, When::last())
        .run();
    let text = result.unwrap_err().to_string();
    assert!(text.contains("it panicked: no way"), "{text}");
}

#[test]
fn a_domain_that_cannot_be_ends_the_run() {
    let result = square("impossible")
        .in_memory()
        .update_domain(|_| NewDomain::new(option("x", [1])).n_reps(0), When::last())
        .run();
    let text = result.unwrap_err().to_string();
    assert!(text.contains("n_reps must be at least 1"), "{text}");
}

#[test]
fn a_program_reads_results_and_prints_a_domain() {
    let folder = folder("program-update");
    let script = "tail -n 1 \"$0\" | grep -q ,9$ && echo 'x=[7, 8]'; exit 0";
    let run = Run::List(["sh", "-c", script, "{results}"].map(str::to_owned).into());
    let finished = square("study")
        .folder(&folder)
        .update_domain_by(ProgramUpdate::new(run, false).unwrap(), When::last())
        .run()
        .unwrap();
    let expected = [(0, 0), (1, 0), (2, 0), (3, 0), (7, 1), (8, 1)];
    assert_eq!(runs(&finished), expected);
    let results = std::fs::read_to_string(folder.join("study/updates/results.csv")).unwrap();
    let all = TableOptions::new().aux(true).every_experiment(true);
    assert_eq!(results, csv_with(&finished, &all));
    let text = std::fs::read_to_string(folder.join("study/research.txt")).unwrap();
    assert!(text.contains("(when last)"), "{text}");
}

#[test]
fn a_program_that_fails_is_told_with_its_last_lines() {
    let fails = |line: &str| {
        let run = Run::Line(line.to_owned());
        let program = ProgramUpdate::new(run, true).unwrap();
        square("failing")
            .in_memory()
            .isolation(Isolation::None)
            .update_domain_by(program, When::last())
            .run()
            .unwrap_err()
            .to_string()
    };
    let text = fails("echo went wrong >&2; exit 3");
    assert!(text.contains("exit code 3"), "{text}");
    assert!(text.contains("went wrong"), "{text}");
    let text = fails("echo x=[1,");
    assert!(
        text.contains("the last line that it printed is not a valid domain"),
        "{text}"
    );
}

#[test]
fn workers_and_branches_add_to_configs_and_change_no_id() {
    let folder = folder("added");
    let study = |name: &str| {
        Research::new(name)
            .domain(option("x", 0..6_i64))
            .callable("x", |x: i64| x, (ec("x"),))
            .save_to("x")
            .folder(&folder)
            .seed(1)
    };
    let plain = study("plain").run().unwrap();
    let gpus = [0, 1].map(|gpu| Config::from_pairs([("gpu", gpu)]));
    let sides = ["left", "right"].map(|side| Config::from_pairs([("side", side)]));
    let placed = study("placed")
        .workers(gpus)
        .branches(sides)
        .callable("gpu", |gpu: i64| gpu, (ec("gpu"),))
        .save_to("gpu")
        .callable("side", |side: String| side, (ec("side"),))
        .save_to("side")
        .run()
        .unwrap();
    let ids = |finished: &CompletedRun| -> Vec<String> {
        let results = finished.results().load().unwrap();
        let ids = results.experiments().map(|one| one.record.id.to_string());
        ids.collect()
    };
    assert_eq!(ids(&plain), ids(&placed));
    let results = placed.results().load().unwrap();
    for one in results.experiments() {
        assert_eq!(one.record.config.keys().collect::<Vec<_>>(), ["x"]);
        let value = |name: &str| one.variable(name).unwrap().column().get(0).unwrap();
        assert_eq!(value("gpu"), i64::from(one.worker.0).into());
        let x: i64 = one.record.config.read("x").unwrap();
        assert_eq!(value("side"), ["left", "right"][x as usize % 2].into());
    }
}

#[test]
fn what_is_added_replaces_parameters_but_not_those_of_the_run() {
    let adding = |key: &str| {
        let configs = vec![Config::from_pairs([(key, 5)])];
        square("hides").in_memory().workers(configs).run()
    };
    let run = adding("x").unwrap();
    let warning = "`workers`: `x` is a parameter of the domain, too; experiments use the added \
                   value, and tables show it only with the added parameters";
    assert!(
        run.logs(None)
            .unwrap()
            .iter()
            .any(|entry| entry.text == warning)
    );
    let results = run.results().load().unwrap();
    for (x, one) in (0..).zip(results.experiments()) {
        assert_eq!(one.record.config.read("x"), Ok(x));
        assert_eq!(one.added.read("x"), Ok(5));
        assert_eq!(
            one.variable("square").unwrap().column().get(0),
            Some(25.into())
        );
    }
    let table = csv_with(&run, &TableOptions::new().added(true));
    assert!(
        table.lines().skip(1).all(|line| line.ends_with(",5,0,25")),
        "{table}"
    );
    let error = adding("repetition").unwrap_err().to_string();
    assert!(
        error.contains("`repetition` is set by the run itself"),
        "{error}"
    );
    let later = square("later")
        .in_memory()
        .workers([Config::from_pairs([("gpu", 0)])])
        .update_domain(|_| option("gpu", [1]), When::last())
        .run();
    let text = later.unwrap_err().to_string();
    assert!(
        text.contains("`gpu` is a parameter of the domain"),
        "{text}"
    );
}

/// A resumed research could not read the recorded domain.
#[test]
fn a_domain_that_cannot_be_recorded_is_refused() {
    let odd = || option("x", [5, 6]).filter(|config| config.read::<i64>("x") == Ok(5));
    let study = |name: &str| {
        square(name).update_domain(move |cx| (cx.updates() == 0).then(odd), When::last())
    };
    let error = study("filtered").folder(folder("updates-filtered")).run();
    let text = error.unwrap_err().to_string();
    assert!(text.contains("with `matching`"), "{text}");
    let finished = study("in-memory").in_memory().run().unwrap();
    assert_eq!(runs(&finished).last(), Some(&(5, 1)));
}
