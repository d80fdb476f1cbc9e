//! Branches: in threads and in turn.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::HashSet;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use research_core::domain::Config;
use research_core::{
    Context, Event, EventSink, ExecutorTarget, Experiment, ExperimentBuilder, SinkError, Status,
    UnitError, ec, it, o,
};
use research_exec::{Ending, Executor};

const TARGETS: [ExecutorTarget; 2] = [ExecutorTarget::Threads, ExecutorTarget::For];

fn configs(count: i64) -> impl Iterator<Item = Config> {
    (0..count).map(|b| Config::from_pairs([("branch", b)]))
}

fn run(executor: &Executor, count: i64) -> (Vec<Ending>, Vec<Event>) {
    let mut events = Vec::new();
    let endings = executor.run_configs(configs(count), &mut events).unwrap();
    (endings, events)
}

type Threads = Arc<Mutex<Vec<HashSet<ThreadId>>>>;

/// Notes in which threads each branch runs.
fn noting(count: usize) -> (ExperimentBuilder, Threads) {
    let threads: Threads = Arc::new(Mutex::new(vec![HashSet::new(); count]));
    let noted = Arc::clone(&threads);
    let builder = Experiment::builder().unit("note", move |cx: &mut Context| {
        let branch: usize = cx.config_item("branch")?;
        noted.lock().unwrap()[branch].insert(thread::current().id());
        Ok(())
    });
    (builder, threads)
}

#[test]
fn a_branch_has_one_thread_for_the_whole_task() {
    let (builder, threads) = noting(3);
    let together = Arc::new(Barrier::new(3));
    let experiment = builder.callable("root", |i: u64| i, (it(),)).root().unit(
        "meet",
        move |_: &mut Context| {
            // Nobody gets past it unless all three run at the same time.
            together.wait();
            Ok(())
        },
    );
    let executor = Executor::new(experiment.build().unwrap()).n_iters(4);
    let (endings, _) = run(&executor, 3);
    assert!(
        endings
            .iter()
            .all(|ending| ending.status == Status::Finished)
    );
    let threads = threads.lock().unwrap();
    assert!(
        threads.iter().all(|branch| branch.len() == 1),
        "{threads:?}"
    );
    let all: HashSet<_> = threads.iter().flatten().collect();
    assert_eq!(all.len(), 3);
}

#[test]
fn one_branch_needs_no_thread() {
    let (builder, threads) = noting(1);
    run(&Executor::new(builder.build().unwrap()).n_iters(2), 1);
    let here = HashSet::from([thread::current().id()]);
    assert_eq!(*threads.lock().unwrap(), [here]);
}

#[test]
fn branches_in_turn_stay_in_one_thread() {
    let (builder, threads) = noting(2);
    let executor = Executor::new(builder.build().unwrap()).target(ExecutorTarget::For);
    run(&executor, 2);
    let here = HashSet::from([thread::current().id()]);
    assert_eq!(*threads.lock().unwrap(), [here.clone(), here]);
}

fn iterations_and_status(endings: &[Ending]) -> Vec<(u64, Status)> {
    endings.iter().map(|e| (e.iterations, e.status)).collect()
}

/// Branch 0 fails, branch 1 panics, branch 2 stops, branch 3 finishes; a root unit runs between.
#[test]
fn a_branch_that_ends_never_disturbs_the_others() {
    for target in TARGETS {
        let calls = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&calls);
        let experiment = Experiment::builder()
            .unit("root", move |_: &mut Context| {
                *counted.lock().unwrap() += 1;
                Ok(1)
            })
            .root()
            .unit("ends", |cx: &mut Context| {
                let branch: u64 = cx.config_item("branch")?;
                match (branch, cx.iteration()) {
                    (0, 1) => Err(UnitError::new("as asked")),
                    (1, 2) => panic!("as asked"),
                    _ => Ok(branch),
                }
            })
            .generator("steps", |cx: &mut Context| {
                let branch: u64 = cx.config_item("branch")?;
                Ok(0..if branch == 2 { 3 } else { 100 })
            })
            .callable("sum", |a: i64, b: i64| a + b, (o("root"), o("steps")))
            .save_to("sum");
        let executor = Executor::new(experiment.build().unwrap())
            .n_iters(6)
            .target(target);
        let (endings, events) = run(&executor, 4);
        let expected = [
            (2, Status::Failed),
            (3, Status::Failed),
            (4, Status::Stopped),
            (6, Status::Finished),
        ];
        assert_eq!(iterations_and_status(&endings), expected, "{target:?}");
        assert_eq!(
            *calls.lock().unwrap(),
            6,
            "{target:?}: once for each iteration"
        );
        let exceptions = events
            .iter()
            .filter(|e| matches!(e, Event::Exception { .. }));
        assert_eq!(exceptions.count(), 2);
    }
}

#[test]
fn a_root_that_ends_stops_all_that_still_run() {
    for target in TARGETS {
        let experiment = Experiment::builder()
            .unit("fails_early", |cx: &mut Context| {
                let branch: u64 = cx.config_item("branch")?;
                if branch == 0 {
                    Err(UnitError::new("as asked"))
                } else {
                    Ok(branch)
                }
            })
            .generator("root", |_: &mut Context| Ok(0..3))
            .root();
        let executor = Executor::new(experiment.build().unwrap()).target(target);
        let (endings, _) = run(&executor, 3);
        let expected = [
            (1, Status::Failed),
            (4, Status::Stopped),
            (4, Status::Stopped),
        ];
        assert_eq!(iterations_and_status(&endings), expected, "{target:?}");
    }
}

/// Tells of the first experiment that has ended.
struct FirstEnd(Sender<()>);

impl EventSink for FirstEnd {
    fn emit(&mut self, event: Event) -> Result<(), SinkError> {
        if matches!(event, Event::ExperimentEnded { .. }) {
            // Nobody asks for the later ones.
            let _ = self.0.send(());
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}

/// Whatever becomes of the others then, it is known of those that have ended.
#[test]
fn the_end_of_a_branch_is_told_while_others_go_on() {
    for target in TARGETS {
        let (tell, told) = channel();
        let told = Mutex::new(told);
        let experiment = Experiment::builder()
            .generator("steps", |cx: &mut Context| {
                let branch: u64 = cx.config_item("branch")?;
                Ok(0..if branch == 0 { 1 } else { 4 })
            })
            .unit("wait", move |cx: &mut Context| {
                match (cx.config_item::<u64>("branch")?, cx.iteration()) {
                    (1, 3) => Ok(told.lock().unwrap().recv_timeout(Duration::from_secs(60))?),
                    _ => Ok(()),
                }
            });
        let executor = Executor::new(experiment.build().unwrap()).target(target);
        let endings = executor.run_configs(configs(2), &mut FirstEnd(tell));
        let expected = [(2, Status::Stopped), (5, Status::Stopped)];
        assert_eq!(
            iterations_and_status(&endings.unwrap()),
            expected,
            "{target:?}"
        );
    }
}

/// A root unit runs in the first branch for all of them, also when that has ended before.
#[test]
fn a_root_is_told_the_iteration_of_those_that_still_run() {
    for target in TARGETS {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (noted, batches) = (Arc::clone(&seen), Arc::clone(&seen));
        let experiment = Experiment::builder()
            .unit("root", move |cx: &mut Context| {
                noted.lock().unwrap().push(("root", cx.iteration()));
                Ok(())
            })
            .root()
            .pipeline("batches", move |cx: &mut Context| {
                batches.lock().unwrap().push(("batches", cx.iteration()));
                Ok([1])
            })
            .root()
            .full_run()
            .unit("fails", |cx: &mut Context| {
                match cx.config_item::<u64>("branch")? {
                    0 => Err(UnitError::new("as asked")),
                    _ => Ok(()),
                }
            });
        let executor = Executor::new(experiment.build().unwrap())
            .n_iters(3)
            .target(target);
        let (endings, _) = run(&executor, 2);
        let expected = [(1, Status::Failed), (3, Status::Finished)];
        assert_eq!(iterations_and_status(&endings), expected, "{target:?}");
        let expected = (0..3).flat_map(|i| [("root", i), ("batches", i)]);
        let expected: Vec<_> = expected.collect();
        assert_eq!(*seen.lock().unwrap(), expected, "{target:?}");
    }
}

#[test]
fn no_iterations_are_none_for_each_branch() {
    for (target, count) in TARGETS.into_iter().flat_map(|one| [(one, 1), (one, 2)]) {
        let experiment = Experiment::builder().unit("fails", |_: &mut Context| {
            Err::<(), _>(UnitError::new("nobody has asked for an iteration"))
        });
        let executor = Executor::new(experiment.build().unwrap()).n_iters(0);
        let (endings, _) = run(&executor.target(target), count);
        let expected = vec![(0, Status::Finished); endings.len()];
        assert_eq!(iterations_and_status(&endings), expected, "{target:?}");
    }
}

#[test]
fn values_are_the_same_in_threads_and_in_turn() {
    let executor = |target| {
        let experiment = Experiment::builder()
            .unit("draw", |cx: &mut Context| {
                use research_core::rand_core::Rng;
                Ok(i64::from(cx.rng().next_u32()))
            })
            .save_to("drawn")
            .callable("x", |b: i64| b, (ec("branch"),))
            .save_to("x");
        Executor::new(experiment.build().unwrap())
            .n_iters(5000)
            .target(target)
    };
    let values = |target| {
        let mut columns = vec![Vec::new(); 8];
        for event in run(&executor(target), 8).1 {
            if let Event::Values {
                experiment,
                variable,
                iterations,
                column,
            } = event
            {
                let values = iterations.iter().zip((0..).map_while(|i| column.get(i)));
                let branch: &mut Vec<_> = &mut columns[usize::try_from(experiment.0).unwrap()];
                branch.extend(values.map(|(i, v)| (variable.to_string(), i, v.to_string())));
            }
        }
        columns.iter_mut().for_each(|column| column.sort());
        columns
    };
    assert!(values(ExecutorTarget::Threads) == values(ExecutorTarget::For));
}
