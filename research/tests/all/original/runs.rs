//! Runs of whole researches.

use std::fs;

use crate::common::{csv, folder, is_worker, last_values, runs};
use research::domain::option;
use research::{
    CompletedRun, Context, Domain, ExecutorTarget, Isolation, LogLevel, NewDomain, OutputStream,
    Redirect, Research, Status, UpdateContext, Value, When, ec, o,
};

use super::sum;

/// Returns the number of experiments that failed.
fn failures(finished: &CompletedRun) -> usize {
    let results = finished.results().load().unwrap();
    let failed = |status: Option<Status>| status == Some(Status::Failed);
    results
        .experiments()
        .filter(|one| failed(one.status))
        .count()
}

#[test]
fn results_are_the_same_however_a_research_runs() {
    let study = |name: &str| sum(name).n_iters(3).seed(1);
    let expected = csv(&study("alone").in_memory().run().unwrap());
    assert_eq!(expected.lines().count(), 1 + 18);
    let threads = ExecutorTarget::Threads;
    for (isolation, workers, branches, target) in [
        (Isolation::None, 1, 1, ExecutorTarget::For),
        (Isolation::None, 1, 3, threads),
        (Isolation::Worker, 3, 3, ExecutorTarget::For),
        (Isolation::Experiment, 1, 3, threads),
        (Isolation::Experiment, 3, 1, threads),
    ] {
        let name = format!("{isolation:?}-{workers}-{branches}");
        let study = study(&name)
            .isolation(isolation)
            .workers(workers)
            .branches(branches)
            .executor_target(target);
        let finished = study
            .folder(folder(&format!("original-{name}")))
            .run()
            .unwrap();
        assert_eq!(failures(&finished), 0);
        assert_eq!(csv(&finished), expected, "{name}");
        let loaded = CompletedRun::load(finished.folder().unwrap()).unwrap();
        assert_eq!(csv(&loaded), expected, "{name}");
    }
}

#[test]
fn a_research_without_a_domain_has_one_experiment() {
    let finished = Research::new("empty")
        .in_memory()
        .callable("hundred", || 100, ())
        .save(o("hundred"), "hundred")
        .n_iters(10)
        .run()
        .unwrap();
    assert_eq!(failures(&finished), 0);
    assert_eq!(csv(&finished).lines().count(), 1 + 10);
}

/// The update replaces the sixth of six configs, and a second one replaces the ninth.
#[test]
fn an_update_replaces_what_is_left_of_the_domain() {
    let update = |_: &mut UpdateContext<'_>| NewDomain::new(option("x", [4, 5, 6])).n_reps(2);
    let finished = Research::new("updated")
        .in_memory()
        .isolation(Isolation::None)
        .domain(option("x", [1, 2, 3]))
        .n_reps(2)
        .callable("x", |x: i64| x, (ec("x"),))
        .save(o("x"), "x_saved")
        .update_domain(update, When::at(5).or(When::at(8)))
        .run()
        .unwrap();
    assert_eq!(failures(&finished), 0);
    let first = [1, 2, 3, 1, 2, 3].map(|x| (x, 0));
    let second = [4, 5, 6].map(|x| (x, 1));
    let third = [4, 5, 6, 4, 5, 6].map(|x| (x, 2));
    let expected = [first.as_slice(), &second, &third].concat();
    assert_eq!(runs(&finished), expected, "15 experiments");
}

/// A model that one pipeline trains and another one tests, both on its data.
struct Model {
    layout: String,
    seen: i64,
}

#[test]
fn pipelines_share_a_model() {
    let domain = option("layout", ["f", "faf"]).zip(option("features", [vec![10], vec![100, 10]]));
    for (branches, workers) in [(1, 1), (1, 2), (2, 2)] {
        let finished = Research::new("controller")
            .in_memory()
            .domain(domain.clone())
            .n_reps(2)
            .seed(3)
            .branches(branches)
            .branch_by([])
            .n_iters(3)
            .workers(workers)
            .pipeline("train_batches", |_: &mut Context| Ok(vec![1_i64, 2, 3]))
            .root()
            .instance(
                "model",
                |layout: String| Ok(Model { layout, seen: 0 }),
                (ec("layout"),),
            )
            .method(
                "train",
                "model",
                |model: &mut Model, batch: research::Shared<i64>| model.seen += *batch,
                (o("train_batches"),),
            )
            .pipeline("test_batches", |_: &mut Context| Ok(vec![10_i64, 20]))
            .full_run()
            .when(When::last())
            .branch_pipeline(
                "test",
                "test_batches",
                |_: &mut Context| Ok(0),
                |sum, batch: &i64, _| {
                    *sum += batch;
                    Ok(*sum)
                },
            )
            .when(When::last())
            .method(
                "evaluate",
                "model",
                |model: &mut Model, tested: i64| format!("{}{}", model.layout, model.seen + tested),
                (o("test"),),
            )
            .when(When::last())
            .save(o("evaluate"), "accuracy")
            .when(When::last())
            .run()
            .unwrap();
        assert_eq!(failures(&finished), 0, "{:?}", finished.logs(None));
        let results = finished.results().load().unwrap();
        let accuracies: Vec<Value> = results
            .experiments()
            .map(|one| one.variable("accuracy").unwrap().column().get(0).unwrap())
            .collect();
        let expected = ["f36", "faf36", "f36", "faf36"].map(Value::from);
        assert_eq!(accuracies, expected);
    }
}

/// The original calls `storage.update_variable(name, value)`.
#[test]
fn a_unit_saves_under_names_that_it_chooses() {
    let finished = Research::new("variables")
        .in_memory()
        .domain(option("x", [1, 2, 3, 4]))
        .unit("choose", |cx: &mut Context| {
            let x: i64 = cx.config_item("x")?;
            cx.save(if x > 2 { "var1" } else { "var2" }, x * x)
        })
        .workers(2)
        .branches(2)
        .run()
        .unwrap();
    let table = csv(&finished);
    let rows = table.lines().map(|line| line.split_once(',').unwrap().1);
    let rows: Vec<&str> = rows.collect();
    assert_eq!(
        rows,
        [
            "x,iteration,var2,var1",
            "1,0,1,",
            "2,0,4,",
            "3,0,,9",
            "4,0,,16"
        ]
    );
}

#[test]
fn prefixes_of_ids_have_their_digits() {
    let x = || option("x", [1, 2]);
    let domains = [
        (x() * option("y", [2, 3, 4]), 2),
        (x().zip(option("y", [2, 3])), 2),
        (Domain::default(), 0),
    ];
    for (domain, parameters) in domains {
        for digits in [None, Some(1), Some(4)] {
            let study = Research::new("prefixes")
                .in_memory()
                .domain(domain.clone())
                .callable("one", || 1, ())
                .save_to("a");
            let study = match digits {
                Some(digits) => study.create_id_prefix(digits),
                None => study,
            };
            let results = study.run().unwrap().results().load().unwrap();
            for one in results.experiments() {
                let id = one.record.id.to_string();
                let mut parts: Vec<&str> = id.split('_').collect();
                parts.pop();
                let Some(digits) = digits else {
                    assert_eq!(parts, [""; 0], "{id}");
                    continue;
                };
                // A prefix for each parameter, and for the repetition.
                assert_eq!(parts.len(), parameters + 1, "{id}");
                assert!(
                    parts.iter().all(|part| part.len() == usize::from(digits)),
                    "{id}"
                );
            }
        }
    }
}

#[test]
fn a_research_is_removed_with_its_folder() {
    let finished = sum("removed")
        .folder(folder("original-removed"))
        .run()
        .unwrap();
    let folder = finished.folder().unwrap();
    assert!(folder.exists());
    research::remove(folder, false).unwrap();
    assert!(!folder.exists());
}

#[test]
fn errors_are_recorded_or_raised_in_debug_mode() {
    let faulty = |debug| {
        Research::new("faulty")
            .in_memory()
            .callable("fails", || Err::<i64, _>("not implemented"), ())
            .isolation(Isolation::None)
            .executor_target(ExecutorTarget::For)
            .debug(debug)
            .run()
    };
    assert_eq!(failures(&faulty(false).unwrap()), 1);
    let raised = faulty(true).unwrap_err().to_string();
    assert_eq!(
        raised,
        "unit `fails` failed in iteration 0: not implemented"
    );
}

#[test]
fn profiles_have_two_levels() {
    for level in [1, 2] {
        let finished = sum("profiled")
            .in_memory()
            .n_iters(3)
            .profile(level)
            .run()
            .unwrap();
        let profile = finished.profile().unwrap();
        let time = profile
            .units
            .iter()
            .find(|time| time.unit.as_deref() == Some("sum"));
        let time = time.unwrap();
        assert_eq!(time.calls, 18);
        assert!(time.total > 0.0);
        assert_eq!(time.peak_memory > 0, level == 2);
    }
}

/// The log of a research has a line for each experiment's beginning and end; that of an
/// experiment has its messages.
#[test]
fn logs_are_written_by_level() {
    for (level, has_details) in [(LogLevel::Info, false), (LogLevel::Debug, true)] {
        let finished = sum("logged")
            .folder(folder(&format!("original-logged-{level}")))
            .unit("speak", |cx: &mut Context| {
                cx.log(LogLevel::Info, "spoken");
                cx.log(LogLevel::Debug, "whispered");
                Ok(())
            })
            .loglevel(level)
            .run()
            .unwrap();
        let folder = finished.folder().unwrap();
        let log = fs::read_to_string(folder.join("research.log")).unwrap();
        let results = finished.results().load().unwrap();
        assert_eq!(results.len(), 6);
        for one in results.experiments() {
            let id = one.record.id.as_str();
            assert!(log.contains(id), "{log}");
            let own = folder.join("experiments").join(id).join("experiment.log");
            let own = fs::read_to_string(own).unwrap();
            assert!(own.contains("spoken"), "{own}");
            assert_eq!(own.contains("whispered"), has_details, "{own}");
        }
    }
}

#[test]
fn units_of_one_function_save_to_their_own_names() {
    fn power(a: i64) -> i64 {
        a.pow(10)
    }
    let finished = Research::new("coincided")
        .in_memory()
        .callable("power", power, (2,))
        .save_to("a")
        .callable("power", power, (3,))
        .save_to("b")
        .run()
        .unwrap();
    let table = csv(&finished);
    assert!(table.ends_with(",0,1024,59049\n"), "{table}");
}

#[test]
fn printed_lines_are_captured_where_they_are_wanted() {
    use std::io::Write;
    let printing = |memory: bool, stdout, stderr| {
        let print = |a: i64| -> Result<(), std::io::Error> {
            writeln!(std::io::stdout(), "{a}")?;
            writeln!(std::io::stderr(), "{a}")
        };
        let study = Research::new("printing")
            .callable("print", print, (2,))
            .n_iters(2)
            .redirect_stdout(stdout)
            .redirect_stderr(stderr);
        match memory {
            true => study.in_memory(),
            false => study.folder(folder("original-printing")),
        }
    };
    let all = [
        Redirect::None,
        Redirect::Common,
        Redirect::Experiment,
        Redirect::Both,
    ];
    let is_common = |redirect| matches!(redirect, Redirect::Common | Redirect::Both);
    for stdout in all {
        for stderr in all {
            let in_memory = printing(true, stdout, stderr).run();
            let is_refused = is_common(stdout) || is_common(stderr);
            assert_eq!(in_memory.is_err(), is_refused, "{stdout:?}, {stderr:?}");

            let finished = printing(false, stdout, stderr).run().unwrap();
            let folder = finished.folder().unwrap();
            let results = finished.results().load().unwrap();
            let id = &results.experiments().next().unwrap().record.id;
            let streams = [
                (stdout, OutputStream::Stdout),
                (stderr, OutputStream::Stderr),
            ];
            for (redirect, stream) in streams {
                let name = stream.file_name();
                let own = folder.join("experiments").join(id.as_str()).join(name);
                let files = [folder.join(name), own];
                let is_own = matches!(redirect, Redirect::Experiment | Redirect::Both);
                for (file, is_wanted) in files.iter().zip([is_common(redirect), is_own]) {
                    // A worker passes runs whose folders were removed.
                    if is_worker() {
                        continue;
                    }
                    assert_eq!(file.exists(), is_wanted, "{redirect:?} of {name}");
                    if is_wanted {
                        assert_eq!(fs::read_to_string(file).unwrap(), "2\n2\n");
                    }
                }
            }
            if !is_worker() {
                fs::remove_dir_all(folder).unwrap();
            }
        }
    }
}

/// Functions and types as values of a domain: in Rust, units look them up by name.
#[test]
fn a_domain_may_name_functions() {
    let finished = Research::new("functions")
        .in_memory()
        .domain(option("f", ["abs", "sqrt"]))
        .callable(
            "apply",
            |f: String| match f.as_str() {
                "abs" => Ok(f64::abs(-4.0)),
                "sqrt" => Ok(f64::sqrt(4.0)),
                _ => Err("an unknown function"),
            },
            (ec("f"),),
        )
        .save_to("value")
        .isolation(Isolation::None)
        .run()
        .unwrap();
    assert_eq!(last_values(&finished), ["4.0", "2.0"]);
}
