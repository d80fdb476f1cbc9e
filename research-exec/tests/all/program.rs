//! Units that run programs, tested with real programs.

mod callable;
mod files;
mod generator;
mod processes;
mod profile;
mod regex;
mod setting;
mod spec;
mod template;
mod usage;
mod words;

use std::path::Path;
use std::sync::Arc;

use research_core::domain::{Config, Value};
use research_core::executor::ExecutorContext;
use research_core::units::{CallableBody, Generator, GeneratorBody};
use research_core::{Context, Experiment, ExperimentNumber, ExperimentRecord, Output, UnitError};
use research_exec::program::{
    OutputSpec, ProgramCallable, ProgramCommand, ProgramGenerator, ProgramSpec, Run,
};
use tempfile::TempDir;

/// Returns the context of an experiment with this config, whose folder is inside `experiments`. It
/// has the units `power`, whose output the test may set, and `later`.
fn context(config: Config, experiments: Option<&Path>) -> ExecutorContext {
    let experiment = Experiment::builder()
        .unit("power", |_: &mut Context| Ok(()))
        .unit("later", |_: &mut Context| Ok(()))
        .build()
        .unwrap();
    experiment.context(
        ExperimentNumber(7),
        Arc::new(ExperimentRecord {
            id: "0f3a9c1e00000042".parse().unwrap(),
            place: 7,
            config,
            repetition: 2,
            updates: 0,
            seed: u64::MAX,
        }),
        experiments.map(Path::to_path_buf),
    )
}

/// Returns a context in memory with an empty config.
fn plain() -> ExecutorContext {
    context(Config::new(), None)
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Returns a command of these words.
fn words(words: &[&str], output: OutputSpec) -> ProgramCommand {
    let run = Run::List(words.iter().map(|word| (*word).to_owned()).collect());
    command(run, false, output)
}

fn command(run: Run, shell: bool, output: OutputSpec) -> ProgramCommand {
    ProgramCommand::new(&ProgramSpec {
        shell: shell.into(),
        output,
        ..ProgramSpec::new(run)
    })
    .unwrap()
}

/// Runs a command once.
fn call(command: ProgramCommand, context: &mut Context) -> Result<Value, UnitError> {
    ProgramCallable::new(command).call(context).map(value)
}

/// Runs a shell script.
fn sh(script: &str, output: OutputSpec) -> Result<Value, UnitError> {
    call(script_of_sh(script, &[], output), &mut plain())
}

/// Returns a shell script with arguments. Braces in the script are literal; in arguments they are
/// placeholders.
fn script_of_sh(script: &str, arguments: &[&str], output: OutputSpec) -> ProgramCommand {
    let script = script.replace('{', "{{").replace('}', "}}");
    words(&[&["sh", "-c", &script, "sh"], arguments].concat(), output)
}

/// Starts a shell script as a generator.
fn generate(script: &str, output: OutputSpec) -> Box<dyn Generator> {
    let command = script_of_sh(script, &[], output);
    let generator = ProgramGenerator::new(command).unwrap();
    generator.start(&mut plain()).unwrap()
}

fn value(output: Output) -> Value {
    match output {
        Output::Value(value) => value,
        Output::Object(_) => panic!("programs put out values"),
    }
}

/// Returns the error, whose message must contain all of these parts.
#[track_caller]
fn assert_error(result: Result<impl std::fmt::Debug, UnitError>, parts: &[&str]) -> UnitError {
    let error = result.expect_err("it must fail");
    for part in parts {
        let message = error.message();
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
    error
}
