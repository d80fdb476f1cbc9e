//! How many programs a unit runs in a second, against the ways that there are to start one.
//!
//! `cargo bench -p research-exec --bench programs`
#![allow(
    clippy::unwrap_used,
    reason = "a bench that cannot continue should stop"
)]

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use research_core::domain::Config;
use research_core::executor::ExecutorContext;
use research_core::units::CallableBody;
use research_core::{Context, Experiment, ExperimentNumber, ExperimentRecord};
use research_exec::program::{ProgramCallable, ProgramCommand, ProgramSpec, Run};

const PROGRAMS: u32 = 1_000;
const ROUNDS: usize = 5;
const HEAP: usize = 200 << 20;

/// A way to run `/bin/true` a thousand times.
type Way<'a> = (&'a str, Box<dyn FnMut() + 'a>);

/// Whether it was asked for: by no name, or by a part of its own.
fn is_wanted() -> bool {
    let mut names = std::env::args().skip(1);
    let name = names.find(|argument| !argument.starts_with("--"));
    name.is_none_or(|name| "programs".contains(&name))
}

fn main() {
    // `cargo test --benches` builds and starts this too.
    if !std::env::args().any(|argument| argument == "--bench") || !is_wanted() {
        return;
    }
    measure("a small process");
    let mut heap = vec![0_u8; HEAP];
    heap.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
    measure("a process of 200 MB");
    std::hint::black_box(&heap);
}

fn measure(of_what: &str) {
    let unit = unit();
    let mut context = context();
    let mut ways: [Way<'_>; 4] = [
        ("xargs -P1 -n1", Box::new(xargs)),
        (
            "program unit",
            Box::new(|| repeat(|| drop(unit.call(&mut context).unwrap()))),
        ),
        (
            "Command (posix_spawn)",
            Box::new(|| repeat(|| wait(&mut plain_command()))),
        ),
        (
            "Command with pre_exec (fork)",
            Box::new(|| repeat(|| wait(&mut bound_command()))),
        ),
    ];
    let mut best = [Duration::MAX; 4];
    for _ in 0..ROUNDS {
        for ((_, run), best) in ways.iter_mut().zip(&mut best) {
            let start = Instant::now();
            run();
            *best = start.elapsed().min(*best);
        }
    }
    println!("from {of_what}, best of {ROUNDS}:");
    for ((name, _), time) in ways.iter().zip(best) {
        let each = time / PROGRAMS;
        let ratio = best[0].as_secs_f64() / time.as_secs_f64();
        println!("  {name:30} {each:>10.1?} each   {ratio:.2} times xargs");
    }
}

fn repeat(mut run: impl FnMut()) {
    (0..PROGRAMS).for_each(|_| run());
}

fn xargs() {
    let script = format!("seq {PROGRAMS} | xargs -P1 -n1 /bin/true");
    let status = Command::new("sh").args(["-c", &script]).status();
    assert!(status.unwrap().success());
}

fn plain_command() -> Command {
    let mut command = Command::new("/bin/true");
    // With an argument as the others have one: `true` does more when it is given any.
    command
        .arg("--lr=0.1")
        .env("RESEARCH_ID", "id")
        .process_group(0);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The same with a parent-death signal.
fn bound_command() -> Command {
    let mut command = plain_command();
    let ask = || match nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL) {
        Ok(()) => Ok(()),
        Err(errno) => Err(io::Error::from(errno)),
    };
    // SAFETY: `prctl` is async-signal-safe, and nothing else is called.
    unsafe { command.pre_exec(ask) };
    command
}

fn wait(command: &mut Command) {
    let mut child = command.spawn().unwrap();
    let mut output = Vec::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_end(&mut output)
        .unwrap();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_end(&mut output)
        .unwrap();
    child.wait().unwrap();
}

fn unit() -> ProgramCallable {
    let words = vec!["/bin/true".to_owned(), "--lr={lr}".to_owned()];
    let spec = ProgramSpec::new(Run::List(words));
    ProgramCallable::new(ProgramCommand::new(&spec).unwrap())
}

fn context() -> ExecutorContext {
    let experiment = Experiment::builder().unit("unit", |_: &mut Context| Ok(()));
    experiment.build().unwrap().context(
        ExperimentNumber(0),
        Arc::new(ExperimentRecord {
            id: "0f3a9c1e00000042".parse().unwrap(),
            place: 0,
            config: Config::new().with("lr", 0.1).with("layers", 3),
            repetition: 0,
            updates: 0,
            seed: 0,
        }),
        None,
    )
}
