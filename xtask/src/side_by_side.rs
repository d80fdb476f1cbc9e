//! Runs all tests, several at a time: by cargo-nextest if it is installed, and otherwise several
//! test executables at a time. Most tests wait for processes more than they compute, and
//! `cargo test` runs one executable after another.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde_json::Value;

use crate::shell::{self, Failure, cargo, output};
use crate::tools;

/// A test executable, or another command that is run like one.
struct Program {
    name: String,
    command: Command,
}

/// Builds all tests, runs them, and shows the output of those that fail.
pub(crate) fn test() -> Result<(), Failure> {
    if tools::is_there(&mut cargo(["nextest", "--version"])) {
        let flags = ["--workspace", "--locked", "--no-fail-fast"];
        shell::run(cargo(["nextest", "run"]).args(flags))?;
        return shell::run(&mut doctests());
    }
    executables()
}

/// The examples of the documentation, which only cargo can run.
fn doctests() -> Command {
    cargo(["test", "--workspace", "--locked", "--doc"])
}

/// Runs test executables, several at a time.
fn executables() -> Result<(), Failure> {
    eprintln!("\x1b[1m$ cargo test --workspace --locked, side by side\x1b[0m");
    let mut programs = built()?;
    if programs.is_empty() {
        return Err(Failure("cargo reports no test executables".into()));
    }
    // The tests of research-cli take longest, so they start first.
    programs.sort_by_key(|program| !program.name.starts_with("research-cli/"));
    programs.push(Program {
        name: "doctests".into(),
        command: doctests(),
    });
    let waiting = Mutex::new(VecDeque::from(programs));
    let failed = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(program) = pop(&waiting) {
                    if let Some(name) = run(program) {
                        push(&failed, name);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure(format!("tests failed: {}", failed.join(", "))))
}

fn pop(waiting: &Mutex<VecDeque<Program>>) -> Option<Program> {
    let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    waiting.pop_front()
}

fn push(failed: &Mutex<Vec<String>>, name: String) {
    let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
    failed.push(name);
}

/// Builds the tests of the workspace.
fn built() -> Result<Vec<Program>, Failure> {
    let messages = output(&mut cargo([
        "test",
        "--workspace",
        "--locked",
        "--no-run",
        "--message-format=json-render-diagnostics",
    ]))?;
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    Ok(messages
        .filter_map(|message| program_of(&message))
        .collect())
}

/// The test executable in a message of cargo, if it has one, started as cargo would start it.
fn program_of(message: &Value) -> Option<Program> {
    if message["profile"]["test"] != true {
        return None;
    }
    let executable = message["executable"].as_str()?;
    let mut package = PathBuf::from(message["manifest_path"].as_str()?);
    package.pop();
    let target = message["target"]["name"].as_str()?;
    let kind = message["target"]["kind"][0].as_str()?;
    let folder = package.file_name()?.to_string_lossy().into_owned();
    let mut command = Command::new(executable);
    command
        .current_dir(&package)
        .env("CARGO_MANIFEST_DIR", &package);
    Some(Program {
        name: format!("{folder}/{target} ({kind})"),
        command,
    })
}

/// Runs a program, and returns its name if it fails.
fn run(mut program: Program) -> Option<String> {
    let begin = Instant::now();
    let output = program.command.output();
    let seconds = begin.elapsed().as_secs_f64();
    let name = program.name;
    match output {
        Ok(output) if output.status.success() => {
            eprintln!("{seconds:6.1} s  {name}: ok");
            None
        }
        Ok(output) => {
            let (out, err) = (output.stdout, output.stderr);
            let (out, err) = (String::from_utf8_lossy(&out), String::from_utf8_lossy(&err));
            eprintln!("{out}{err}{seconds:6.1} s  {name}: {}", output.status);
            Some(name)
        }
        Err(error) => {
            eprintln!("cannot start {name}: {error}");
            Some(name)
        }
    }
}
