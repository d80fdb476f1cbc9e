//! Units in an executor: saving, instances, expressions.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use research_core::domain::{Config, Value};
use research_core::{
    Branches, Context, Event, ExecutorTarget, Experiment, ExperimentBuilder, RootView, RunOptions,
    Shared, Status, UnitError, When, e, e_all, e_unit, ec, it, o,
};
use research_exec::{Ending, Executor};
use serde::Deserialize;

fn configs<const N: usize>(values: [f64; N]) -> [Config; N] {
    values.map(|x| Config::from_pairs([("x", x)]))
}

type Saved = Vec<BTreeMap<String, Vec<Value>>>;

fn run(executor: &Executor, configs: impl IntoIterator<Item = Config>) -> (Vec<Ending>, Saved) {
    let mut events = Vec::new();
    let endings = executor.run_configs(configs, &mut events).unwrap();
    let mut saved = vec![BTreeMap::new(); endings.len()];
    for event in events {
        if let Event::Values {
            experiment,
            variable,
            column,
            ..
        } = event
        {
            let values = (0..column.len()).map(|i| column.get(i).unwrap());
            let branch: &mut BTreeMap<String, Vec<Value>> = &mut saved[experiment.0 as usize];
            branch
                .entry(variable.to_string())
                .or_default()
                .extend(values);
        }
    }
    (endings, saved)
}

fn build(builder: ExperimentBuilder) -> Executor {
    Executor::new(builder.build().unwrap())
}

#[test]
fn what_is_not_due_yet_is_none_and_is_not_saved() {
    let executor = build(
        Experiment::builder()
            .callable("third", |i: u64| i, (it(),))
            .when(3)
            .callable("seen", |third: Option<u64>| third, (o("third"),))
            .save_to("seen")
            .save(o("third"), "third")
            .save(o("third") * 2 + ec("x"), "computed"),
    )
    .n_iters(5);
    let (endings, saved) = run(&executor, configs([1.0]));
    assert_eq!(endings[0].status, Status::Finished, "{endings:?}");
    let (two, null) = (Value::from(2), Value::Null);
    let seen = [null.clone(), null, two.clone(), two.clone(), two.clone()];
    assert_eq!(saved[0]["seen"], seen);
    assert_eq!(saved[0]["third"], [two.clone(), two.clone(), two]);
    assert_eq!(saved[0]["computed"], [5.0; 3].map(Value::from));
}

#[test]
fn a_panic_in_a_saved_expression_fails_the_experiment() {
    let executor = build(
        Experiment::builder()
            .callable("u", || 1, ())
            .save(o("u").map(|_: i64| -> i64 { panic!("as asked") }), "x"),
    );
    let (endings, _) = run(&executor, configs([1.0]));
    let reason = endings[0].reason.as_deref().unwrap();
    assert!(
        reason.starts_with("unit `save_x` panicked in iteration 0: as asked"),
        "{reason}"
    );
}

#[test]
fn an_experiment_knows_its_branch_its_end_and_what_was_added() {
    let configs = [1, 2].map(|a| Config::from_pairs([("a", a)]));
    let executor = build(
        Experiment::builder()
            .unit("seen", |cx: &mut Context| {
                let added = cx.branch_config().get("b").cloned();
                Ok((cx.branch(), cx.is_last(), cx.worker_config().len(), added))
            })
            .save_parts_to([Some("branch"), Some("is_last"), None, Some("added")])
            .callable(
                "root",
                |cx: &mut Context| (cx.branch(), cx.branch_config().len()),
                (),
            )
            .root()
            .save_to("root")
            .save(e().field("is_last"), "same")
            .callable("fails", |a: u64, i: u64| (a, i) != (2, 1), (ec("a"), it()))
            .callable(
                "ends",
                |ok: bool| if ok { Ok(()) } else { Err("as asked") },
                (o("fails"),),
            )
            .save(e().field("is_last"), "at_end"),
    );
    let mut options = RunOptions::default();
    options.branch_configs = [5, 6].map(|b| Config::from_pairs([("b", b)])).into();
    options.branches = 2;
    options.root_view = RootView::Shared {
        keys: Vec::new(),
        is_declared: true,
    };
    options.n_iters = Some(3);
    options.executor_target = ExecutorTarget::For;
    let (_, saved) = run(&executor.options(&options), configs);
    let bools = |values: &[bool]| values.iter().copied().map(Value::from).collect::<Vec<_>>();
    assert_eq!(saved[0]["branch"], [0, 0, 0].map(Value::from));
    assert_eq!(saved[1]["branch"], [1, 1].map(Value::from));
    assert_eq!(saved[0]["added"], [5, 5, 5].map(Value::from));
    assert_eq!(saved[1]["added"], [6, 6].map(Value::from));
    assert_eq!(saved[0]["is_last"], bools(&[false, false, true]));
    assert_eq!(saved[1]["is_last"], bools(&[false, false]));
    assert_eq!(saved[1]["same"], bools(&[false, false]));
    // A unit before it has failed.
    assert_eq!(saved[1]["at_end"], bools(&[false, true]));
    let alone = Value::from(vec![0, 0]);
    assert_eq!(saved[1]["root"], [alone.clone(), alone]);
}

#[test]
fn what_was_reached_is_saved_even_when_the_experiment_fails() {
    for finalize in [true, false] {
        let executor = build(
            Experiment::builder()
                .callable("half", |i: u64| i as f64 / 2.0, (it(),))
                .callable(
                    "fails",
                    |i: u64| if i == 2 { Err("as asked") } else { Ok(i) },
                    (it(),),
                )
                .save(o("half"), "half")
                .save(o("fails"), "last")
                .when(When::last()),
        )
        .n_iters(5)
        .finalize(finalize);
        let (endings, saved) = run(&executor, configs([1.0]));
        assert_eq!(endings[0].status, Status::Failed);
        let floats = [0.0, 0.5, 1.0].map(Value::from);
        assert_eq!(saved[0]["half"], floats, "finalize: {finalize}");
        assert_eq!(
            saved[0]["last"],
            [Value::from(1)],
            "the latest output there is"
        );
    }
}

#[test]
fn a_unit_that_was_not_reached_is_not_a_second_error() {
    let executor = build(
        Experiment::builder()
            .callable("fails", || Err::<f64, _>("as asked"), ())
            .save(o("fails"), "x"),
    );
    let mut events = Vec::new();
    let endings = executor.run_configs(configs([1.0]), &mut events).unwrap();
    let exceptions = events
        .iter()
        .filter(|e| matches!(e, Event::Exception { .. }));
    assert_eq!((exceptions.count(), endings[0].status), (1, Status::Failed));
}

struct Counter(u64);

fn counting(root: bool) -> Executor {
    let builder = Experiment::builder().instance("counter", || Ok(Counter(0)), ());
    let builder = if root { builder.root() } else { builder };
    let add = |counter: &mut Counter, by: u64| {
        counter.0 += by;
        counter.0
    };
    build(
        builder
            .method("add", "counter", add, (2_i64,))
            .save_to("count"),
    )
    .n_iters(2)
}

#[test]
fn an_instance_lives_as_long_as_its_experiment_and_a_root_is_shared() {
    let numbers = |values: [i64; 2]| values.map(Value::from).to_vec();
    let (_, saved) = run(&counting(false), configs([1.0, 2.0]));
    assert_eq!(saved[0]["count"], numbers([2, 4]));
    assert_eq!(saved[1]["count"], numbers([2, 4]));
    let (_, saved) = run(&counting(true), configs([1.0, 2.0]));
    let mut all: Vec<Value> = saved
        .iter()
        .flat_map(|branch| branch["count"].clone())
        .collect();
    all.sort_by_key(ToString::to_string);
    assert_eq!(all, [2, 4, 6, 8].map(Value::from));
}

#[test]
fn a_method_that_panics_leaves_a_root_instance_to_the_others() {
    let touch = |counter: &mut Counter, x: f64| {
        assert!(x > 1.0, "not this branch");
        counter.0 += 1;
        counter.0
    };
    let executor = build(
        Experiment::builder()
            .instance("counter", || Ok(Counter(0)), ())
            .root()
            .method("touch", "counter", touch, (ec("x"),))
            .save_to("count"),
    )
    .n_iters(3);
    let (endings, saved) = run(&executor, configs([1.0, 2.0]));
    assert_eq!(endings[0].status, Status::Failed);
    assert!(
        endings[0]
            .reason
            .as_ref()
            .unwrap()
            .contains("unit `touch` panicked in iteration 0")
    );
    assert_eq!(endings[1].status, Status::Finished);
    assert_eq!(saved[1]["count"], [1, 2, 3].map(Value::from));
}

#[derive(Deserialize)]
struct Now {
    id: String,
    iteration: u64,
    config: BTreeMap<String, f64>,
}

#[test]
fn the_experiment_and_its_units_can_be_arguments() {
    let executor = build(
        Experiment::builder()
            .callable(
                "now",
                |now: Now| (now.id.len(), now.iteration, now.config["x"]),
                (e(),),
            )
            .save_parts_to([None, Some("iteration"), Some("x")])
            .callable(
                "unit",
                |unit: BTreeMap<String, Value>| unit["when"].to_string(),
                (e_unit("now"),),
            )
            .save_to("when"),
    )
    .n_iters(2);
    let (_, saved) = run(&executor, configs([4.0]));
    assert_eq!(saved[0]["iteration"], [0, 1].map(Value::from));
    assert_eq!(saved[0]["x"], [4.0, 4.0].map(Value::from));
    assert_eq!(saved[0]["when"], ["1", "1"].map(Value::from));
}

#[test]
fn a_root_unit_sees_all_branches() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let best = move |all: Shared<Branches>| -> Result<f64, UnitError> {
        let mut best = f64::NEG_INFINITY;
        for branch in all.iter() {
            noted
                .lock()
                .unwrap()
                .push((branch.config_item::<f64>("x")?, branch.is_running()));
            best = best.max(branch.output("square")?);
        }
        Ok(best)
    };
    let executor = build(
        Experiment::builder()
            .callable("square", |x: f64| x * x, (ec("x"),))
            .callable("best", best, (e_all(),))
            .root()
            .callable(
                "share",
                |x: f64, best: f64| x / best,
                (o("square"), o("best")),
            )
            .save_to("share"),
    );
    let (_, saved) = run(&executor, configs([1.0, 2.0]));
    assert_eq!(saved[0]["share"], [Value::from(0.25)]);
    assert_eq!(saved[1]["share"], [Value::from(1.0)]);
    assert_eq!(*seen.lock().unwrap(), [(1.0, true), (2.0, true)]);
}
