//! The limit on programs that run at once. An executable of its own, because the test uses up all
//! process groups of a process.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot continue should stop"
)]

use std::sync::Arc;

use research_core::domain::Config;
use research_core::executor::ExecutorContext;
use research_core::units::{CallableBody, GeneratorBody};
use research_core::{Context, Experiment, ExperimentNumber, ExperimentRecord};
use research_exec::program::{ProgramCallable, ProgramCommand, ProgramGenerator, ProgramSpec, Run};
use research_process::{running_groups, signal_groups};

fn context() -> ExecutorContext {
    let experiment = Experiment::builder().unit("unit", |_: &mut Context| Ok(()));
    let record = ExperimentRecord {
        id: "0f3a9c1e00000042".parse().unwrap(),
        place: 0,
        config: Config::new(),
        repetition: 0,
        updates: 0,
        seed: 0,
    };
    let experiment = experiment.build().unwrap();
    experiment.context(ExperimentNumber(0), Arc::new(record), None)
}

fn command(words: &[&str]) -> ProgramCommand {
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    ProgramCommand::new(&ProgramSpec::new(Run::List(words))).unwrap()
}

#[test]
fn there_is_a_limit_and_all_are_within_reach_of_signals() {
    let endless = ProgramGenerator::new(command(&["tail", "-f", "/dev/null"])).unwrap();
    let mut cx = context();
    let mut started: Vec<_> = (0..256).map(|_| endless.start(&mut cx).unwrap()).collect();
    assert_eq!(running_groups().count(), 256);

    let callable = ProgramCallable::new(command(&["true"]));
    let error = callable.call(&mut cx).unwrap_err();
    assert!(error.message().contains("256 process groups"), "{error}");

    signal_groups(libc::SIGTERM);
    for generator in &mut started {
        let error = generator.next(&mut cx).unwrap_err();
        assert!(error.message().contains("SIGTERM"), "{error}");
    }
    assert_eq!(running_groups().count(), 0);
    callable.call(&mut cx).unwrap();
}
