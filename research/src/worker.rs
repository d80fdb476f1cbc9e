//! Runs this process as a worker.

use std::fmt::Display;
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use research_core::Experiment;
use research_exec::{Begun, Launcher, WorkerBootstrap, end_if_lost, relaunched_test, serve};
use tempfile::TempDir;

use crate::builder::Research;
use crate::error::ResearchError;
use crate::fingerprint::fingerprint_of_units;
use crate::prepared::Settings;
use crate::run_history;
use crate::view;

/// Set once this program called [`worker_entry_with`]: whether a run had ended before. Workers
/// serve at the first call, so they reach no later run.
static BUILDS_FROM_RECORD: OnceLock<bool> = OnceLock::new();

/// The exit code of a worker that cannot serve its leader.
const WORKER_FAILED: i32 = 3;

/// The run that a thread of this process serves.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Served {
    /// The fingerprint of the run, if closures of its experiment captured values.
    fingerprint: Option<u64>,
}

/// The served run, and the signal that it was set.
static SERVED: (Mutex<Option<Served>>, Condvar) = (Mutex::new(None), Condvar::new());

/// The time that a thread that reached another run waits for a thread that reaches the requested
/// one.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves the leader if this process was started as a worker of this research; otherwise does
/// nothing.
///
/// Workers of a program with one thread are forked when its `run` is called. A program with several
/// threads, such as a thread pool, is executed again for each worker. In such a program, call this
/// first in `main` with the research of the program, so that only the leader executes the code
/// between this call and `run`. A program that runs several researches calls it for each.
///
/// Researches are identified by their names, units and functions; if they differ only in captured
/// values, give them different names. The entry serves the first run of a research, and those that
/// resume it; workers of a later run with the same name continue to that run.
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
///     study().run()?.require_success()?;
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
    // `run` reports an invalid experiment; another research is reached later.
    if let Ok(experiment) = experiment.build()
        && fingerprint_of_units(&name, &experiment) == bootstrap.target.units
    {
        serve_and_exit(bootstrap, None, |_| Ok(experiment));
    }
}

/// Like [`worker_entry`], for programs that build the experiment from the source that the leader
/// recorded (see [`Research::source`]), as JSON.
pub fn worker_entry_with(build: impl FnOnce(Option<&str>) -> Result<Experiment, String>) {
    end_if_lost();
    if let Some(bootstrap) = WorkerBootstrap::received() {
        serve_and_exit(bootstrap, None, build);
    }
    BUILDS_FROM_RECORD.get_or_init(run_history::has_ended);
}

/// Returns the launcher of the workers of a run, before the run does anything else. Returns in the
/// leader; forked workers serve it and end.
pub(crate) fn launcher(
    settings: &Settings,
    experiment: &Experiment,
) -> Result<Launcher, ResearchError> {
    let isolation = settings.options.isolation;
    let serves_first = settings.source.is_some() && BUILDS_FROM_RECORD.get().is_some();
    let begun = Launcher::begin(isolation, serves_first).map_err(|source| ResearchError::Io {
        action: "prepare to start workers",
        source,
    })?;
    match begun {
        Begun::Leader(launcher) => Ok(launcher),
        Begun::Worker(worker) => worker.serve(view::in_worker(experiment.clone())),
    }
}

/// Records the runs that have ended for the workers of this run, if these can reach one of them:
/// they are executed, and do not serve the leader before it. Forked workers reach no run.
pub(crate) fn notes(
    settings: &Settings,
    launcher: &Launcher,
) -> Result<Option<TempDir>, ResearchError> {
    let serve_before = settings.source.is_some() && BUILDS_FROM_RECORD.get() == Some(&false);
    if serve_before || !launcher.is_executing() {
        return Ok(None);
    }
    run_history::write_down().map_err(|source| ResearchError::Io {
        action: "note earlier runs",
        source,
    })
}

/// Serves the leader and exits. With `fingerprint`, a second thread with a run of the same
/// fingerprint may be the right one.
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
    end(serve(bootstrap, build))
}

/// Ends this process, a worker.
#[allow(
    clippy::exit,
    reason = "the program must not continue behind `run`, which its leader does; \
              standard error is the only way to report to the leader without a connection"
)]
fn end(served: Result<(), impl Display>) -> ! {
    match served {
        Ok(()) => std::process::exit(0),
        Err(error) => {
            eprintln!("research: {error}");
            std::process::exit(WORKER_FAILED)
        }
    }
}

/// Whether this process is a worker that has not reached its run yet: its program repeats what its
/// leader did.
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

/// Whether other threads may reach a run; the thread in which a test harness waits does not count.
fn has_other_threads() -> bool {
    let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    threads > 1 + usize::from(relaunched_test().is_some())
}

/// Whether another thread serves the leader, or starts to within the grace period.
fn another_serves() -> bool {
    let (served, told) = &SERVED;
    let served = served.lock().unwrap_or_else(PoisonError::into_inner);
    if !has_other_threads() {
        return served.is_some();
    }
    let waited = told.wait_timeout_while(served, PATIENCE, |served| served.is_none());
    waited.unwrap_or_else(PoisonError::into_inner).0.is_some()
}

/// Ends a worker that reached another run than the one it was started for. In a program with
/// several runs in threads, another thread reaches the right one.
pub(crate) fn end_astray(meant: &str, found: &str) -> ! {
    if another_serves() {
        wait_for_end();
    }
    end(Err(mismatch(meant, found)))
}

/// Ends a worker that cannot distinguish runs with the same description.
pub(crate) fn end_mixed_up(name: &str) -> ! {
    let name = name.to_owned();
    end(Err(ResearchError::NotToldApart { name }))
}

/// Returns the reason that a worker cannot serve at this run.
fn mismatch(meant: &str, found: &str) -> String {
    if meant == found {
        format!(
            "a worker of `{meant}` came to a run with another domain, other units or options than \
             its leader's: \
             a program must describe the same research each time it is started (draw nothing at \
             random before `run`)"
        )
    } else {
        format!(
            "a worker of `{meant}` came to the run `{found}`, which its leader has not done: \
             a program must do the same each time it is started, or begin with \
             `research::worker_entry`"
        )
    }
}
