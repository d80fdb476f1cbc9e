//! Errors that are found before anything runs, and reports of runs without a success.

use std::process::Command;

use research::domain::Config;
use research::{CompletedRun, Context, Research, ResearchError, When, ec, list_of, option, saved};

use crate::common::{folder, is_worker, square};

/// Returns the error of a run that must not begin.
fn refused(research: Research) -> String {
    let folder = folder("refused");
    let error = research.folder(&folder).run().unwrap_err();
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "{error}");
    error.to_string()
}

#[test]
fn a_parameter_that_no_config_has_is_found_before_anything_runs() {
    let study = || Research::new("typo").domain(option("rate", [0.1]) + option("depth", [1]));
    let wrong = study().callable("loss", |x: f64| x, (list_of((ec("rat") * 2, 1)).at(0),));
    assert_eq!(
        refused(wrong),
        "unit `loss` uses the parameter `rat`, which no config has; did you mean `rate`?"
    );
    let saving = study().save(ec("width"), "width");
    assert_eq!(
        refused(saving),
        "unit `save_width` uses the parameter `width`, which no config has; available: rate, depth"
    );
    // Parameters of only some configs, added parameters and auxiliary keys are known.
    let run = study()
        .in_memory()
        .workers([Config::from_pairs([("host", "a")])])
        .callable("depth", |depth: Option<i64>| depth, (ec("depth"),))
        .callable(
            "host",
            |host: String, _: u64| host,
            (ec("host"), ec("repetition")),
        )
        .run()
        .unwrap();
    run.require_success().unwrap();
    // An update of the domain may add parameters.
    let updated = study()
        .in_memory()
        .save(ec("later"), "later")
        .update_domain(|_| None::<research::Domain>, When::last())
        .run()
        .unwrap();
    updated.require_success().unwrap();
}

#[test]
fn two_units_that_save_to_one_name_are_found_before_anything_runs() {
    let study = || square("twice");
    assert_eq!(
        refused(study().save(ec("x"), "square")),
        "units `square` and `save_square` both save `square`: give each value a name of its own"
    );
    let parts = study()
        .callable("pair", || (1, 2), ())
        .save_parts_to([Some("a"), Some("a")]);
    assert!(refused(parts).starts_with("units `pair` and `pair` both save `a`"));
}

/// Fails for all experiments, or for none.
fn failing(name: &str, fails: bool) -> Research {
    let folder = folder(name);
    Research::new(name)
        .folder(folder)
        .domain(option("x", 0..3_i64))
        .callable(
            "check",
            move |x: i64| {
                if fails {
                    Err(format!("{x} is too small"))
                } else {
                    Ok(x)
                }
            },
            (ec("x"),),
        )
        .seed(1)
}

#[test]
fn a_run_that_has_failed_is_not_a_success() {
    let run = failing("no-success", true).run().unwrap();
    let error = run.require_success().unwrap_err();
    let text = "3 of 3 experiments of `no-success` failed; the first one: unit `check` failed in \
                iteration 0: 0 is too small";
    assert_eq!(error.to_string(), text);
    assert!(matches!(error, ResearchError::Failed { failed: 3, .. }));
    let loaded = CompletedRun::load(run.folder().unwrap()).unwrap();
    assert_eq!(loaded.require_success().unwrap_err().to_string(), text);
    let run = failing("a-success", false).run().unwrap();
    assert!(run.require_success().unwrap().report().is_some());
}

#[test]
fn an_experiment_reads_what_it_has_saved_in_a_process_of_its_own() {
    let run = Research::new("reads-saved")
        .in_memory()
        .domain(option("x", [1_i64, 2]))
        .n_iters(3)
        .callable("x", |x: i64| x, (ec("x"),))
        .save_to("x")
        .dump_when(1)
        .callable(
            "sum",
            |all: Vec<i64>| all.iter().sum::<i64>(),
            (saved("x"),),
        )
        .save_to("sum")
        .unit("last", |cx: &mut Context| {
            let sums: Vec<i64> = cx.saved("sum")?;
            Ok(sums.len() as i64 + i64::from(cx.is_last()))
        })
        .save_to("n")
        .run()
        .unwrap();
    run.require_success().unwrap();
    let results = run.results().load().unwrap();
    let values = |name: &str| -> Vec<String> {
        let experiments = results.experiments();
        let of_one = experiments.map(|one| {
            let column = one.variable(name).unwrap().column().clone();
            (0..column.len())
                .map(|i| column.get(i).unwrap().to_string())
                .collect::<Vec<_>>()
        });
        of_one.flatten().collect()
    };
    assert_eq!(values("sum"), ["1", "2", "3", "2", "4", "6"]);
    assert_eq!(values("n"), ["1", "2", "4", "1", "2", "4"]);
}

/// The program that the next test runs.
#[test]
fn all_fail_silently_or_not() {
    let quiet = std::env::var("RESEARCH_TEST_QUIET").unwrap_or_default();
    let _ = failing("all-fail", true).quiet(quiet == "1").run().unwrap();
}

#[test]
fn that_all_have_failed_is_a_line_on_stderr_unless_quiet() {
    let stderr = |quiet: &str| {
        let output = Command::new(std::env::current_exe().unwrap())
            .args([
                "outcome::all_fail_silently_or_not",
                "--exact",
                "--nocapture",
            ])
            .env("RESEARCH_TEST_QUIET", quiet)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    if is_worker() {
        return;
    }
    let line = "all-fail: 3 of 3 experiments of `all-fail` failed; the first one: unit `check` \
                failed in iteration 0: 0 is too small\n";
    assert!(stderr("0").contains(line));
    assert!(!stderr("1").contains("failed"));
}
