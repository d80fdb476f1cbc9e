//! Whole researches through the facade. Workers execute this test program again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

mod roots;
mod stopped;

use crate::common::{csv, folder, is_worker, square};
use research::domain::Config;
use research::{
    CompletedRun, Context, ExecutorTarget, Isolation, Outcome, Research, ResearchError, Status,
    UnitError, ec, o, option,
};

fn drawing(name: &str) -> Research {
    Research::new(name)
        .domain(option("a", 0..6_i64) * option("x", 0.0..1.0))
        .unit("draw", |cx: &mut Context| {
            use research::base::rand_core::Rng;
            Ok(i64::from(cx.rng().next_u32()))
        })
        .save_to("drawn")
        .callable(
            "sum",
            |a: i64, x: f64, drawn: i64| a as f64 + x + drawn as f64,
            (ec("a"), ec("x"), o("draw")),
        )
        .save_to("sum")
        .n_reps(2)
        .seed(7)
}

/// A retried or resumed experiment keeps the config of its branch, whichever other experiments of
/// its task run.
#[test]
fn what_is_retried_is_the_branch_that_it_was() {
    let folder = folder("same-branch");
    let study = |name: &str, fails: &'static [i64]| {
        let marks = folder.clone();
        let mark = name.to_owned();
        Research::new(name)
            .folder(&folder)
            .domain(option("x", 0..8_i64))
            .seed(4)
            .branches(["a", "b", "c"].map(|mode| Config::from_pairs([("mode", mode)])))
            .unit(
                "work",
                move |cx: &mut Context| -> Result<String, UnitError> {
                    let x: i64 = cx.config_item("x")?;
                    let mark = marks.join(format!("{mark} {x}"));
                    if fails.contains(&x) && std::fs::File::create_new(mark).is_ok() {
                        return Err("the first time".into());
                    }
                    let mode: String = cx.config_item("mode")?;
                    Ok(format!("{mode}{x}"))
                },
            )
            .save_to("v")
    };
    let undisturbed = csv(&study("undisturbed", &[]).run().unwrap());
    let values = undisturbed.lines().skip(1);
    let values: Vec<&str> = values
        .map(|line| line.rsplit(',').next().unwrap())
        .collect();
    assert_eq!(values, ["a0", "b1", "c2", "a3", "b4", "c5", "a6", "b7"]);
    let retried = study("retried", &[1, 2, 3, 7]).retries(1).run().unwrap();
    assert_eq!(csv(&retried), undisturbed);

    let fails: &[i64] = &[1, 2, 5, 6];
    let begun = study("resumed", fails).run().unwrap();
    // A worker that passes this run sees its final results.
    assert!(is_worker() || csv(&begun) != undisturbed);
    let resumed = study("resumed", fails).redo_failed(true).resume().unwrap();
    assert_eq!(csv(&resumed), undisturbed);
    let of_two = resumed.results().load().unwrap();
    let of_two = of_two.experiments().nth(2).unwrap().record.id.to_string();
    let again = study("resumed", fails).reproduce(&of_two).unwrap();
    assert!(again.is_same(), "{again:?}");
}

/// Root units run once for each task: each counts the experiments that it served.
#[test]
fn branches_share_root_units_and_change_no_result() {
    let folder = folder("branches");
    let study = |name: &str| {
        drawing(name)
            .unit("root", |_: &mut Context| Ok(i64::from(std::process::id())))
            .root()
            .branch_by([])
            .unit("process", |cx: &mut Context| {
                Ok(cx.output::<i64>("root")? == i64::from(std::process::id()))
            })
            .save_to("same_process")
            .folder(&folder)
    };
    let alone = study("alone").run().unwrap();
    let five = study("five").branches(5).workers(2).run().unwrap();
    let in_turn = study("in-turn")
        .branches(5)
        .executor_target(ExecutorTarget::For)
        .isolation(Isolation::Worker)
        .run()
        .unwrap();
    assert_eq!(csv(&alone), csv(&five));
    assert_eq!(csv(&alone), csv(&in_turn));
    assert_eq!(five.report().unwrap().counts.of(Status::Finished), 12);
    let none = study("none").branches(0).run().unwrap_err();
    assert!(
        none.to_string().contains("branches must be at least 1"),
        "{none}"
    );
}

#[test]
fn results_do_not_depend_on_workers_or_isolation() {
    let folder = folder("same-results");
    let one = drawing("one").folder(&folder).run().unwrap();
    let eight = drawing("eight").folder(&folder).workers(8).run().unwrap();
    let here = drawing("here")
        .folder(&folder)
        .isolation(Isolation::None)
        .run()
        .unwrap();
    let memory = drawing("memory").in_memory().workers(3).run().unwrap();
    let expected = csv(&one);
    assert_eq!(expected.lines().count(), 1 + 12);
    assert_eq!(csv(&eight), expected);
    assert_eq!(csv(&here), expected);
    assert_eq!(csv(&memory), expected);
    let loaded = CompletedRun::load(folder.join("one")).unwrap();
    assert_eq!(csv(&loaded), expected);
}

#[test]
fn a_generator_made_by_a_function_has_arguments_and_ends_its_experiment() {
    let counted = Research::new("counted")
        .in_memory()
        .domain(option("n", [2_i64, 3]))
        .generator_with("count", |n: i64| 0..n, (ec("n"),))
        .save_to("step")
        .parallel(false)
        .run()
        .unwrap();
    let saved: Vec<String> = csv(&counted)
        .lines()
        .skip(1)
        .map(|line| line.split(',').skip(1).collect::<Vec<_>>().join(","))
        .collect();
    assert_eq!(saved, ["2,0,0", "2,1,1", "3,0,0", "3,1,1", "3,2,2"]);
}

#[test]
fn runs_follow_each_other_and_use_results_of_the_ones_before() {
    let best = |finished: &CompletedRun| -> i64 {
        let text = csv(finished);
        text.lines()
            .skip(1)
            .map(|line| line.split(',').next_back().unwrap().parse::<i64>().unwrap())
            .max()
            .unwrap()
    };
    let square = |name: &str, from: i64| {
        Research::new(name)
            .in_memory()
            .domain(option("x", from..from + 3))
            .callable("square", |x: i64| x * x, (ec("x"),))
            .save_to("square")
            .workers(2)
    };
    // A worker of the second run passes the first, and needs its results to continue.
    let first = square("first", 1).run().unwrap();
    let second = square("second", best(&first)).run().unwrap();
    assert_eq!(best(&second), 11 * 11);
    // The same run again is a separate run.
    let third = square("second", best(&first)).run().unwrap();
    assert_eq!(best(&third), 11 * 11);
}

#[test]
fn an_interrupted_research_continues_where_it_was() {
    let folder = folder("continues");
    let undisturbed = drawing("undisturbed").folder(&folder).run().unwrap();
    // A run of half of the domain stands for an interrupted one: an extended domain is resumed in
    // the same way.
    let half = |name: &str| {
        drawing(name)
            .domain(option("a", 0..3_i64) * option("x", 0.0..1.0))
            .folder(&folder)
    };
    let _ = half("resumed").run().unwrap();
    let resumed = drawing("resumed")
        .folder(&folder)
        .workers(2)
        .resume()
        .unwrap();
    assert_eq!(resumed.report().unwrap().counts.of(Status::Finished), 6);
    assert_eq!(csv(&resumed), csv(&undisturbed));
    let again = drawing("resumed").folder(&folder).resume().unwrap();
    assert_eq!(again.report().unwrap().counts.total(), 0);
    assert_eq!(again.report().unwrap().outcome, Outcome::Complete);

    let other_seed = drawing("resumed")
        .folder(&folder)
        .seed(8)
        .resume()
        .unwrap_err();
    assert!(
        other_seed.to_string().contains("begun with seed 7"),
        "{other_seed}"
    );
    let other_units = drawing("resumed")
        .unit("more", |_: &mut Context| 1)
        .folder(&folder)
        .resume();
    assert!(other_units.unwrap_err().to_string().contains("other units"));
}

#[test]
fn a_resumed_run_makes_the_retries_that_were_left() {
    let folder = folder("still-to-be-tried");
    let mark = folder.join("mark");
    let study = |retries| {
        let mark = mark.clone();
        Research::new("failing")
            .folder(&folder)
            .domain(option("x", 0..3_i64))
            .unit("fail once", move |cx: &mut Context| {
                let x: i64 = cx.config_item("x")?;
                match x == 1 && std::fs::File::create_new(&mark).is_ok() {
                    true => Err("the first time it fails".into()),
                    false => Ok(x),
                }
            })
            .save_to("x")
            .retries(retries)
    };
    let _ = study(0).run().unwrap();
    let resumed = study(1).resume().unwrap();
    assert_eq!(resumed.report().unwrap().counts.of(Status::Finished), 1);
    let again = study(1).resume().unwrap();
    assert_eq!(again.report().unwrap().counts.total(), 0);
}

#[test]
fn mistakes_are_found_before_anything_is_made() {
    let folder = folder("mistakes");
    let error = |research: Research| research.folder(&folder).run().unwrap_err().to_string();
    assert!(error(drawing("a/b")).contains("cannot be the name of a research"));
    assert!(error(drawing("..")).contains("cannot be the name of a research"));
    assert!(error(drawing("x").workers(0)).contains("workers must be at least 1"));
    let most = "workers can be 100000 at most, and is 4294967295";
    assert!(error(drawing("x").workers(u32::MAX)).contains(most));
    let product = drawing("x").workers(2000).branches(2000);
    assert!(error(product).contains("4000000 experiments at once"));
    let deep = (0..65).fold(research::Value::from(1), |inner, _| vec![inner].into());
    let added = Config::from_pairs([("added", deep)]);
    assert!(error(drawing("x").workers([added])).contains("deeper than 64 levels"));
    assert!(error(drawing("x").n_iters(0)).contains("n_iters must be at least 1"));
    let no_time = Duration::ZERO;
    assert!(error(drawing("x").timeout(no_time)).contains("longer than no time at all"));
    assert!(error(drawing("x").unit_timeout(no_time)).contains("of unit `sum` must be longer"));
    assert!(error(Research::new("x")).contains("has no units"));
    let other = research::Experiment::builder().callable("other", || 1, ());
    assert!(error(drawing("x").experiment(other)).contains("replaces the units"));
    let unequal = option("a", [1, 2]).zip(option("b", [1, 2, 3]));
    assert!(error(drawing("x").domain(unequal)).contains("2"));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);

    let _ = drawing("there")
        .folder(&folder)
        .isolation(Isolation::None)
        .run()
        .unwrap();
    let exists = drawing("there")
        .folder(&folder)
        .isolation(Isolation::None)
        .run()
        .unwrap_err();
    let exists = exists.to_string();
    for way in ["already exists", "resume it", "remove it"] {
        assert!(exists.contains(way), "{exists}");
    }
    let none = drawing("none").folder(&folder).resume().unwrap_err();
    assert!(matches!(none, ResearchError::Storage(_)), "{none}");
}

#[test]
fn a_program_that_describes_another_research_each_time_is_refused() {
    let process = i64::from(std::process::id());
    let research = Research::new("unsteady")
        .in_memory()
        .domain(option("process", [process]))
        .callable("id", |p: i64| p, (ec("process"),));
    let error = research.run().unwrap_err().to_string();
    assert!(error.contains("workers keep ending"), "{error}");
}

#[test]
fn artifacts_stand_in_the_folder_of_their_experiment() {
    let folder = folder("artifacts");
    let finished = Research::new("artifacts")
        .folder(&folder)
        .domain(option("x", [1, 2]))
        .unit("write", |cx: &mut Context| {
            if cx.config_item::<i64>("x")? == 1 {
                std::fs::write(cx.path()?.join("note.txt"), "a note")?;
            } else {
                cx.path()?;
            }
            Ok(())
        })
        .run()
        .unwrap();
    let experiments = finished.folder().unwrap().join("experiments");
    let results = finished.results().load().unwrap();
    let ids: Vec<String> = results
        .experiments()
        .map(|e| e.record.id.to_string())
        .collect();
    let note = experiments.join(&ids[0]).join("note.txt");
    assert_eq!(std::fs::read_to_string(note).unwrap(), "a note");
    let config = std::fs::read_to_string(experiments.join(&ids[0]).join("config.json")).unwrap();
    assert!(config.contains("\"x\": 1"), "{config}");
    assert!(
        !experiments.join(&ids[1]).exists(),
        "an empty folder says nothing"
    );
}

#[test]
fn debug_ends_the_run_with_the_error_of_the_unit() {
    let study = || {
        Research::new("debug")
            .in_memory()
            .domain(option("a", 0..4_i64))
            .callable(
                "fails",
                |a: i64| if a == 2 { Err("no luck") } else { Ok(a) },
                (ec("a"),),
            )
            .debug(true)
    };
    let parallel = study().run().unwrap_err();
    assert!(
        parallel
            .to_string()
            .contains("debug runs in this process alone"),
        "{parallel}"
    );
    let here = study()
        .isolation(Isolation::None)
        .executor_target(ExecutorTarget::For);
    let error = here.run().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("unit `fails` failed in iteration 0: no luck"),
        "{error}"
    );
}

/// All branches of a task share its process: when that ends, all branches that have not ended are
/// killed.
#[test]
fn the_death_of_a_process_is_reported_for_each_of_its_branches() {
    let folder = folder("dying-branches");
    let finished = Research::new("dying")
        .folder(&folder)
        .domain(option("a", 0..6_i64))
        .unit("dies", |cx: &mut Context| {
            if cx.config_item::<i64>("a")? == 1 {
                std::process::abort();
            }
            Ok(())
        })
        .branches(3)
        // In threads, the other branches may have ended by then.
        .executor_target(ExecutorTarget::For)
        .run()
        .unwrap();
    let counts = &finished.report().unwrap().counts;
    assert_eq!(
        (counts.of(Status::Killed), counts.of(Status::Finished)),
        (3, 3)
    );
    assert_eq!(format!("{counts:?}"), "{Finished: 3, Killed: 3}");
}

/// A thread of the leader iterates the domain.
#[test]
fn a_panic_of_the_domain_is_one_of_the_run() {
    let study = square("panics")
        .in_memory()
        .domain(option("x", 0..9_i64).filter(|config| {
            let x = config.get("x").and_then(research::Value::as_i64);
            assert_ne!(x, Some(5), "five is too much");
            true
        }))
        .workers(2);
    let run = AssertUnwindSafe(|| study.run().map(|_| ()));
    let panic = catch_unwind(run).unwrap_err();
    let said = panic.downcast_ref::<String>().unwrap();
    assert!(said.contains("five is too much"), "{said}");
}

#[test]
fn a_research_whose_domain_is_filtered_by_a_function_is_resumed_by_its_program() {
    let folder = folder("filtered");
    let study = |values: std::ops::Range<i64>| {
        let is_even = |config: &Config| config.read::<i64>("x").is_ok_and(|x| x % 2 == 0);
        square("filtered")
            .folder(&folder)
            .domain(option("x", values).filter(is_even))
    };
    let finished = study(0..4).run().unwrap();
    // A worker of the second run has no report of the first one.
    if let Some(report) = finished.report() {
        assert_eq!(report.counts.total(), 2);
    }
    let recorded = &finished.record().domain;
    assert!(recorded.ends_with(" where <a function>"), "{recorded}");
    assert!(recorded.parse::<research::Domain>().is_ok());
    let resumed = study(0..7).resume().unwrap();
    assert_eq!(resumed.report().unwrap().counts.total(), 2);
}
