//! Units that hang: their processes are killed, and values saved before are kept.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::common::folder;
use research::{
    CompletedRun, Context, Event, ExecutorTarget, Isolation, Research, Status, UnitError, ec,
    option,
};

/// The timeout after which a unit counts as hanging.
const SHORT: Duration = Duration::from_millis(300);

fn hang() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

/// Returns the results without their ids, which are random.
fn csv(finished: &CompletedRun) -> String {
    let text = crate::common::csv(finished);
    let lines = text.lines().map(|line| line.split_once(',').unwrap().1);
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns the number of experiments by status, from the log, which a worker that passes the run
/// has too.
fn statuses(finished: &CompletedRun) -> BTreeMap<Status, usize> {
    let mut last = BTreeMap::new();
    let see = |event: &Event| {
        if let Event::ExperimentEnded {
            experiment, status, ..
        } = event
        {
            last.insert(*experiment, *status);
        }
    };
    finished.for_each_event(see).unwrap();
    let mut counts = BTreeMap::new();
    for status in last.into_values() {
        *counts.entry(status).or_default() += 1;
    }
    counts
}

/// Returns the numbers of experiments that finished and that timed out.
fn counts(finished: &CompletedRun) -> (usize, usize) {
    let counts = statuses(finished);
    let of = |status| counts.get(&status).copied().unwrap_or(0);
    let (done, late) = (of(Status::Finished), of(Status::TimedOut));
    assert_eq!(counts.values().sum::<usize>(), done + late, "{counts:?}");
    (done, late)
}

/// Returns the reasons of experiments that did not succeed.
fn reasons(finished: &CompletedRun) -> Vec<String> {
    let mut reasons = Vec::new();
    let see = |event: &Event| {
        if let Event::ExperimentEnded {
            reason: Some(reason),
            ..
        } = event
        {
            reasons.push(reason.clone());
        }
    };
    finished.for_each_event(see).unwrap();
    reasons
}

/// The third of six experiments starts a child, and hangs.
fn hanging(name: &str, folder: &Path) -> Research {
    let note = folder.join(format!("child of {name}"));
    Research::new(name)
        .folder(folder)
        .domain(option("x", 0..6_i64))
        .callable("before", |x: i64| 10 + x, (ec("x"),))
        .save_to("before")
        .unit("hang", move |cx: &mut Context| {
            let x: i64 = cx.config_item("x")?;
            cx.save("within", 20 + x)?;
            if x == 2 {
                let child = Command::new("setsid")
                    .args(["sleep", "1000"])
                    .stdin(Stdio::null())
                    .spawn()?;
                std::fs::write(&note, child.id().to_string())?;
                hang();
            }
            Ok(30 + x)
        })
        .save_to("after")
        .unit_timeout(SHORT)
}

const WITHOUT_ITS_END: &str = "x,iteration,before,within,after\n0,0,10,20,30\n1,0,11,21,31\n\
                               2,0,12,22,\n\
                               3,0,13,23,33\n4,0,14,24,34\n5,0,15,25,35";

/// Whether the process sleeps. Its pid may belong to another process by now.
fn is_asleep(pid: &str) -> bool {
    let command = std::fs::read_to_string(format!("/proc/{pid}/cmdline"));
    command.is_ok_and(|command| command.contains("sleep\x001000"))
}

#[test]
fn a_unit_that_hangs_is_ended_with_its_children_and_the_others_continue() {
    let folder = folder("hangs");
    for isolation in [Isolation::Experiment, Isolation::Worker] {
        let name = format!("{isolation:?}").to_lowercase();
        let study = hanging(&name, &folder).isolation(isolation).workers(2);
        let finished = study.run().unwrap();
        assert_eq!(counts(&finished), (5, 1));
        assert_eq!(csv(&finished), WITHOUT_ITS_END, "{isolation:?}");
        let expected =
            "unit `hang` timed out in iteration 0: it ran into the unit's timeout of 300ms";
        assert!(reasons(&finished)[0].starts_with(expected), "{isolation:?}");
        let note = folder.join(format!("child of {}", finished.record().name));
        let child = std::fs::read_to_string(note).unwrap();
        assert!(!is_asleep(&child), "{isolation:?}");
    }
}

#[test]
fn executors_that_were_executed_see_to_their_timeouts_too() {
    let folder = folder("hangs-executed");
    // With another thread in the worker, executors are not forked.
    let (_keep, wait) = std::sync::mpsc::channel::<()>();
    std::thread::spawn(move || wait.recv().is_err());
    let finished = hanging("executed", &folder).run().unwrap();
    assert_eq!(counts(&finished), (5, 1));
    assert_eq!(csv(&finished), WITHOUT_ITS_END);
}

#[test]
fn whatever_was_saved_before_the_timeout_is_kept() {
    for isolation in [Isolation::Experiment, Isolation::Worker] {
        let finished = Research::new("kept")
            .in_memory()
            .isolation(isolation)
            .unit("count", |cx: &mut Context| Ok(cx.iteration()))
            .save_to("count")
            .unit("hang", |cx: &mut Context| -> Result<(), UnitError> {
                match cx.iteration() {
                    999 => hang(),
                    _ => Ok(()),
                }
            })
            .n_iters(2000)
            .timeout(Duration::from_secs(2))
            .run()
            .unwrap();
        assert_eq!(counts(&finished), (0, 1));
        let text = csv(&finished);
        assert_eq!(text.lines().count(), 1001, "{isolation:?}");
        assert_eq!(text.lines().last(), Some("999,999"), "{isolation:?}");
        let expected = "it timed out in iteration 999: it ran into the experiment's timeout of 2s";
        assert!(
            reasons(&finished)[0].starts_with(expected),
            "{:?}",
            reasons(&finished)
        );
    }
}

/// The second of three branches hangs at the first attempt; the results of the others are not lost.
#[test]
fn branches_beside_one_that_hangs_are_run_again() {
    for target in [ExecutorTarget::Threads, ExecutorTarget::For] {
        for isolation in [Isolation::Experiment, Isolation::Worker] {
            let finished = Research::new("beside")
                .in_memory()
                .domain(option("x", 0..6_i64))
                .branches(3)
                .executor_target(target)
                .isolation(isolation)
                .unit("work", |cx: &mut Context| {
                    let x: i64 = cx.config_item("x")?;
                    match x {
                        1 | 5 => hang(),
                        _ => Ok(x),
                    }
                })
                .save_to("v")
                .unit_timeout(SHORT)
                .run()
                .unwrap();
            assert_eq!(counts(&finished), (4, 2), "{target:?} {isolation:?}");
            assert_eq!(csv(&finished), "x,iteration,v\n0,0,0\n2,0,2\n3,0,3\n4,0,4");
        }
    }
}

#[test]
fn branches_that_ended_before_the_timeout_have_finished() {
    let finished = Research::new("ended")
        .in_memory()
        .domain(option("x", 0..3_i64))
        .branches(3)
        .generator("steps", |cx: &mut Context| {
            let x: i64 = cx.config_item("x")?;
            Ok((0..3_i64).inspect(move |step| {
                if (x, *step) == (1, 2) {
                    hang();
                }
            }))
        })
        .save_to("step")
        .timeout(SHORT)
        .run()
        .unwrap();
    let expected = BTreeMap::from([(Status::Stopped, 2), (Status::TimedOut, 1)]);
    assert_eq!(statuses(&finished), expected);
    let expected = "x,iteration,step\n0,0,0\n0,1,1\n0,2,2\n1,0,0\n1,1,1\n2,0,0\n2,1,1\n2,2,2";
    assert_eq!(csv(&finished), expected);
}

#[test]
fn a_root_unit_that_hangs_is_that_of_all_its_branches() {
    let finished = Research::new("root")
        .in_memory()
        .domain(option("x", 0..3_i64))
        .branches(3)
        .unit("root", |_: &mut Context| -> Result<(), UnitError> {
            hang()
        })
        .root()
        .branch_by([])
        .unit_timeout(SHORT)
        .run()
        .unwrap();
    assert_eq!(counts(&finished), (0, 3));
}

/// A worker has two seconds to end. If another worker has replaced it by then, that one must not be
/// killed.
#[test]
fn who_takes_the_place_of_a_worker_that_was_ended_is_left_alone() {
    let finished = Research::new("replaced")
        .in_memory()
        .domain(option("x", 0..2_i64))
        .isolation(Isolation::Worker)
        .unit("hang", |cx: &mut Context| {
            match cx.config_item::<i64>("x")? {
                0 => hang(),
                x => Ok(x),
            }
        })
        .unit_timeout(SHORT)
        .unit("take long", |_: &mut Context| {
            std::thread::sleep(Duration::from_secs(3));
            Ok(3)
        })
        .save_to("long")
        .run()
        .unwrap();
    assert_eq!(counts(&finished), (1, 1));
    assert_eq!(csv(&finished), "x,iteration,long\n1,0,3");
}

/// A stopped executor cannot enforce its own timeout.
#[test]
fn an_executor_that_is_stopped_is_ended_by_its_worker() {
    let finished = Research::new("still")
        .in_memory()
        .unit("stop", |_: &mut Context| {
            let pid = std::process::id().to_string();
            Command::new("kill").args(["-STOP", &pid]).status()?;
            Ok(1)
        })
        .timeout(SHORT)
        .run()
        .unwrap();
    assert_eq!(counts(&finished), (0, 1));
}

/// A worker that an experiment has stopped cannot enforce any timeout.
#[test]
fn a_worker_that_is_stopped_is_ended_by_its_leader() {
    let study = |name: &str| {
        Research::new(name)
            .in_memory()
            .domain(option("x", 0..3_i64))
            .isolation(Isolation::Worker)
            .callable("before", |x: i64| x, (ec("x"),))
            .save_to("before")
            .unit("stop", |cx: &mut Context| {
                let x: i64 = cx.config_item("x")?;
                if x == 1 {
                    let pid = std::process::id().to_string();
                    Command::new("kill").args(["-STOP", &pid]).status()?;
                }
                Ok(10 + x)
            })
            .save_to("after")
            .timeout(SHORT)
    };
    let finished = study("stopped").run().unwrap();
    assert_eq!(counts(&finished), (2, 1));
    let reason = "it ran into the experiment's timeout of 300ms, and was killed";
    assert_eq!(reasons(&finished), [reason]);
    let lines = csv(&finished);
    let done = "x,iteration,before,after\n0,0,0,10\n";
    assert!(
        lines.starts_with(done) && lines.ends_with("\n2,0,2,12"),
        "{lines}"
    );
}

/// The time of a program before its `run` does not count as that of an experiment.
#[test]
fn an_executor_that_starts_slowly_has_its_time_all_the_same() {
    // With another thread in the worker, executors are executed, not forked.
    let (_keep, wait) = std::sync::mpsc::channel::<()>();
    std::thread::spawn(move || wait.recv().is_err());
    let bootstrap = research::exec::WorkerBootstrap::received();
    if bootstrap.is_some_and(|bootstrap| format!("{bootstrap:?}").contains("Executor")) {
        std::thread::sleep(Duration::from_secs(3));
    }
    let finished = Research::new("slowly")
        .in_memory()
        .unit("work", |_: &mut Context| Ok(1))
        .save_to("v")
        .timeout(SHORT)
        .run()
        .unwrap();
    assert_eq!(counts(&finished), (1, 0));
}

#[test]
fn what_hangs_once_is_retried() {
    let mark = folder("hangs-once").join("mark");
    let finished = Research::new("once")
        .in_memory()
        .domain(option("x", 0..3_i64))
        .branches(3)
        .unit("hang once", move |cx: &mut Context| {
            let x: i64 = cx.config_item("x")?;
            if x == 1 && std::fs::File::create_new(&mark).is_ok() {
                hang();
            }
            Ok(x)
        })
        .save_to("x")
        .unit_timeout(SHORT)
        .retries(1)
        .run()
        .unwrap();
    assert_eq!(counts(&finished), (3, 0));
}

/// The longest duration is rounded when it is recorded, and must still be valid when it is read.
#[test]
fn the_longest_time_is_one_without_a_limit() {
    let folder = folder("longest");
    for isolation in [Isolation::Experiment, Isolation::Worker] {
        let finished = Research::new(format!("{isolation:?}"))
            .folder(&folder)
            .isolation(isolation)
            .unit("work", |_: &mut Context| Ok(1))
            .unit_timeout(Duration::MAX)
            .timeout(Duration::MAX)
            .retry_delay(Duration::MAX)
            .run()
            .unwrap();
        assert_eq!(counts(&finished), (1, 0));
        let loaded = CompletedRun::load(finished.folder().unwrap()).unwrap();
        assert_eq!(loaded.record().options.timeout, Some(Duration::MAX));
    }
}

#[test]
fn this_process_cannot_be_interrupted_so_it_is_refused() {
    let study = |name: &str| {
        Research::new(name)
            .in_memory()
            .unit("work", |_: &mut Context| Ok(1))
            .isolation(Isolation::None)
    };
    for refused in [
        study("a").timeout(SHORT).run(),
        study("b").unit_timeout(SHORT).run(),
    ] {
        let error = refused.unwrap_err().to_string();
        assert!(
            error.contains("unit `work` cannot have a timeout with isolation `none`"),
            "{error}"
        );
    }
}
