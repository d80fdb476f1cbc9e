//! The usage that an experiment of programs reports at its end.

use std::sync::Arc;

use research_core::domain::Config;
use research_core::events::ResourceUsage;
use research_core::units::UnitBody;
use research_core::{Context, Event, Experiment};
use research_exec::Executor;
use research_exec::program::{OutputSpec, ProgramCallable, ProgramGenerator};

use super::{script_of_sh, words};

const MB: u64 = 1 << 20;

fn callable(command: &[&str]) -> UnitBody {
    let command = words(command, OutputSpec::Text);
    UnitBody::Callable(Arc::new(ProgramCallable::new(command)))
}

fn script(script: &str) -> UnitBody {
    let command = script_of_sh(script, &[], OutputSpec::Text);
    UnitBody::Callable(Arc::new(ProgramCallable::new(command)))
}

/// Returns the usage of each experiment with these units, of which the first may be a root unit.
fn usage(units: &[UnitBody], is_root: bool, branches: i64) -> Vec<ResourceUsage> {
    let mut experiment = Experiment::builder();
    for (index, body) in units.iter().enumerate() {
        experiment = experiment.body(&format!("unit-{index}"), body.clone(), true, &[]);
        if is_root && index == 0 {
            experiment = experiment.root();
        }
    }
    let configs = (0..branches).map(|branch| Config::from_pairs([("branch", branch)]));
    let mut events: Vec<Event> = Vec::new();
    Executor::new(experiment.build().unwrap())
        .n_iters(1)
        .run_configs(configs, &mut events)
        .unwrap();
    let usage = events.iter().filter_map(|event| match event {
        Event::ExperimentEnded { usage, .. } => Some(*usage),
        _ => None,
    });
    usage.collect()
}

fn usage_of(body: UnitBody) -> ResourceUsage {
    usage(&[body], false, 1)[0]
}

#[test]
fn memory_and_exit_code_are_those_of_the_program() {
    let used = usage_of(callable(&[
        "dd",
        "if=/dev/zero",
        "of=/dev/null",
        "bs=200M",
        "count=1",
    ]));
    let peak = used.peak_memory.unwrap();
    assert!((200 * MB..220 * MB).contains(&peak), "{peak}");
    assert_eq!(used.exit_code, Some(0));
}

#[test]
fn processor_time_includes_the_children_of_the_program() {
    let burn = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
    let body = script(&format!("sh -c '{burn}'; :"));
    let used = usage_of(body);
    assert!(used.cpu_seconds.unwrap() > 0.02, "{used:?}");
    assert!(used.cpu_seconds < Some(60.0), "{used:?}");
}

#[test]
fn an_exit_code_is_that_of_the_last_program_that_ended_by_itself() {
    assert_eq!(usage_of(script("exit 3")).exit_code, Some(3));
    let killed = usage_of(script("kill -9 $$"));
    assert_eq!(killed.exit_code, None);
    assert!(killed.cpu_seconds.is_some(), "{killed:?}");
    let both = usage(&[script("exit 0"), script("exit 4")], false, 1);
    assert_eq!(both[0].exit_code, Some(4));
    // A generator that is killed at the end of its experiment does not set the exit code.
    let generator = script_of_sh("echo 1; exec tail -f /dev/null", &[], OutputSpec::Text);
    let generator = ProgramGenerator::new(generator).unwrap();
    let generator = UnitBody::Generator(Arc::new(generator));
    let with_generator = usage(&[generator, script("exit 0")], false, 1);
    assert_eq!(with_generator[0].exit_code, Some(0));
}

#[test]
fn a_peak_below_that_of_the_process_that_starts_the_program_is_unknown() {
    assert_eq!(usage_of(callable(&["true"])).peak_memory, None);
}

#[test]
fn programs_of_root_units_count_for_none_of_several_branches() {
    let units = [script("exit 0"), script("exit 5")];
    let alone = usage(&units, true, 1);
    assert_eq!(alone[0].exit_code, Some(5));
    let together = usage(&units[..1], true, 2);
    assert_eq!(together, [ResourceUsage::default(); 2]);
}

#[test]
fn the_usage_of_code_in_a_process_with_other_work_is_unknown() {
    let experiment = Experiment::builder().unit("code", |_: &mut Context| Ok(()));
    let mut events: Vec<Event> = Vec::new();
    Executor::new(experiment.build().unwrap())
        .run_configs([Config::new()], &mut events)
        .unwrap();
    let ended = events.iter().find_map(|event| match event {
        Event::ExperimentEnded { usage, .. } => Some(*usage),
        _ => None,
    });
    assert_eq!(ended, Some(ResourceUsage::default()));
}
