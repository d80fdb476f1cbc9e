//! Pipelines, whose batches are created once and processed in every branch.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use research_core::domain::{Config, Value};
use research_core::{
    BuildError, Context, Event, ExecutorTarget, Experiment, ExperimentBuilder, Shared, Status,
    UnitError, o,
};
use research_exec::{Ending, Executor};

const TARGETS: [ExecutorTarget; 2] = [ExecutorTarget::Threads, ExecutorTarget::For];

type Saved = Vec<BTreeMap<(String, u64), Value>>;

fn run(executor: &Executor, branches: i64) -> (Vec<Ending>, Saved) {
    let configs = (1..=branches).map(|b| Config::from_pairs([("factor", b)]));
    let mut events = Vec::new();
    let endings = executor.run_configs(configs, &mut events).unwrap();
    let mut saved: Saved = vec![BTreeMap::new(); endings.len()];
    for event in events {
        if let Event::Values {
            experiment,
            variable,
            iterations,
            column,
        } = event
        {
            let values = iterations.iter().zip((0..).map_while(|i| column.get(i)));
            let branch = &mut saved[usize::try_from(experiment.0).unwrap()];
            branch.extend(values.map(|(i, value)| ((variable.to_string(), i), value)));
        }
    }
    (endings, saved)
}

fn sums(values: &[(u64, i64)]) -> BTreeMap<(String, u64), Value> {
    let entry = |(iteration, sum): &(u64, i64)| (("sum".to_owned(), *iteration), Value::from(*sum));
    values.iter().map(entry).collect()
}

/// Batches [0, 1], [2, 3], [4, 5]; `made` counts them.
fn batches(made: &Arc<AtomicU64>) -> ExperimentBuilder {
    let made = Arc::clone(made);
    Experiment::builder().pipeline("batches", move |_: &mut Context| {
        let made = Arc::clone(&made);
        Ok((0..3_i64).map(move |i| {
            made.fetch_add(1, Ordering::Relaxed);
            vec![2 * i, 2 * i + 1]
        }))
    })
}

/// Adds a unit that sums all numbers, multiplied by the branch's factor.
fn summing(builder: ExperimentBuilder) -> ExperimentBuilder {
    builder
        .branch_pipeline(
            "sum",
            "batches",
            |_| Ok(0),
            |sum: &mut i64, batch: &Vec<i64>, cx| {
                let factor: i64 = cx.config_item("factor")?;
                *sum += factor * batch.iter().sum::<i64>();
                Ok(*sum)
            },
        )
        .save_to("sum")
}

fn executor(builder: ExperimentBuilder, target: ExecutorTarget) -> Executor {
    Executor::new(builder.build().unwrap()).target(target)
}

#[test]
fn a_batch_for_each_iteration_is_made_once_for_all_branches() {
    for target in TARGETS {
        let made = Arc::default();
        let (endings, saved) = run(&executor(summing(batches(&made).root()), target), 3);
        assert_eq!(made.load(Ordering::Relaxed), 3);
        assert!(
            endings
                .iter()
                .all(|ending| ending.status == Status::Stopped)
        );
        assert_eq!(saved[0], sums(&[(0, 1), (1, 6), (2, 15)]));
        assert_eq!(saved[2], sums(&[(0, 3), (1, 18), (2, 45)]));
    }
}

#[test]
fn a_full_run_takes_one_iteration_and_begins_anew_in_the_next() {
    for (root, made_at_all) in [(true, 6), (false, 12)] {
        for target in TARGETS {
            let made = Arc::default();
            let builder = batches(&made).full_run();
            let builder = if root { builder.root() } else { builder };
            let builder = summing(builder)
                .callable("after", |sum: i64| -sum, (o("sum"),))
                .save_to("after");
            let executor = executor(builder, target).n_iters(2);
            let (endings, saved) = run(&executor, 2);
            assert!(
                endings
                    .iter()
                    .all(|ending| ending.status == Status::Finished)
            );
            assert_eq!(
                made.load(Ordering::Relaxed),
                made_at_all,
                "{target:?}, root: {root}"
            );
            let value = |branch: usize, name: &str, i| saved[branch][&(name.to_owned(), i)].clone();
            assert_eq!(value(0, "sum", 0), Value::from(15));
            assert_eq!(value(0, "sum", 1), Value::from(30), "the state lives on");
            assert_eq!(value(1, "after", 1), Value::from(-60));
        }
    }
}

#[test]
fn a_full_run_is_one_iteration_by_default() {
    let made = Arc::default();
    let (endings, saved) = run(
        &executor(summing(batches(&made).full_run()), ExecutorTarget::For),
        1,
    );
    assert_eq!(
        (endings[0].status, endings[0].iterations),
        (Status::Finished, 1)
    );
    assert_eq!(saved[0], sums(&[(0, 15)]));
}

#[test]
fn a_branch_that_fails_in_a_full_run_leaves_the_others_alone() {
    for target in TARGETS {
        let made = Arc::default();
        let builder = summing(batches(&made).root().full_run()).branch_pipeline(
            "fails",
            "batches",
            |_| Ok(()),
            |(): &mut (), batch: &Vec<i64>, cx| {
                let factor: i64 = cx.config_item("factor")?;
                if factor == 1 && batch[0] == 2 {
                    return Err(UnitError::new("as asked"));
                }
                Ok(())
            },
        );
        let (endings, saved) = run(&executor(builder, target).n_iters(2), 2);
        assert_eq!(endings[0].status, Status::Failed);
        assert!(
            endings[0]
                .reason
                .as_ref()
                .unwrap()
                .contains("unit `fails` failed in iteration 0")
        );
        assert_eq!(endings[1].status, Status::Finished);
        assert_eq!(saved[0], sums(&[]));
        assert_eq!(saved[1], sums(&[(0, 30), (1, 60)]));
        assert_eq!(made.load(Ordering::Relaxed), 6);
    }
}

#[test]
fn batches_that_cannot_be_made_fail_all() {
    for target in TARGETS {
        let builder = Experiment::builder()
            .pipeline("batches", |_: &mut Context| {
                Err::<Vec<Vec<i64>>, _>(UnitError::new("no file"))
            })
            .root()
            .full_run();
        let (endings, _) = run(&executor(summing(builder), target), 2);
        for ending in endings {
            assert_eq!(ending.status, Status::Failed);
            assert!(
                ending
                    .reason
                    .unwrap()
                    .contains("unit `batches` failed in iteration 0: no file")
            );
        }
    }
}

#[test]
fn other_units_read_batches_too() {
    let made = Arc::default();
    let builder = batches(&made)
        .callable(
            "length",
            |batch: Shared<Vec<i64>>| batch.len(),
            (o("batches"),),
        )
        .save_to("sum");
    let (_, saved) = run(&executor(builder, ExecutorTarget::For), 1);
    // As after the end of any generator, the rest of the iteration runs with the last batch.
    assert_eq!(saved[0], sums(&[(0, 2), (1, 2), (2, 2), (3, 2)]));
}

#[test]
fn what_cannot_be_is_found_when_it_is_built() {
    let made = Arc::default();
    let error = |builder: ExperimentBuilder| builder.build().unwrap_err();
    let step = |builder: ExperimentBuilder, pipeline: &str| {
        builder.branch_pipeline(
            "step",
            pipeline,
            |_| Ok(()),
            |(): &mut (), _: &String, _| Ok(1),
        )
    };
    let misspelt = error(step(batches(&made), "batch")).to_string();
    assert!(
        misspelt.contains("needs unknown pipeline `batch`; did you mean `batches`?"),
        "{misspelt}"
    );
    assert!(matches!(
        error(step(batches(&made), "batches")),
        BuildError::WrongBatch { .. }
    ));
    let no_pipeline = Experiment::builder().callable("x", || 1, ()).full_run();
    assert!(matches!(error(no_pipeline), BuildError::NoPipeline { .. }));
    let between = batches(&made).full_run().callable("x", || 1, ());
    assert!(matches!(
        error(summing(between)),
        BuildError::Scattered { .. }
    ));
}

#[test]
fn a_run_without_batches_saves_nothing() {
    for target in TARGETS {
        let builder = Experiment::builder()
            .pipeline("batches", |cx: &mut Context| {
                Ok(if cx.iteration() == 0 {
                    vec![vec![1_i64]]
                } else {
                    Vec::new()
                })
            })
            .root()
            .full_run();
        let (_, saved) = run(&executor(summing(builder), target).n_iters(2), 2);
        assert_eq!(saved[1], sums(&[(0, 2)]));
    }
}
