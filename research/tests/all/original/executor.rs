//! Executors without a research.

use std::collections::BTreeMap;

use research::exec::Execution;
use research::{
    Config, Context, Executor, ExecutorTarget, Experiment, ExperimentBuilder, Status, UnitError,
    Value, When, ec, o,
};

/// Yields the partial sums of the numbers below `n`.
fn sums(n: i64) -> impl Iterator<Item = i64> + Send {
    (0..n).scan(0, |sum, i| {
        *sum += i;
        Some(*sum)
    })
}

fn executor(experiment: ExperimentBuilder) -> Executor {
    Executor::new(experiment.build().unwrap()).target(ExecutorTarget::For)
}

fn configs(key: &str, values: impl IntoIterator<Item = i64>) -> Vec<Config> {
    let values = values.into_iter();
    values
        .map(|value| Config::from_pairs([(key, value)]))
        .collect()
}

/// Returns the values of a branch under a name, with their iterations.
fn saved(execution: &Execution, branch: usize, name: &str) -> Vec<(u64, Value)> {
    execution.branches()[branch].values[name].clone()
}

fn at(iteration: u64, value: impl Into<Value>) -> Vec<(u64, Value)> {
    vec![(iteration, value.into())]
}

#[test]
fn a_callable_is_called_once() {
    let experiment = Experiment::builder()
        .callable("sum", |n: i64| (0..n).sum::<i64>(), (10,))
        .save(o("sum"), "sum");
    let execution = executor(experiment).run().unwrap();
    assert_eq!(saved(&execution, 0, "sum"), at(0, 45));
}

#[test]
fn a_generator_yields_an_item_for_each_iteration() {
    let experiment = Experiment::builder()
        .generator_with("sum", sums, (10,))
        .save(o("sum"), "sum");
    let execution = executor(experiment).n_iters(10).run().unwrap();
    let expected: Vec<(u64, Value)> = (0..).zip(sums(10).map(Value::from)).collect();
    assert_eq!(saved(&execution, 0, "sum"), expected);
}

#[test]
fn units_of_equal_names_get_a_postfix() {
    let experiment = Experiment::builder()
        .callable("sum", |n: i64| n, (1,))
        .callable("sum", |n: i64| n, (2,))
        .save(o("sum"), "first")
        .save(o("sum_1"), "second");
    let execution = executor(experiment).run().unwrap();
    assert_eq!(saved(&execution, 0, "first"), at(0, 1));
    assert_eq!(saved(&execution, 0, "second"), at(0, 2));
}

#[test]
fn configs_of_branches_and_of_the_executor_are_added() {
    let experiment = Experiment::builder()
        .callable(
            "all",
            |x: i64, y: i64, z: i64| vec![x, y, z],
            (ec("x"), ec("y"), ec("z")),
        )
        .save_to("all");
    let execution = executor(experiment)
        .configs(configs("x", [10, 20]))
        .branch_configs(configs("y", [20, 30]))
        .executor_config(Config::from_pairs([("z", 5)]))
        .n_iters(1)
        .run()
        .unwrap();
    assert_eq!(saved(&execution, 0, "all"), at(0, vec![10, 20, 5]));
    assert_eq!(saved(&execution, 1, "all"), at(0, vec![20, 30, 5]));
}

#[test]
fn a_root_unit_is_called_once_for_all_branches() {
    let experiment = Experiment::builder()
        .callable("root", || 10, ())
        .root()
        .callable("sum", |x: i64, root: i64| x + root, (ec("x"), o("root")))
        .save(o("sum"), "sum");
    let execution = executor(experiment)
        .configs(configs("x", [10, 20]))
        .run()
        .unwrap();
    assert_eq!(saved(&execution, 0, "sum"), at(0, 20));
    assert_eq!(saved(&execution, 1, "sum"), at(0, 30));
}

#[test]
fn each_branch_has_its_instance() {
    struct Summer(i64);
    let experiment = Experiment::builder()
        .instance("summer", |x: i64| Ok(Summer(x)), (ec("x"),))
        .method(
            "sum",
            "summer",
            |it: &mut Summer| (0..it.0).sum::<i64>(),
            (),
        )
        .save(o("sum"), "sum");
    let execution = executor(experiment)
        .configs(configs("x", [10, 20]))
        .run()
        .unwrap();
    assert_eq!(saved(&execution, 0, "sum"), at(0, 45));
    assert_eq!(saved(&execution, 1, "sum"), at(0, 190));
}

/// Ten batches of one number each; a branch sums the results of `weigh`.
fn pipeline(root: bool, weigh: fn(i64, &Context) -> Result<i64, UnitError>) -> ExperimentBuilder {
    let batches = Experiment::builder().pipeline("batches", |_: &mut Context| Ok(0_i64..10));
    let batches = if root { batches.root() } else { batches };
    let step = move |sum: &mut i64, batch: &i64, cx: &mut Context| {
        *sum += weigh(*batch, cx)?;
        Ok(*sum)
    };
    batches
        .branch_pipeline("ppl", "batches", |_: &mut Context| Ok(0_i64), step)
        .save(o("ppl"), "var")
        .when(When::last())
}

#[test]
fn a_pipeline_processes_a_batch_in_each_iteration() {
    let execution = executor(pipeline(false, |batch, _| Ok(batch)));
    let execution = execution.n_iters(10).run().unwrap();
    assert_eq!(saved(&execution, 0, "var"), at(9, 45));
}

#[test]
fn the_batches_of_a_root_pipeline_go_to_all_branches() {
    let weigh = |batch, cx: &Context| Ok(batch * cx.config_item::<i64>("x")?);
    let execution = executor(pipeline(true, weigh))
        .configs(configs("x", [10, 20]))
        .n_iters(10)
        .run()
        .unwrap();
    assert_eq!(saved(&execution, 0, "var"), at(9, 450));
    assert_eq!(saved(&execution, 1, "var"), at(9, 900));
}

/// In the iteration in which a generator ends, `last` is true, and outputs are the latest ones.
#[test]
fn the_end_of_a_generator_is_the_last_iteration() {
    let experiment = || {
        Experiment::builder()
            .generator_with("sum", sums, (ec("n"),))
            .callable("next", |x: i64| x + 1, (o("sum"),))
            .save(o("sum"), "sum")
            .when(When::last())
            .save(o("next"), "next")
            .when(When::last())
    };
    for n_iters in [Some(30), None] {
        let executor = executor(experiment()).configs(configs("n", [10, 20]));
        let executor = match n_iters {
            Some(n_iters) => executor.n_iters(n_iters),
            None => executor,
        };
        let execution = executor.run().unwrap();
        for (branch, n) in [(0, 10), (1, 20)] {
            let sum = n * (n - 1) / 2;
            assert_eq!(saved(&execution, branch, "sum"), at(n as u64, sum));
            assert_eq!(saved(&execution, branch, "next"), at(n as u64, sum + 1));
        }
    }
}

#[test]
fn outputs_are_saved_whole_in_parts_or_by_their_keys() {
    let parts = || Experiment::builder().callable("parts", || vec![1, 2, 3], ());
    let whole = executor(parts().save_to("a")).run().unwrap();
    assert_eq!(saved(&whole, 0, "a"), at(0, vec![1, 2, 3]));

    for names in [["a"].as_slice(), &["a", "b"]] {
        let names = names.iter().copied().map(Some);
        let execution = executor(parts().save_parts_to(names)).run().unwrap();
        assert_eq!(execution.branches()[0].status(), Status::Failed);
    }
    let names = ["a", "b", "c"].map(Some);
    let each = executor(parts().save_parts_to(names)).run().unwrap();
    let dict = || {
        BTreeMap::from([("a", 1), ("b", 2), ("c", 3)].map(|(key, value)| (key.to_owned(), value)))
    };
    let experiment = Experiment::builder().callable("dict", dict, ());
    let by_key = executor(experiment.save_output_dict()).run().unwrap();
    for execution in [each, by_key] {
        for (name, value) in [("a", 1), ("b", 2), ("c", 3)] {
            assert_eq!(saved(&execution, 0, name), at(0, value));
        }
    }
}
