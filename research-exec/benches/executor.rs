//! What an executor costs: for each call of a unit, for each saved value, for branches in threads
//! against in turn, for a profile.
//!
//! `cargo bench -p research-exec --bench executor`

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use research_core::domain::Config;
use research_core::{
    Event, EventSink, ExecutorTarget, Experiment, ExperimentBuilder, SinkError, it,
};
use research_exec::Executor;

const ITERATIONS: u64 = 1_000_000;
/// Each measurement is the best of so many.
const TRIES: usize = 5;

/// Forgets all events.
struct Nowhere;

impl EventSink for Nowhere {
    fn emit(&mut self, event: Event) -> Result<(), SinkError> {
        black_box(event);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}

/// The seconds that a run takes at best.
fn seconds(executor: &Executor, branches: i64) -> Result<f64, Box<dyn Error>> {
    let mut best = f64::INFINITY;
    for _ in 0..TRIES {
        let configs = (0..branches).map(|branch| Config::from_pairs([("branch", branch)]));
        let begin = Instant::now();
        let endings = executor.run_configs(configs, &mut Nowhere)?;
        best = best.min(begin.elapsed().as_secs_f64());
        assert!(endings.iter().all(|ending| ending.status.is_success()));
    }
    Ok(best)
}

fn callable() -> ExperimentBuilder {
    Experiment::builder().callable("half", |i: u64| i as f64 / 2.0, (it(),))
}

fn nanoseconds(builder: ExperimentBuilder) -> Result<f64, Box<dyn Error>> {
    let executor = Executor::new(builder.build()?).n_iters(ITERATIONS);
    Ok(seconds(&executor, 1)? * 1e9 / ITERATIONS as f64)
}

/// The resident memory of this process, in megabytes.
fn resident() -> Result<f64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(kilobytes.ok_or("no VmHWM")?.parse::<f64>()? / 1e3)
}

/// A unit that works for about `rounds` multiplications.
fn work(rounds: u64) -> ExperimentBuilder {
    Experiment::builder().callable(
        "work",
        move |i: u64| (0..rounds).fold(i | 1, |x, y| black_box(x.wrapping_mul(31) ^ y)) % 2,
        (it(),),
    )
}

fn compare_targets(
    what: &str,
    builder: ExperimentBuilder,
    n_iters: u64,
) -> Result<(), Box<dyn Error>> {
    let executor = Executor::new(builder.build()?).n_iters(n_iters);
    for branches in [1, 2, 8] {
        let sequential = seconds(&executor.clone().target(ExecutorTarget::For), branches)?;
        let threads = seconds(&executor.clone().target(ExecutorTarget::Threads), branches)?;
        println!(
            "{what}, {branches} branches: in turn {:.1} ms, threads {:.1} ms",
            sequential * 1e3,
            threads * 1e3
        );
    }
    Ok(())
}

/// Whether it was asked for: by no name, or by a part of its own.
fn is_wanted() -> bool {
    let mut names = std::env::args().skip(1);
    let name = names.find(|argument| !argument.starts_with("--"));
    name.is_none_or(|name| "executor".contains(&name))
}

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo test --benches` builds and starts this too.
    if !std::env::args().any(|argument| argument == "--bench") || !is_wanted() {
        return Ok(());
    }
    let before = resident()?;
    let call = nanoseconds(callable())?;
    let saved = nanoseconds(callable().save_to("half"))?;
    let profiled = Executor::new(callable().build()?)
        .n_iters(ITERATIONS)
        .profile(1);
    let profiled = seconds(&profiled, 1)? * 1e9 / ITERATIONS as f64;
    println!("an iteration with one callable: {call:.0} ns; with its value saved: {saved:.0} ns");
    println!(
        "the saved value alone: {:.0} ns; with a profile: {profiled:.0} ns",
        saved - call
    );
    println!(
        "memory: {before:.1} MB before, {:.1} MB at most",
        resident()?
    );
    compare_targets("tiny units", work(10).save_to("x"), 100_000)?;
    compare_targets("units of about 0.1 ms", work(100_000).save_to("x"), 100)?;
    let root = Experiment::builder()
        .callable("root", |i: u64| i, (it(),))
        .root();
    let step = root.callable("step", |i: u64| i, (it(),));
    compare_targets("a root before each tiny unit", step, 10_000)?;
    Ok(())
}
