//! Experiments per second and saved values per second, compared with the limits of this machine.
//!
//! Each figure is the median of a few rounds. Rounds of compared programs alternate, so that both
//! run under the same load.

use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use research::base::units::UnitBody;
use research::base::{Event, Subscriber};
use research::exec::program::{OutputSpec, ProgramCallable, ProgramCommand, ProgramSpec, Run};

use research::{
    Context, Experiment, ExperimentBuilder, Isolation, Research, ResearchError, Status, ec, option,
};

const ROUNDS: usize = 5;
const EXPERIMENTS: i64 = 2000;
const VALUES: u64 = 1_000_000;
const PROGRAMS: i64 = 1000;

fn main() -> Result<(), ResearchError> {
    research::worker_entry_with(|source| {
        let experiment = match source {
            Some("\"values\"") => saving_values(),
            Some("\"program\"") => program(),
            _ => trivial(),
        };
        experiment.build().map_err(|error| error.to_string())
    });
    let filter = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    let wanted = |name: &str| filter.as_deref().is_none_or(|filter| name.contains(filter));
    if wanted("fork") {
        processes(1)?;
        processes(2)?;
    }
    if wanted("reused") {
        reused()?;
    }
    if wanted("values") {
        values()?;
    }
    if wanted("programs") {
        programs()?;
    }
    if wanted("start") {
        start()?;
    }
    // These take a minute, so they run only if named.
    match filter.as_deref() {
        Some("sizes") => sizes(),
        Some(size) => match size.parse() {
            Ok(experiments) => of_size(experiments),
            Err(_) => Ok(()),
        },
        None => Ok(()),
    }
}

/// An experiment that saves one number.
fn trivial() -> ExperimentBuilder {
    Experiment::builder()
        .callable("double", |x: i64| 2 * x, (ec("x"),))
        .save_to("double")
}

fn saving_values() -> ExperimentBuilder {
    Experiment::builder()
        .unit("value", |cx: &mut Context| Ok(cx.iteration() as f64))
        .save_to("value")
}

/// Returns the seconds that a research of trivial experiments takes.
fn research_seconds(
    workers: u32,
    experiments: i64,
    isolation: Isolation,
) -> Result<f64, ResearchError> {
    let folder = tempfile::tempdir().map_err(io_error)?;
    let start = Instant::now();
    let finished = Research::new("bench")
        .folder(folder.path())
        .domain(option("x", 0..experiments))
        .experiment(trivial())
        .source("trivial".into())
        .workers(workers)
        .isolation(isolation)
        .run()?;
    let seconds = start.elapsed().as_secs_f64();
    let done = finished.report().map_or(0, |report| report.counts.total());
    assert_eq!(i64::try_from(done), Ok(experiments));
    Ok(seconds)
}

fn io_error(source: std::io::Error) -> ResearchError {
    ResearchError::Io {
        action: "measure",
        source,
    }
}

/// Returns the seconds that it takes to fork `forks` processes and to wait for their ends, in
/// `loops` parallel loops.
fn fork_seconds(loops: i64, forks: i64) -> f64 {
    let start = Instant::now();
    let children: Vec<_> = (0..loops).map(|_| fork_loop(forks / loops)).collect();
    for child in children {
        wait(child);
    }
    start.elapsed().as_secs_f64()
}

/// Forks a process that repeatedly forks and waits.
fn fork_loop(forks: i64) -> libc::pid_t {
    // SAFETY: this program has one thread, so the child may do anything; it ends by _exit.
    match unsafe { libc::fork() } {
        0 => {
            for _ in 0..forks {
                // SAFETY: as above; the child of the child ends at once.
                match unsafe { libc::fork() } {
                    // SAFETY: `_exit` runs no code of the parent.
                    0 => unsafe { libc::_exit(0) },
                    child => wait(child),
                }
            }
            // SAFETY: `_exit` runs no code of the parent.
            unsafe { libc::_exit(0) }
        }
        child => child,
    }
}

fn wait(child: libc::pid_t) {
    // SAFETY: waitpid may be called with a null status.
    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
}

fn processes(workers: u32) -> Result<(), ResearchError> {
    let mut bare = Vec::new();
    let mut ours = Vec::new();
    for _ in 0..ROUNDS {
        bare.push(EXPERIMENTS as f64 / fork_seconds(i64::from(workers), EXPERIMENTS));
        let seconds = research_seconds(workers, EXPERIMENTS, Isolation::Experiment)?;
        ours.push(EXPERIMENTS as f64 / seconds);
    }
    let (bare, ours) = (median(bare), median(ours));
    println!(
        "fork/{workers}: {ours:.0} experiments/s with a process each, {workers} workers, stored; \
         bare fork and wait {bare:.0}/s; ratio {:.2} (aim: at least 0.70)",
        ours / bare
    );
    Ok(())
}

/// Runs of increasing numbers of experiments, each in its own process, because memory is not
/// returned to the system.
fn sizes() -> Result<(), ResearchError> {
    for experiments in ["1000", "100000", "1000000"] {
        let program = std::env::current_exe().map_err(io_error)?;
        let status = Command::new(program)
            .arg(experiments)
            .status()
            .map_err(io_error)?;
        assert!(status.success(), "{status}");
    }
    Ok(())
}

/// Measures a run with this number of experiments.
fn of_size(experiments: i64) -> Result<(), ResearchError> {
    let folder = tempfile::tempdir().map_err(io_error)?;
    let (watch, led) = Watch::new();
    let start = Instant::now();
    let finished = Research::new("bench")
        .folder(folder.path())
        .domain(option("y", 0..experiments / 1000) * option("x", 0..1000))
        .experiment(trivial())
        .source("trivial".into())
        .workers(2)
        .isolation(Isolation::Worker)
        .subscriber(watch)
        .run()?;
    let (whole, peak) = (start.elapsed(), peak_megabytes()?);
    let led = led.recv().expect("the run has ended");
    let bytes = std::fs::metadata(folder.path().join("bench/events.log")).map_err(io_error)?;
    let reading = Instant::now();
    let loaded = finished.results().load()?.len();
    println!(
        "{loaded} experiments: run in {:.2} s with {:.0} MB of the leader's memory, with the \
         tables in {:.2} s \
         with {peak:.0} MB; the log has {:.0} bytes each, read and folded in {:.2} s",
        (led.at - start).as_secs_f64(),
        led.megabytes,
        whole.as_secs_f64(),
        bytes.len() as f64 / loaded as f64,
        reading.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Reports when all events are in the log, before tables are written.
struct Watch(Sender<Led>);

/// The time and memory of a run until all events were in the log.
struct Led {
    at: Instant,
    megabytes: f64,
}

impl Watch {
    fn new() -> (Self, Receiver<Led>) {
        let (sender, receiver) = channel();
        (Self(sender), receiver)
    }
}

impl Subscriber for Watch {
    fn on_events(&mut self, _: &[Event]) {}

    fn on_end(&mut self) {
        let megabytes = peak_megabytes().unwrap_or(f64::NAN);
        let at = Instant::now();
        // The receiver waits for it.
        let _ = self.0.send(Led { at, megabytes });
    }
}

/// Returns the peak memory of this process.
fn peak_megabytes() -> Result<f64, ResearchError> {
    let status = std::fs::read_to_string("/proc/self/status").map_err(io_error)?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kilobytes.unwrap_or(f64::NAN) / 1024.0)
}

fn reused() -> Result<(), ResearchError> {
    let experiments = 20_000;
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let seconds = research_seconds(2, experiments, Isolation::Worker)?;
        rates.push(experiments as f64 / seconds);
    }
    println!(
        "reused: {:.0} experiments/s in reused workers, stored (aim: at least 40000)",
        median(rates)
    );
    Ok(())
}

fn values() -> Result<(), ResearchError> {
    let (mut logged, mut whole) = (Vec::new(), Vec::new());
    let mut bytes = 0;
    for _ in 0..ROUNDS {
        let folder = tempfile::tempdir().map_err(io_error)?;
        let (watch, led) = Watch::new();
        let start = Instant::now();
        Research::new("bench")
            .folder(folder.path())
            .domain(option("x", 0..2))
            .subscriber(watch)
            .experiment(saving_values())
            .source("values".into())
            .n_iters(VALUES)
            .workers(2)
            .run()?
            .require_success()?;
        whole.push(start.elapsed().as_secs_f64());
        let led = led.recv().expect("the run has ended");
        logged.push((led.at - start).as_secs_f64());
        bytes = std::fs::metadata(folder.path().join("bench/events.log"))
            .map_err(io_error)?
            .len();
    }
    println!(
        "values: {:.2} M saved values/s from two experiments to the log, {:.1} bytes each; {:.2} M \
         with the tables",
        2.0 * VALUES as f64 / median(logged) / 1e6,
        bytes as f64 / (2.0 * VALUES as f64),
        2.0 * VALUES as f64 / median(whole) / 1e6
    );
    Ok(())
}

/// Measures `run` from its call to its end, for one trivial experiment.
fn start() -> Result<(), ResearchError> {
    let mut seconds = Vec::new();
    for _ in 0..4 * ROUNDS {
        seconds.push(research_seconds(1, 1, Isolation::Experiment)?);
    }
    println!(
        "start: {:.1} ms for a run of one experiment",
        1e3 * median(seconds)
    );
    Ok(())
}

/// Experiments whose unit is the program `true`, compared with `xargs`, which stores nothing.
fn programs() -> Result<(), ResearchError> {
    let mut floor = Vec::new();
    let mut ours = Vec::new();
    for _ in 0..ROUNDS {
        floor.push(xargs_seconds()?);
        let folder = tempfile::tempdir().map_err(io_error)?;
        let start = Instant::now();
        let finished = Research::new("bench")
            .folder(folder.path())
            .domain(option("x", 0..PROGRAMS))
            .experiment(program())
            .source("program".into())
            .workers(2)
            .run()?;
        ours.push(start.elapsed().as_secs_f64());
        let done = finished
            .report()
            .map_or(0, |report| report.counts.of(Status::Finished));
        assert_eq!(i64::try_from(done), Ok(PROGRAMS));
    }
    let (floor, ours) = (median(floor), median(ours));
    println!(
        "programs: {PROGRAMS} programs in {ours:.2} s, their output stored; xargs -P2 {floor:.2} \
         s; \
         ratio {:.2} (aim: at most 1.20)",
        ours / floor
    );
    Ok(())
}

/// An experiment that runs a program and saves its output.
fn program() -> ExperimentBuilder {
    let spec = ProgramSpec {
        output: OutputSpec::Text,
        ..ProgramSpec::new(Run::List(vec!["/bin/true".into(), "{x}".into()]))
    };
    // The command above is valid.
    let command = ProgramCommand::new(&spec).expect("a program without mistakes");
    let body = UnitBody::Callable(Arc::new(ProgramCallable::new(command)));
    Experiment::builder()
        .body("true", body, true, &[])
        .save_to("output")
}

fn xargs_seconds() -> Result<f64, ResearchError> {
    let start = Instant::now();
    let line = format!("seq {PROGRAMS} | xargs -P2 -n1 /bin/true");
    let status = Command::new("sh")
        .args(["-c", &line])
        .status()
        .map_err(io_error)?;
    assert!(status.success(), "{status}");
    Ok(start.elapsed().as_secs_f64())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
