//! Branches, in threads and sequentially.

use std::collections::{BTreeMap, HashSet};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use research_core::domain::Config;
use research_core::rand_core::Rng;
use research_core::{
    Context, Event, EventSink, ExecutorTarget, Experiment, ExperimentBuilder, RootView, RunOptions,
    SinkError, Status, UnitError, When, ec, it, o,
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

/// Returns an experiment that notes the threads in which each branch runs.
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
            // No branch passes the barrier unless all three run at the same time.
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

/// Branch 0 fails, branch 1 panics, branch 2 stops, branch 3 finishes; a root unit runs in between.
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

/// Sends a message when the first experiment has ended.
struct FirstEnd(Sender<()>);

impl EventSink for FirstEnd {
    fn emit(&mut self, event: Event) -> Result<(), SinkError> {
        if matches!(event, Event::ExperimentEnded { .. }) {
            // The receiver is dropped after the first message.
            let _ = self.0.send(());
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}

/// So the end is recorded even if the rest of the task dies.
#[test]
fn the_end_of_a_branch_is_reported_while_others_continue() {
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

/// A root unit runs in the first branch for all branches, even after that branch has ended.
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
            Err::<(), _>(UnitError::new("no iteration was requested"))
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

/// The outcome of a branch: its iterations, its status, and its saved values.
type Outcome = (u64, Status, BTreeMap<(String, u64), String>);

/// Returns a random experiment: root units of all kinds and rules, with the parameter `opt`,
/// between units of branches, some of which fail.
fn with_roots(random: &mut impl FnMut(u64) -> u64) -> ExperimentBuilder {
    let mut builder = Experiment::builder();
    let (mut names, mut roots) = (Vec::<String>::new(), Vec::<String>::new());
    for number in 0..2 + random(4) {
        let (name, own) = (format!("u{number}"), format!("own{number}"));
        let fails = [random(8), random(8)];
        let (is_root, is_generator) = (random(3) > 0, random(3) == 0);
        // If a root unit read units of branches, its output would depend on its branch.
        let readable = if is_root { &roots } else { &names };
        let other = match readable.len() as u64 {
            0 => name.clone(),
            count => readable[random(count) as usize].clone(),
        };
        names.push(name.clone());
        if is_root {
            roots.push(name.clone());
        }
        let length = 1 + random(6);
        let call = move |cx: &mut Context| {
            let key = if is_root { "opt" } else { "branch" };
            let seen: i64 = cx.config_item(key)?;
            // A unit without an output yet is not a failure here.
            let read = cx.output::<String>(&other).unwrap_or_default();
            let failing = if is_root { 0 } else { 1 + seen as u64 };
            if fails == [failing, cx.iteration()] {
                return Err(UnitError::new("as asked"));
            }
            let drawn = cx.rng().next_u32();
            cx.save(&own, drawn)?;
            let length = read.len();
            Ok(format!(
                "{key} {seen} at {}: {drawn} {length}",
                cx.iteration()
            ))
        };
        builder = if is_generator {
            let start = move |cx: &mut Context| {
                let first = call(cx)?;
                Ok((0..length).map(move |item| format!("{first}, {item}")))
            };
            builder.generator(&name, start)
        } else {
            builder.unit(&name, call)
        };
        let when = match random(4) {
            0 => When::every(2),
            1 => When::at(random(4)),
            _ => When::always(),
        };
        // A root generator cannot be due at `last`.
        builder = builder.when(match random(3) {
            0 if !(is_root && is_generator) => When::every(3).or(When::last()),
            _ => when,
        });
        if is_root {
            builder = builder.root();
        }
        if random(2) == 0 {
            builder = builder.save_to(&format!("saved{number}"));
        }
    }
    builder
}

fn outcomes(endings: &[Ending], events: &[Event]) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = endings
        .iter()
        .map(|ending| (ending.iterations, ending.status, BTreeMap::new()))
        .collect();
    for event in events {
        if let Event::Values {
            experiment,
            variable,
            iterations,
            column,
        } = event
        {
            let values = iterations.iter().zip((0..).map_while(|at| column.get(at)));
            let values = values.map(|(at, value)| ((variable.to_string(), at), value.to_string()));
            outcomes[usize::try_from(experiment.0).unwrap()]
                .2
                .extend(values);
        }
    }
    outcomes
}

/// With any root units, and whichever branches fail, each branch has the outcome that it has alone.
#[test]
fn a_branch_with_others_is_as_it_is_alone() {
    let view = RootView::Shared {
        keys: vec!["opt".to_owned()],
        is_declared: true,
    };
    for seed in 0..400_u64 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut random = |bound: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 20) % bound
        };
        let experiment = with_roots(&mut random).build().unwrap();
        let mut options = RunOptions::default();
        options.n_iters = (random(3) > 0).then(|| 1 + random(6)).or(Some(7));
        options.finalize = random(2) == 0;
        options.executor_target = TARGETS[seed as usize % 2];
        options.root_view = view.clone();
        options.seed = 5;
        let executor = Executor::new(experiment).options(&options);
        let configs = |branches: std::ops::Range<i64>| {
            branches.map(|b| Config::from_pairs([("branch", b), ("opt", 4)]))
        };
        let run = |branches: std::ops::Range<i64>| {
            let mut events = Vec::new();
            let endings = executor.run_configs(configs(branches), &mut events);
            outcomes(&endings.unwrap(), &events)
        };
        let alone: Vec<Outcome> = (0..4).flat_map(|b| run(b..b + 1)).collect();
        assert_eq!(
            run(0..4),
            alone,
            "seed {seed}: {:?}",
            executor.experiment().describe()
        );
    }
}
