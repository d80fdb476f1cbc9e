//! Injected faults: damaged logs, failing system calls, limits and full disks, and files that
//! are removed, replaced or copied during a run.
//!
//! Each test tries a number of cases, and a seed determines everything random in a case. A case
//! that fails prints the command that repeats it. `cargo xtask faults` tries more cases.

mod calls;
mod damage;
mod limits;
mod mutations;
#[path = "../chaos/random.rs"]
mod random;
mod running;
mod strangers;
mod study;

use std::fs::{self, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::CommandOutput;
use random::Random;

/// The timeout of a command. It is long because other tests run at the same time.
const LONGEST: Duration = Duration::from_secs(60);

/// Runs a case for each seed: `short` of them, or the number that `cargo xtask faults` sets.
fn for_each_seed(kind: &str, short: u64, case: impl Fn(&mut Random)) {
    let chosen = std::env::var("RESEARCH_TEST_KIND");
    if chosen.is_ok_and(|chosen| chosen != kind) {
        return;
    }
    let number = |name: &str| {
        let value = std::env::var(name).ok()?;
        Some(value.parse::<u64>().unwrap())
    };
    let first = number("RESEARCH_TEST_SEED").unwrap_or(1);
    let runs = number("RESEARCH_TEST_FAULTS").unwrap_or(short);
    let mut failed = Vec::new();
    for seed in first..first + runs {
        let ended = catch_unwind(AssertUnwindSafe(|| case(&mut Random::new(seed))));
        if ended.is_err() {
            println!("again: cargo xtask faults {kind} --runs 1 --seed {seed}");
            failed.push(seed);
        }
    }
    println!("{kind}: {runs} cases from seed {first}, failed: {failed:?}");
    assert!(
        failed.is_empty(),
        "{kind}: cases of seeds {failed:?} failed"
    );
}

/// Runs the program in a folder; it must exit by itself, with an exit code and without
/// a panic.
fn research(folder: &Path, arguments: &[&str]) -> CommandOutput {
    let mut command = Command::new(env!("CARGO_BIN_EXE_research"));
    command.args(arguments);
    end(command, folder)
}

/// Runs any command to its end.
fn end(mut command: Command, folder: &Path) -> CommandOutput {
    let started = start(&mut command, folder);
    let done = started.end();
    assert!(done.code.is_some(), "{command:?}: {done:?}");
    done
}

/// A running command, with its output in files, so no pipe can fill.
struct Started {
    child: Child,
    output: tempfile::TempDir,
    what: String,
}

fn start(command: &mut Command, folder: &Path) -> Started {
    let output = tempfile::tempdir().unwrap();
    let file = |name: &str| File::create(output.path().join(name)).unwrap();
    let child = command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(file("out"))
        .stderr(file("err"))
        .spawn()
        .unwrap();
    let what = format!("{command:?}");
    Started {
        child,
        output,
        what,
    }
}

impl Started {
    fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.output.path().join("err")).unwrap()).into_owned()
    }

    fn end(mut self) -> CommandOutput {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                start.elapsed() < LONGEST,
                "{} hangs: {}",
                self.what,
                self.said()
            );
            std::thread::sleep(Duration::from_millis(2));
        };
        let err = self.said();
        assert!(!err.contains("panicked"), "{}: {err}", self.what);
        let out = fs::read(self.output.path().join("out")).unwrap();
        CommandOutput {
            code: status.code(),
            stdout: String::from_utf8_lossy(&out).into_owned(),
            stderr: err,
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // The command may still run if the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Copies a folder recursively, links as links.
fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.unwrap().success(), "cp {from:?} {to:?}");
}
