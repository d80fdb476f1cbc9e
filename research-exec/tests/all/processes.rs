//! Whole runs with real processes: workers and executors are this test program, executed again.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::common::{Kept, Run};
use research_core::{
    Context, Event, ExecutorTarget, Experiment, Isolation, Outcome, RunOptions, Status, Storage,
    StorageError, UnitError, ec,
};

fn doubling() -> Experiment {
    Experiment::builder()
        .callable("double", |x: i64| 2 * x, (ec("x"),))
        .save_to("double")
        .build()
        .unwrap()
}

#[test]
fn every_experiment_runs_once_and_its_values_arrive() {
    let kept = Run::new(doubling(), 40).workers(2).lead();
    assert_eq!(kept.report.outcome, Outcome::Complete);
    assert_eq!(kept.report.counts.of(Status::Finished), 40);
    for x in 0..40 {
        assert_eq!(kept.values(x, "double"), [2 * i64::try_from(x).unwrap()]);
    }
}

#[test]
fn isolation_levels_give_the_same() {
    let kept = |isolation| -> Kept { Run::new(doubling(), 10).isolation(isolation).lead() };
    let all = [Isolation::Experiment, Isolation::Worker, Isolation::None];
    let [first, second, third] = all.map(|isolation| kept(isolation).all_values("double"));
    assert_eq!(first, second);
    assert_eq!(first, third);
}

#[test]
fn a_program_with_threads_executes_its_executors() {
    // The worker has the pool, too, because the program starts it before the run.
    let pool: Vec<_> = (0..2)
        .map(|_| {
            let (keep, wait) = std::sync::mpsc::channel::<()>();
            (keep, std::thread::spawn(move || wait.recv().is_err()))
        })
        .collect();
    let experiment = Experiment::builder()
        .unit("pid", |_: &mut Context| Ok(i64::from(std::process::id())))
        .save_to("pid")
        .build()
        .unwrap();
    let kept = Run::new(experiment, 4).lead();
    let mut pids = kept.all_values("pid");
    pids.sort_unstable();
    pids.dedup();
    assert_eq!(pids.len(), 4, "each experiment has a process of its own");
    drop(pool);
}

#[test]
fn a_dead_executor_is_a_killed_experiment_and_the_run_continues() {
    let experiment = Experiment::builder()
        .unit("die", |cx: &mut Context| {
            match cx.config_item::<i64>("x")? {
                1 => std::process::abort(),
                2 => std::process::exit(3),
                3 => panic!("unit {} panics", 3),
                4 => Err("a plain error".into()),
                x => Ok(x),
            }
        })
        .save_to("x")
        .build()
        .unwrap();
    let kept = Run::new(experiment, 6).workers(2).lead();
    assert_eq!(kept.report.outcome, Outcome::Complete);
    let status = |x| kept.ending(x);
    assert_eq!(status(0), (Status::Finished, None));
    assert_eq!(status(1).0, Status::Killed);
    assert!(
        status(1).1.unwrap().contains("signal 6 (SIGABRT)"),
        "{:?}",
        status(1)
    );
    assert!(
        status(2).1.unwrap().contains("exit code 3"),
        "{:?}",
        status(2)
    );
    assert_eq!(status(3).0, Status::Failed);
    let panic = status(3).1.unwrap();
    assert!(
        panic.contains("unit `die` panicked") && panic.contains("unit 3 panics"),
        "{panic}"
    );
    assert!(status(4).1.unwrap().contains("a plain error"));
    assert_eq!(status(5), (Status::Finished, None));
}

/// Aborts the process when it is dropped, if `aborts` is set.
struct Last {
    aborts: bool,
}

impl Iterator for Last {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        Some(1)
    }
}

impl Drop for Last {
    fn drop(&mut self) {
        if self.aborts {
            std::process::abort();
        }
    }
}

/// Experiments whose ends it has reported by then keep them, and the others are killed.
#[test]
fn no_experiment_ends_twice_when_its_executor_dies_at_its_end() {
    let experiment = Experiment::builder()
        .generator("last", |cx: &mut Context| {
            let aborts = cx.config_item::<i64>("x")? == 99;
            Ok(Last { aborts })
        })
        .save_to("one")
        .build()
        .unwrap();
    let mut options = RunOptions::default();
    options.branches = 100;
    options.n_iters = Some(1);
    options.executor_target = ExecutorTarget::For;
    let kept = Run::new(experiment, 100).options(options).lead();
    let statuses: Vec<_> = (0..100).map(|x| kept.ending(x).0).collect();
    assert_eq!(statuses[99], Status::Killed);
    for (x, status) in (0..).zip(statuses) {
        match status {
            Status::Finished => assert_eq!(kept.values(x, "one"), [1], "{x}"),
            _ => assert_eq!(status, Status::Killed, "{x}"),
        }
    }
}

/// An experiment for a task of three: the first two end by themselves, and then the third calls
/// `last`, which ends its process.
fn two_that_others_outlive(last: fn() -> Result<(), UnitError>) -> Experiment {
    Experiment::builder()
        .generator("steps", |cx: &mut Context| {
            let x = cx.config_item::<i64>("x")?;
            Ok(0..if x < 2 { x + 2 } else { 100 })
        })
        .save_to("step")
        .unit("ends all", move |cx: &mut Context| match cx.iteration() {
            9 => last(),
            _ => Ok(()),
        })
        .build()
        .unwrap()
}

fn assert_that_two_have_stopped(kept: &Kept, last: Status) {
    for x in 0..2 {
        assert_eq!(kept.ending(x).0, Status::Stopped, "{x}");
        let steps: Vec<_> = (0..i64::try_from(x).unwrap() + 2).collect();
        assert_eq!(kept.values(x, "step"), steps);
    }
    assert_eq!(kept.ending(2).0, last);
    assert_eq!(kept.report.counts.of(Status::Stopped), 2);
    assert_eq!(kept.report.counts.total(), 3);
}

fn sequential() -> RunOptions {
    let mut options = RunOptions::default();
    options.branches = 3;
    options.executor_target = ExecutorTarget::For;
    options
}

/// Runs the task with executors in processes of their own, and in the worker's process.
fn isolated(last: fn() -> Result<(), UnitError>, options: &RunOptions) -> [Kept; 2] {
    [Isolation::Experiment, Isolation::Worker].map(|isolation| {
        let run = Run::new(two_that_others_outlive(last), 3).options(options.clone());
        run.isolation(isolation).lead()
    })
}

#[test]
fn what_has_ended_is_not_killed_with_the_rest_of_its_task() {
    for kept in isolated(|| std::process::abort(), &sequential()) {
        assert_that_two_have_stopped(&kept, Status::Killed);
    }
}

#[test]
fn what_has_ended_does_not_run_into_the_timeout_of_the_rest() {
    let mut options = sequential();
    options.timeout = Some(Duration::from_secs(2));
    let hang = || loop {
        std::thread::park();
    };
    for kept in isolated(hang, &options) {
        assert_that_two_have_stopped(&kept, Status::TimedOut);
    }
}

#[test]
fn what_has_ended_does_not_run_into_the_timeout_of_a_process_that_is_stopped() {
    let mut options = sequential();
    options.timeout = Some(Duration::from_secs(2));
    let stop = || {
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGSTOP)?;
        Err(UnitError::new("it was not killed"))
    };
    for kept in isolated(stop, &options) {
        assert_that_two_have_stopped(&kept, Status::TimedOut);
    }
}

/// It cannot report anything more, so the worker kills it without waiting for its timeout.
#[test]
fn an_executor_that_has_closed_its_reports_is_ended() {
    let experiment = Experiment::builder()
        .unit("close all", |_: &mut Context| {
            for descriptor in 3..1024 {
                let _ = nix::unistd::close(descriptor);
            }
            nix::unistd::pause();
            Ok(())
        })
        .build()
        .unwrap();
    let mut options = RunOptions::default();
    // After this time it would end by itself.
    options.timeout = Some(Duration::from_secs(20));
    let kept = Run::new(experiment, 1).options(options).lead();
    let (status, reason) = kept.ending(0);
    assert_eq!(status, Status::Killed);
    assert!(reason.as_ref().unwrap().contains("SIGKILL"), "{reason:?}");
}

#[test]
fn what_failed_is_retried() {
    let mark = crate::common::mark("retried");
    let experiment = Experiment::builder()
        .unit(
            "second time",
            move |_: &mut Context| match crate::common::make(&mark) {
                true => Err("the first time it fails".into()),
                false => Ok(7),
            },
        )
        .save_to("value")
        .build()
        .unwrap();
    let mut options = RunOptions::default();
    options.retries = 2;
    let kept = Run::new(experiment, 1).options(options).lead();
    assert_eq!(kept.report.counts.of(Status::Finished), 1);
    let attempts = kept
        .events
        .iter()
        .filter(|e| matches!(e, Event::ExperimentStarted { .. }));
    assert_eq!(attempts.count(), 2);
}

#[test]
fn workers_that_are_killed_are_replaced_and_nothing_is_lost() {
    let mark = crate::common::mark("worker-killed");
    let experiment = Experiment::builder()
        .unit("kill the worker", move |cx: &mut Context| {
            if cx.config_item::<i64>("x")? == 3 && crate::common::make(&mark) {
                nix::sys::signal::kill(nix::unistd::getppid(), nix::sys::signal::Signal::SIGKILL)?;
                // The death of the worker kills this process, too.
                nix::unistd::pause();
            }
            Ok(1)
        })
        .save_to("done")
        .build()
        .unwrap();
    let kept = Run::new(experiment, 8).workers(2).lead();
    assert_eq!(kept.report.outcome, Outcome::Complete);
    assert_eq!(kept.report.counts.of(Status::Finished), 8);
    assert_eq!(kept.all_values("done"), [1; 8]);
    let lost = kept
        .events
        .iter()
        .filter(|event| matches!(event, Event::WorkerLost { .. }));
    assert_eq!(lost.count(), 1);
}

#[test]
fn a_program_that_never_comes_to_its_run_is_an_error() {
    if research_exec::WorkerBootstrap::received().is_some() {
        return;
    }
    let error = Run::new(doubling(), 3).try_lead().unwrap_err().to_string();
    assert!(error.contains("before it came to the `run`"), "{error}");
}

#[test]
fn an_experiment_has_started_before_anything_else_is_reported() {
    let experiment = Experiment::builder()
        .unit("count", |cx: &mut Context| Ok(cx.iteration() as i64))
        .save_to("count")
        .build()
        .unwrap();
    // More values than are sent at once.
    let mut options = RunOptions::default();
    options.n_iters = Some(100_000);
    options.isolation = Isolation::None;
    let kept = Run::new(experiment, 1).options(options).lead();
    let first = |what: fn(&Event) -> bool| kept.events.iter().position(what).unwrap();
    let started = first(|event| matches!(event, Event::ExperimentStarted { .. }));
    let saved = first(|event| matches!(event, Event::Values { .. }));
    assert!(started < saved);
    assert_eq!(kept.values(0, "count").len(), 100_000);
}

/// A storage that accepts the first events of a run, and then fails.
struct Full {
    _there: Sender<()>,
}

impl Storage for Full {
    fn append(&mut self, events: &[Event]) -> Result<(), StorageError> {
        let is_more = |event: &Event| matches!(event, Event::ExperimentStarted { .. });
        match events.iter().any(is_more) {
            true => Err(StorageError::io("write", Path::new("full"))(
                io::ErrorKind::StorageFull.into(),
            )),
            false => Ok(()),
        }
    }

    fn commit(&mut self, _: bool) -> Result<(), StorageError> {
        Ok(())
    }

    fn experiments_folder(&self) -> Option<&Path> {
        None
    }
}

#[test]
fn a_run_in_one_process_ends_when_nothing_can_be_kept() {
    let (there, gone): (_, Receiver<()>) = channel();
    let (gone, ran) = (Mutex::new(gone), Arc::new(AtomicU64::new(0)));
    let count = Arc::clone(&ran);
    let experiment = Experiment::builder()
        .unit("wait", move |_: &mut Context| {
            count.fetch_add(1, Ordering::Relaxed);
            // The channel carries no messages: this returns when the storage, which has failed, is
            // dropped.
            let _ = gone.lock().unwrap().recv_timeout(Duration::from_secs(60));
            Ok(())
        })
        .build()
        .unwrap();
    let error = Run::new(experiment, 100_000)
        .isolation(Isolation::None)
        .storage(Full { _there: there })
        .try_lead()
        .unwrap_err();
    assert!(error.to_string().contains("full"), "{error}");
    assert!(ran.load(Ordering::Relaxed) < 100_000);
}
