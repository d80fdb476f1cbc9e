//! Being one of a run's workers.

use std::process::exit;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use research_core::Experiment;
use research_exec::{Begun, Launcher, WorkerBootstrap, end_if_lost, relaunched_test, serve};

use crate::builder::Research;
use crate::error::ResearchError;
use crate::identity::fingerprint_of_units;
use crate::run::Settings;
use crate::view;

/// Whether this program has called [`worker_entry_with`].
static BUILDS_FROM_RECORD: AtomicBool = AtomicBool::new(false);

/// The exit code of a worker that could not serve its leader.
const WORKER_FAILED: i32 = 3;

/// The run of which a thread of this process serves the leader.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Served {
    /// Its fingerprint, if closures of its experiment have captured something.
    fingerprint: Option<u64>,
}

/// The served run, and what tells that there is one.
static SERVED: (Mutex<Option<Served>>, Condvar) = (Mutex::new(None), Condvar::new());

/// So long a thread that came to another run waits for one that comes to the right one.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves the leader if this process was started as a worker of this research; else it does nothing.
///
/// Workers of a program with one thread are forked when its `run` is called, and do not begin with
/// `main`. A program that starts threads before that, a pool say, is executed once more for each worker.
/// In such a program, put this first in `main`, with the research that the program runs: what stands
/// between it and `run` is then done by the leader alone. A program that runs several calls it for each
/// of them.
/// They are told apart by their names, units and functions: where only what closures have captured
/// differs, give them names of their own. The entry serves the first run of a research, and those
/// that resume it; workers of a later run with the same name go on to that run.
///
/// ```no_run
/// use research::{Research, ResearchError, ec, option};
///
/// fn study() -> Research {
///     Research::new("study").domain(option("x", 0..10)).callable("x", |x: i64| x, (ec("x"),))
/// }
///
/// fn main() -> Result<(), ResearchError> {
///     research::worker_entry(study);
///     println!("printed once, whatever the number of workers");
///     study().run()?;
///     Ok(())
/// }
/// ```
pub fn worker_entry(study: impl FnOnce() -> Research) {
    end_if_lost();
    let Some(bootstrap) = WorkerBootstrap::received() else {
        return;
    };
    let Research {
        name, experiment, ..
    } = study();
    // What cannot be built, `run` says; another research is come to later.
    if let Ok(experiment) = experiment.build()
        && fingerprint_of_units(&name, &experiment) == bootstrap.target.units
    {
        serve_and_exit(bootstrap, None, |_| Ok(experiment));
    }
}

/// As [`worker_entry`], for programs that make the experiment from what the leader has recorded
/// (see [`Research::source`]), as JSON.
pub fn worker_entry_with(build: impl FnOnce(Option<&str>) -> Result<Experiment, String>) {
    end_if_lost();
    if let Some(bootstrap) = WorkerBootstrap::received() {
        serve_and_exit(bootstrap, None, build);
    }
    BUILDS_FROM_RECORD.store(true, Ordering::Relaxed);
}

/// Returns what starts the workers of a run, before anything else of the run is done. It returns in
/// the leader; workers that are forked serve it, and end. Workers that build the experiment from the
/// record are executed: a small process forks its executors about 1.7 times as fast.
pub(crate) fn launcher(
    settings: &Settings,
    experiment: &Experiment,
) -> Result<Launcher, ResearchError> {
    let isolation = settings.options.isolation;
    if settings.source.is_some() && BUILDS_FROM_RECORD.load(Ordering::Relaxed) {
        return Ok(Launcher::executing(isolation));
    }
    let begun = Launcher::begin(isolation).map_err(|source| ResearchError::Io {
        action: "prepare to start workers",
        source,
    })?;
    match begun {
        Begun::Leader(launcher) => Ok(launcher),
        Begun::Worker(worker) => worker.serve(view::in_worker(experiment.clone())),
    }
}

/// Serves the leader, and ends the process with it. With `fingerprint`, a second thread that comes
/// to a run of the same one may be the one that is meant.
pub(crate) fn serve_and_exit(
    bootstrap: &WorkerBootstrap,
    fingerprint: Option<u64>,
    build: impl FnOnce(Option<&str>) -> Result<Experiment, String>,
) -> ! {
    let mut served = SERVED.0.lock().unwrap_or_else(PoisonError::into_inner);
    let run = Served { fingerprint };
    match served.replace(run) {
        Some(other) if other == run && fingerprint.is_some() => {
            end_mixed_up(&bootstrap.target.name)
        }
        Some(other) => {
            *served = Some(other);
            drop(served);
            wait_for_end();
        }
        None => {}
    }
    drop(served);
    SERVED.1.notify_all();
    let build = |source: Option<&str>| build(source).map(view::in_worker);
    match serve(bootstrap, build) {
        Ok(()) => exit(0),
        Err(error) => {
            eprintln!("research: {error}");
            exit(WORKER_FAILED)
        }
    }
}

/// Whether this process is a worker that has not come to its run yet: what its program does is
/// what its leader has done before.
pub(crate) fn is_on_its_way() -> bool {
    let served = SERVED.0.lock().unwrap_or_else(PoisonError::into_inner);
    served.is_none() && WorkerBootstrap::received().is_some()
}

/// Waits until another thread ends this process.
fn wait_for_end() -> ! {
    loop {
        std::thread::park();
    }
}

/// Whether there are threads that may come to a run: not the one in which a program of tests waits for
/// its test.
fn has_other_threads() -> bool {
    let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    threads > 1 + usize::from(relaunched_test().is_some())
}

/// Whether another thread serves the leader, or begins to before long.
fn another_serves() -> bool {
    let (served, told) = &SERVED;
    let served = served.lock().unwrap_or_else(PoisonError::into_inner);
    if !has_other_threads() {
        return served.is_some();
    }
    let waited = told.wait_timeout_while(served, PATIENCE, |served| served.is_none());
    waited.unwrap_or_else(PoisonError::into_inner).0.is_some()
}

/// Ends a worker that came to another run than the one that it was started for. A program that runs
/// several at once in its threads comes to the right one in another thread.
pub(crate) fn end_astray(meant: &str, found: &str) -> ! {
    if another_serves() {
        wait_for_end();
    }
    eprintln!("research: {}", mismatch(meant, found));
    exit(WORKER_FAILED)
}

/// Ends a worker that cannot tell which of several runs of one description is meant.
pub(crate) fn end_mixed_up(name: &str) -> ! {
    let name = name.to_owned();
    eprintln!("research: {}", ResearchError::NotToldApart { name });
    exit(WORKER_FAILED)
}

/// Why a worker cannot serve at the run that it came to.
fn mismatch(meant: &str, found: &str) -> String {
    if meant == found {
        format!(
            "a worker of `{meant}` came to a run with another domain, other units or options than its leader's: \
             a program must describe the same research each time it is started (draw nothing at random before `run`)"
        )
    } else {
        format!(
            "a worker of `{meant}` came to the run `{found}`, which its leader has not done: \
             a program must do the same each time it is started, or begin with `research::worker_entry`"
        )
    }
}
