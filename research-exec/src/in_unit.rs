//! Whether code runs in a unit, where a run of another research cannot have workers.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether nothing but units runs in this process: it was forked as a worker or an executor.
static ONLY_UNITS: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Whether this thread runs units. Other threads of a program that was executed may still come
    /// to their own runs.
    static RUNS_UNITS: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread runs a unit of a research: in a worker, in an executor, or in a
/// leader whose experiments have isolation `none`.
#[must_use]
pub fn is_in_unit() -> bool {
    ONLY_UNITS.load(Ordering::Relaxed) || RUNS_UNITS.get()
}

/// Says of the calling thread whether it runs units; returns what was said before.
pub(crate) fn set_thread(runs_units: bool) -> bool {
    RUNS_UNITS.replace(runs_units)
}

/// Says of this process that nothing but units runs in it from now on.
pub(crate) fn set_process() {
    ONLY_UNITS.store(true, Ordering::Relaxed);
}
