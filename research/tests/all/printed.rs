//! The output and messages of experiments, and where they are kept.

use std::fs;
use std::io::Write;
use std::time::Duration;

use crate::common::folder;
use research::domain::ExperimentId;
use research::{
    CompletedRun, Context, Isolation, LogLevel, OutputStream, Redirect, Research, ResearchError,
    UnitError, ec, option,
};

const LINES: i64 = 300;

/// Returns the line of an experiment with a number.
fn line(x: i64, number: i64) -> String {
    format!("{x}:{number}:{}", "-".repeat(60))
}

/// Prints lines, each in two pieces, and one without an end. The macros would print to the test
/// harness.
fn print(x: i64) -> Result<(), UnitError> {
    for number in 0..LINES {
        let line = line(x, number);
        let (begin, end) = line.split_at(7);
        for mut output in [
            Box::new(std::io::stdout()) as Box<dyn Write>,
            Box::new(std::io::stderr()),
        ] {
            output.write_all(begin.as_bytes())?;
            output.flush()?;
            writeln!(output, "{end}")?;
        }
    }
    write!(std::io::stdout(), "the end of {x}")?;
    Ok(())
}

fn printing(name: &str) -> Research {
    Research::new(name)
        .domain(option("x", 0..5_i64))
        .callable("print", print, (ec("x"),))
        .callable("x", |x: i64| x, (ec("x"),))
        .save_to("x")
        .workers(2)
        .seed(1)
}

/// Returns the experiments of a research: the value of `x`, and the id.
fn experiments(finished: &CompletedRun) -> Vec<(i64, ExperimentId)> {
    let results = finished.results().load().unwrap();
    let x = |config: &research::Config| config.get("x").unwrap().as_i64().unwrap();
    let experiments = results.experiments();
    experiments
        .map(|one| (x(&one.record.config), one.record.id.clone()))
        .collect()
}

fn expected(x: i64) -> String {
    let lines: String = (0..LINES).map(|number| line(x, number) + "\n").collect();
    lines
}

fn check_files(finished: &CompletedRun) {
    let folder = finished.folder().unwrap();
    let experiments = experiments(finished);
    assert_eq!(experiments.len(), 5);
    let mut all = Vec::new();
    for (x, id) in &experiments {
        let own = folder.join("experiments").join(id.as_str());
        let stdout = fs::read_to_string(own.join("stdout.txt")).unwrap();
        assert_eq!(stdout, expected(*x) + &format!("the end of {x}"));
        assert_eq!(finished.output(id, OutputStream::Stdout).unwrap(), stdout);
        let stderr = fs::read_to_string(own.join("stderr.txt")).unwrap();
        assert_eq!(stderr, expected(*x));
        assert!(own.join("config.json").exists());
        all.extend(stdout.lines().map(str::to_owned));
    }
    let common = fs::read_to_string(folder.join("stdout.txt")).unwrap();
    let mut common: Vec<String> = common.lines().map(str::to_owned).collect();
    common.sort();
    all.sort();
    assert!(
        common == all,
        "lines of the common file are those of the experiments"
    );
    assert!(!folder.join("stderr.txt").exists());
}

fn both(research: Research) -> Research {
    research
        .redirect_stdout(Redirect::Both)
        .redirect_stderr(Redirect::Experiment)
}

#[test]
fn forked_executors_print_into_files_line_by_line() {
    let research = both(printing("forked")).folder(folder("printed-forked"));
    check_files(&research.run().unwrap());
}

#[test]
fn executed_executors_do_too() {
    // With another thread in it, the worker cannot fork.
    let (keep, wait) = std::sync::mpsc::channel::<()>();
    let pool = std::thread::spawn(move || wait.recv().is_err());
    let research = both(printing("executed")).folder(folder("printed-executed"));
    check_files(&research.run().unwrap());
    drop(keep);
    pool.join().unwrap();
}

#[test]
fn experiments_that_share_a_process_do_too() {
    let research = both(printing("shared"))
        .isolation(Isolation::Worker)
        .folder(folder("printed-shared"));
    check_files(&research.run().unwrap());
}

#[test]
fn what_branches_print_is_kept_for_each_of_them() {
    let finished = printing("branches")
        .branches(5)
        .redirect_stdout(Redirect::Experiment)
        .folder(folder("printed-branches"))
        .run()
        .unwrap();
    for (_, id) in experiments(&finished) {
        let printed = finished.output(&id, OutputStream::Stdout).unwrap();
        for x in 0..5 {
            assert!(printed.contains(&format!("the end of {x}")), "{x}");
        }
    }
    assert!(!finished.folder().unwrap().join("stdout.txt").exists());
}

#[test]
fn a_research_in_memory_keeps_it_in_memory() {
    for isolation in [Isolation::Experiment, Isolation::Worker] {
        let finished = printing("memory")
            .redirect_stdout(Redirect::Experiment)
            .isolation(isolation)
            .in_memory()
            .run()
            .unwrap();
        let experiments = experiments(&finished);
        assert_eq!(experiments.len(), 5);
        for (x, id) in experiments {
            let printed = finished.output(&id, OutputStream::Stdout).unwrap();
            assert_eq!(printed, expected(x) + &format!("the end of {x}"));
            assert_eq!(finished.output(&id, OutputStream::Stderr).unwrap(), "");
        }
    }
}

#[test]
fn what_a_dead_executor_printed_is_there() {
    let dying = |name: &str| {
        Research::new(name)
            .unit("die", |_: &mut Context| -> Result<(), UnitError> {
                writeln!(std::io::stdout(), "last words")?;
                std::process::abort()
            })
            .redirect_stdout(Redirect::Experiment)
    };
    let in_folder = dying("dead").folder(folder("printed-dead")).run().unwrap();
    let in_memory = dying("dead").in_memory().run().unwrap();
    for finished in [in_folder, in_memory] {
        let results = finished.results().load().unwrap();
        let id = results.experiments().next().unwrap().record.id.clone();
        let printed = finished.output(&id, OutputStream::Stdout).unwrap();
        assert_eq!(printed, "last words\n");
    }
}

/// Code cannot be interrupted, so its process is killed. Its earlier output is kept.
#[test]
fn what_was_printed_before_a_timeout_is_there() {
    let research = |name: &str, isolation| {
        Research::new(name)
            .domain(option("x", [1, 2_i64]))
            .unit("print", |cx: &mut Context| {
                let x: i64 = cx.config_item("x")?;
                print(x)?;
                std::io::stdout().flush()?;
                loop {
                    std::thread::sleep(Duration::from_secs(60));
                }
                #[allow(unreachable_code, reason = "it says what the closure returns")]
                Ok(())
            })
            .timeout(Duration::from_millis(300))
            .isolation(isolation)
    };
    for isolation in [Isolation::Experiment, Isolation::Worker] {
        let name = format!("late-{isolation:?}");
        let finished = research(&name, isolation)
            .redirect_stdout(Redirect::Both)
            .redirect_stderr(Redirect::Experiment)
            .folder(folder(&name))
            .run()
            .unwrap();
        let experiments = research_ids(&finished);
        assert_eq!(experiments.len(), 2);
        for (x, id) in (1..).zip(&experiments) {
            let printed = finished.output(id, OutputStream::Stdout).unwrap();
            assert_eq!(printed, expected(x) + &format!("the end of {x}"), "{name}");
            let printed = finished.output(id, OutputStream::Stderr).unwrap();
            assert_eq!(printed, expected(x), "{name}");
            let own = finished
                .folder()
                .unwrap()
                .join("experiments")
                .join(id.as_str());
            assert!(own.join("config.json").exists(), "{name}");
        }
    }
    let finished = research("late-memory", Isolation::Worker)
        .redirect_stdout(Redirect::Experiment)
        .in_memory()
        .run()
        .unwrap();
    let printed = finished.output(&research_ids(&finished)[1], OutputStream::Stdout);
    assert_eq!(printed.unwrap(), expected(2) + "the end of 2");
}

fn research_ids(finished: &CompletedRun) -> Vec<ExperimentId> {
    let results = finished.results().load().unwrap();
    results
        .experiments()
        .map(|one| one.record.id.clone())
        .collect()
}

#[test]
fn a_research_in_memory_has_no_common_file() {
    for redirect in [Redirect::Common, Redirect::Both] {
        let research = printing("none").redirect_stderr(redirect).in_memory();
        let error = research.run().unwrap_err();
        assert!(matches!(error, ResearchError::Options(_)), "{error}");
        assert!(error.to_string().contains("redirect_stderr"), "{error}");
    }
}

#[test]
fn messages_are_kept_by_their_levels() {
    let logging = |name: &str| {
        Research::new(name)
            .seed(1)
            .unit("log", |cx: &mut Context| {
                cx.log(LogLevel::Debug, "a detail");
                cx.log(LogLevel::Info, "a fact");
                cx.log(LogLevel::Warning, "a doubt\nin two lines");
                Ok(())
            })
            .unit("die", |_: &mut Context| -> Result<(), UnitError> {
                std::process::abort()
            })
    };
    let texts = |finished: &CompletedRun, level: LogLevel| -> Vec<String> {
        let entries = finished.logs(None).unwrap();
        let of_level = entries.iter().filter(|entry| entry.level == level);
        of_level.map(|entry| entry.text.clone()).collect()
    };
    let base = folder("logged");
    let usual = logging("usual").folder(&base).run().unwrap();
    assert!(texts(&usual, LogLevel::Debug).is_empty());
    assert_eq!(texts(&usual, LogLevel::Info), ["a fact"]);
    assert_eq!(texts(&usual, LogLevel::Warning), ["a doubt\nin two lines"]);
    assert_eq!(texts(&usual, LogLevel::Error).len(), 1);
    let results = usual.results().load().unwrap();
    let id = results.experiments().next().unwrap().record.id.clone();
    let log = base.join("usual/experiments").join(id.as_str());
    let log = fs::read_to_string(log.join("experiment.log")).unwrap();
    assert!(log.contains("info    a fact\n"), "{log}");
    assert!(log.contains("warning a doubt\n    in two lines\n"), "{log}");

    let all = logging("all").loglevel(LogLevel::Debug).in_memory();
    let all = all.run().unwrap();
    // Each call of a unit is logged as well.
    let details = texts(&all, LogLevel::Debug);
    assert_eq!(details.len(), 4, "{details:?}");
    assert_eq!(details[0], "unit log is called in iteration 0");
    assert_eq!(details[1], "a detail");
    assert!(
        details[2].starts_with("unit log returned null after "),
        "{details:?}"
    );
    // Including the start and the end.
    assert_eq!(all.logs(Some(&id)).unwrap().len(), 9);

    let few = logging("few").loglevel(LogLevel::Error).folder(&base);
    let few = few.run().unwrap();
    assert!(texts(&few, LogLevel::Warning).is_empty());
    assert_eq!(texts(&few, LogLevel::Error).len(), 1);
    let log = fs::read_to_string(base.join("few/research.log")).unwrap();
    assert!(!log.contains("run started"), "{log}");
    assert!(log.contains("error"), "{log}");
}
