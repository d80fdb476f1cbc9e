//! Facts recorded from the original: the order of calls, the saved values, and the endings.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use research_core::domain::{Config, Value};
use research_core::{
    Context, Event, ExecutorTarget, Experiment, ExperimentBuilder, Status, UnitError, When,
};
use research_exec::{Ending, Executor};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    branches: usize,
    n_iters: u64,
    finalize: bool,
    units: Vec<UnitCase>,
    expect: Expected,
}

#[derive(Deserialize, Clone)]
struct UnitCase {
    name: String,
    kind: String,
    when: When,
    root: bool,
    save: bool,
    #[serde(default)]
    lengths: Vec<u64>,
    #[serde(default)]
    fails: Vec<(usize, u64)>,
}

type Saved = BTreeMap<String, BTreeMap<u64, String>>;
type Call = (u64, String, usize);

#[derive(Deserialize)]
struct Expected {
    calls: Vec<Call>,
    results: Vec<Saved>,
    failed: Vec<bool>,
    iterations: Vec<u64>,
}

fn golden(name: &str) -> String {
    let folder = std::env::var_os("RESEARCH_GOLDEN").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden"),
        PathBuf::from,
    );
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn add_unit(
    builder: ExperimentBuilder,
    unit: &UnitCase,
    calls: &Arc<Mutex<Vec<Call>>>,
) -> ExperimentBuilder {
    let UnitCase {
        name,
        lengths,
        fails,
        ..
    } = unit.clone();
    let calls = Arc::clone(calls);
    let branch = |cx: &Context| cx.config_item::<usize>("branch");
    let called = move |cx: &Context, name: &str| -> Result<usize, UnitError> {
        let branch = branch(cx)?;
        calls
            .lock()
            .unwrap()
            .push((cx.iteration(), name.to_owned(), branch));
        Ok(branch)
    };
    let mut builder = if unit.kind == "generator" {
        let lengths = Arc::new(lengths);
        builder.generator_body(
            &unit.name,
            GoldenGenerator {
                name,
                lengths,
                called: Arc::new(called),
            },
        )
    } else {
        builder.unit(&unit.name, move |cx: &mut Context| {
            let branch = called(cx, &name)?;
            if fails.contains(&(branch, cx.iteration())) {
                return Err(UnitError::new("as asked"));
            }
            Ok(format!("{name}:{branch}:{}", cx.iteration()))
        })
    };
    builder = builder.when(unit.when.clone());
    if unit.root {
        builder = builder.root();
    }
    if unit.save {
        builder = builder.save_to(&format!("v_{}", unit.name));
    }
    builder
}

type Called = Arc<dyn Fn(&Context, &str) -> Result<usize, UnitError> + Send + Sync>;

#[derive(Clone)]
struct GoldenGenerator {
    name: String,
    lengths: Arc<Vec<u64>>,
    called: Called,
}

struct Counting {
    generator: GoldenGenerator,
    next: u64,
}

impl research_core::units::GeneratorBody for GoldenGenerator {
    fn start(
        &self,
        _: &mut Context,
    ) -> Result<Box<dyn research_core::units::Generator>, UnitError> {
        Ok(Box::new(Counting {
            generator: self.clone(),
            next: 0,
        }))
    }
}

impl research_core::units::Generator for Counting {
    fn next(&mut self, cx: &mut Context) -> Result<Option<research_core::Output>, UnitError> {
        let branch: usize = cx.config_item("branch")?;
        if self.next >= self.generator.lengths[branch] {
            return Ok(None);
        }
        (self.generator.called)(cx, &self.generator.name)?;
        let text = format!("{}:{branch}:{}", self.generator.name, self.next);
        self.next += 1;
        Ok(Some(research_core::Output::Value(Value::from(text))))
    }
}

fn saved(events: &[Event], branches: usize) -> Vec<Saved> {
    let mut results = vec![Saved::new(); branches];
    for event in events {
        if let Event::Values {
            experiment,
            variable,
            iterations,
            column,
        } = event
        {
            let variables = &mut results[usize::try_from(experiment.0).unwrap()];
            for (position, iteration) in iterations.iter().enumerate() {
                let value = column.get(position).unwrap().to_string();
                variables
                    .entry(variable.to_string())
                    .or_default()
                    .insert(iteration, value);
            }
        }
    }
    results
}

/// Checks all recorded facts.
#[test]
fn golden_execution() {
    check_golden(ExecutorTarget::For);
}

/// In threads, the calls of different branches interleave; all other facts are the same.
#[test]
fn golden_execution_in_threads() {
    check_golden(ExecutorTarget::Threads);
}

fn check_golden(target: ExecutorTarget) {
    let cases: Vec<Case> = serde_json::from_str(&golden("execution.json")).unwrap();
    assert!(!cases.is_empty());
    let mut wrong = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let mut builder = Experiment::builder();
        for unit in &case.units {
            builder = add_unit(builder, unit, &calls);
        }
        let mut events = Vec::new();
        let endings = Executor::new(builder.build().unwrap())
            .n_iters(case.n_iters)
            .target(target)
            .finalize(case.finalize)
            .run_configs(
                (0..case.branches).map(|b| Config::from_pairs([("branch", b as i64)])),
                &mut events,
            )
            .unwrap();
        let failed = |e: &Ending| e.status != Status::Finished;
        let expect = &case.expect;
        let mut calls = calls.lock().unwrap().clone();
        let mut expected = expect.calls.clone();
        if target == ExecutorTarget::Threads {
            let by_branch = |call: &Call| call.2;
            calls.sort_by_key(by_branch);
            expected.sort_by_key(by_branch);
        }
        let checks = [
            ("calls", calls == expected),
            ("results", saved(&events, case.branches) == expect.results),
            (
                "failed",
                endings.iter().map(failed).collect::<Vec<_>>() == expect.failed,
            ),
            (
                "iterations",
                endings.iter().map(|e| e.iterations - 1).collect::<Vec<_>>() == expect.iterations,
            ),
        ];
        for (what, holds) in checks {
            if !holds {
                wrong.push(format!("case {number}: {what}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
