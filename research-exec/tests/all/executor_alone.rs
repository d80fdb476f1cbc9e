//! An executor without a leader, and hooks around its work.

use std::sync::{Arc, Mutex};

use research_core::domain::{Config, Value};
use research_core::events::Measure;
use research_core::{
    Context, ExecutorHooks, ExecutorTarget, Experiment, ExperimentBuilder, ExperimentRecord,
    FailureKind, Status, Unit, UnitError, UnitResult, ec,
};
use research_exec::{Executor, ExecutorError};

fn config(key: &str, value: i64) -> Config {
    Config::from_pairs([(key, value)])
}

fn sum() -> ExperimentBuilder {
    Experiment::builder()
        .callable("sum", |a: i64, b: i64| a + b, (ec("a"), ec("b")))
        .save_to("sum")
}

fn executor(builder: ExperimentBuilder) -> Executor {
    Executor::new(builder.build().unwrap())
}

#[test]
fn configs_are_put_together() {
    let execution = executor(sum())
        .configs([config("a", 1)])
        .executor_config(config("a", 2).with("b", 20))
        .branch_configs([config("b", 30)])
        .run()
        .unwrap();
    let [branch] = execution.branches() else {
        panic!("one branch")
    };
    assert_eq!(branch.values["sum"], [(0, Value::from(32))]);
    assert_eq!(branch.record.config.get("a"), Some(&Value::from(2)));
    let shared = executor(sum())
        .executor_config(config("a", 2).with("b", 3))
        .run()
        .unwrap();
    assert_eq!(shared.branches()[0].values["sum"], [(0, Value::from(5))]);
    let error = executor(sum())
        .configs([config("a", 1), config("a", 2)])
        .branch_configs([config("b", 1)])
        .run()
        .unwrap_err();
    assert!(matches!(
        error,
        ExecutorError::Lengths {
            configs: 2,
            branch_configs: 1
        }
    ));
}

#[test]
fn results_tell_values_statuses_and_exceptions_of_each_branch() {
    let builder = Experiment::builder()
        .unit("count", |cx: &mut Context| Ok(cx.iteration()))
        .save_to("count")
        .unit("fails", |cx: &mut Context| {
            match (cx.config_item::<i64>("a")?, cx.iteration()) {
                (1, 2) => panic!("as asked"),
                (2, 1) => Err(UnitError::new("no luck")),
                _ => Ok(()),
            }
        });
    let execution = executor(builder)
        .n_iters(4)
        .configs([config("a", 0), config("a", 1), config("a", 2)])
        .run()
        .unwrap();
    let statuses: Vec<Status> = execution
        .branches()
        .iter()
        .map(|branch| branch.status())
        .collect();
    assert_eq!(statuses, [Status::Finished, Status::Failed, Status::Failed]);
    let counts: Vec<usize> = execution
        .branches()
        .iter()
        .map(|b| b.values_of("count").count())
        .collect();
    assert_eq!(counts, [4, 3, 2]);
    let [_, panicked, failed] = execution.branches() else {
        panic!("three")
    };
    assert_eq!(panicked.exceptions[0].kind, FailureKind::Panic);
    assert!(
        panicked.exceptions[0]
            .backtrace
            .as_ref()
            .unwrap()
            .contains("executor_alone")
    );
    assert_eq!(
        (
            failed.exceptions[0].unit.as_deref(),
            failed.exceptions[0].iteration
        ),
        (Some("fails"), 1)
    );
    assert_eq!(failed.exceptions[0].message, "no luck");
    assert_eq!(failed.values_of("no such name").count(), 0);
}

/// Returns the message of the only exception of a unit.
fn exception(unit: impl Fn() -> Result<i64, UnitError> + Send + Sync + 'static) -> String {
    let builder = Experiment::builder().unit("unit", move |_: &mut Context| unit());
    let execution = executor(builder).run().unwrap();
    let [exception] = execution.branches()[0].exceptions.as_slice() else {
        panic!("one exception")
    };
    assert_eq!(exception.kind, FailureKind::Panic);
    exception.message.clone()
}

#[test]
fn a_panic_is_told_with_its_own_words() {
    let here = concat!("at ", file!());
    // The same for a unit that has run another executor.
    let message = exception(|| {
        executor(sum()).executor_config(config("a", 1)).run()?;
        panic!("after the inner one");
    });
    assert!(
        message.starts_with("after the inner one (") && message.contains(here),
        "{message}"
    );
    // The message of a caught panic is not reported.
    let message = exception(|| {
        let caught = std::panic::catch_unwind(|| panic!("caught"));
        assert!(caught.is_err());
        std::panic::resume_unwind(Box::new("brought here from another thread"));
    });
    assert_eq!(message, "brought here from another thread");
}

/// Hooks that note every call.
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn note(&self, text: String) {
        self.0.lock().unwrap().push(text);
    }
}

impl ExecutorHooks for Notes {
    fn around_task(&self, experiments: &[&ExperimentRecord], run: &mut dyn FnMut()) {
        self.note(format!("task of {}", experiments.len()));
        run();
        self.note("end of task".to_owned());
    }

    fn before_iteration(&self, cx: &mut Context) -> Result<(), UnitError> {
        self.note(format!("iteration {}", cx.iteration()));
        Ok(())
    }

    fn after_iteration(&self, cx: &mut Context) -> Result<(), UnitError> {
        self.note(format!("end of iteration {}", cx.iteration()));
        Ok(())
    }

    fn around_unit(
        &self,
        unit: &Unit,
        cx: &mut Context,
        call: &mut dyn FnMut(&mut Context) -> UnitResult,
    ) -> UnitResult {
        let result = call(cx);
        let output = result.as_ref().map(Option::is_some);
        self.note(format!(
            "{}: {:?}",
            unit.name(),
            output.map_err(UnitError::message)
        ));
        result
    }
}

#[test]
fn hooks_stand_around_tasks_iterations_and_units() {
    let notes = Arc::new(Mutex::new(Vec::new()));
    let builder = Experiment::builder()
        .generator("steps", |_: &mut Context| Ok(0..1))
        .callable("fails", || Err::<i64, _>("no luck"), ())
        .hooks(Notes(Arc::clone(&notes)));
    executor(builder).run().unwrap();
    let expected = [
        "task of 1",
        "iteration 0",
        "steps: Ok(true)",
        "fails: Err(\"no luck\")",
        "end of iteration 0",
        "end of task",
    ];
    assert_eq!(*notes.lock().unwrap(), expected);
}

#[test]
fn hooks_hold_for_each_branch_in_threads_too() {
    for target in [ExecutorTarget::Threads, ExecutorTarget::For] {
        let notes = Arc::new(Mutex::new(Vec::new()));
        let builder = Experiment::builder()
            .callable("root", || 1, ())
            .root()
            .callable("unit", || 1, ())
            .hooks(Notes(Arc::clone(&notes)));
        let configs = [config("a", 1), config("a", 2)];
        executor(builder)
            .configs(configs)
            .target(target)
            .n_iters(3)
            .run()
            .unwrap();
        let notes = notes.lock().unwrap();
        let count = |text: &str| notes.iter().filter(|note| note.contains(text)).count();
        assert_eq!(
            (
                count("task of 2"),
                count("end of iteration"),
                count("root"),
                count("unit")
            ),
            (1, 6, 3, 6)
        );
    }
}

/// Hooks that fail at one place.
struct Refusing(&'static str);

impl ExecutorHooks for Refusing {
    fn around_task(&self, _: &[&ExperimentRecord], run: &mut dyn FnMut()) {
        if self.0 != "task" {
            run();
        }
    }

    fn before_iteration(&self, _: &mut Context) -> Result<(), UnitError> {
        if self.0 == "iteration" {
            Err(UnitError::new("not now"))
        } else {
            Ok(())
        }
    }

    fn around_unit(
        &self,
        _: &Unit,
        cx: &mut Context,
        call: &mut dyn FnMut(&mut Context) -> UnitResult,
    ) -> UnitResult {
        assert!(self.0 != "unit", "not this unit");
        call(cx)
    }
}

#[test]
fn what_hooks_refuse_is_a_failure_with_its_reason() {
    let reason = |what| {
        let execution = executor(
            Experiment::builder()
                .callable("u", || 1, ())
                .hooks(Refusing(what)),
        );
        let branch = execution.run().unwrap().branches()[0].clone();
        assert_eq!(branch.status(), Status::Failed);
        branch.ending.reason.unwrap()
    };
    assert_eq!(reason("task"), "the executor's hooks did not run the task");
    assert_eq!(
        reason("iteration"),
        "the executor's hook failed in iteration 0: not now"
    );
    assert!(reason("unit").starts_with("unit `u` panicked in iteration 0: not this unit"));
}

#[test]
fn debug_raises_the_first_failure_at_once() {
    let calls = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&calls);
    let builder = Experiment::builder()
        .unit("fails", |cx: &mut Context| {
            let fails = cx.config_item::<i64>("a")? == 1 && cx.iteration() == 2;
            if fails {
                Err(UnitError::new("no luck"))
            } else {
                Ok(())
            }
        })
        .unit("after", move |_: &mut Context| {
            *counted.lock().unwrap() += 1;
            Ok(())
        });
    let configs = [config("a", 0), config("a", 1)];
    let executor = executor(builder).configs(configs).n_iters(10).debug(true);
    let error = executor.run().unwrap_err();
    assert_eq!(
        error.to_string(),
        "unit `fails` failed in iteration 2: no luck"
    );
    assert_eq!(*calls.lock().unwrap(), 4, "nothing comes after it");
}

#[test]
fn a_profile_has_the_time_of_each_unit_and_iteration() {
    let builder = || {
        Experiment::builder()
            .callable("often", || 1, ())
            .callable("rarely", || 1, ())
            .when(2)
    };
    let execution = executor(builder()).n_iters(4).profile(1).run().unwrap();
    let profile = &execution.branches()[0].profile;
    let iterations = |unit: Option<&str>| -> Vec<u64> {
        profile[&(unit.map(str::to_owned), Measure::Seconds)]
            .iter()
            .map(|(iteration, _)| *iteration)
            .collect()
    };
    assert_eq!(iterations(Some("often")), [0, 1, 2, 3]);
    assert_eq!(iterations(Some("rarely")), [1, 3]);
    assert_eq!(iterations(None), [0, 1, 2, 3]);
    let without = executor(builder()).n_iters(4).run().unwrap();
    assert!(without.branches()[0].profile.is_empty());
}

#[test]
fn a_detailed_profile_has_the_processor_time_and_the_memory_too() {
    let touches = || {
        vec![1_u8; 64 << 20]
            .iter()
            .map(|&x| u64::from(x))
            .sum::<u64>()
    };
    let builder = Experiment::builder().callable("touches", touches, ());
    let execution = executor(builder).profile(2).run().unwrap();
    let profile = &execution.branches()[0].profile;
    let first = |measure| profile[&(Some("touches".to_owned()), measure)][0].1.clone();
    assert!(first(Measure::CpuSeconds).to::<f64>().unwrap() > 0.0);
    assert!(first(Measure::PageFaults).to::<i64>().unwrap() > 0);
    assert!(first(Measure::PeakMemory).to::<i64>().unwrap() > 64 << 20);
    assert!(!profile.contains_key(&(None, Measure::CpuSeconds)));
}
