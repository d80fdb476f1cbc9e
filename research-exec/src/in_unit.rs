//! Records whether code runs in a unit, where a run of another research cannot have workers.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether this process was forked as a worker or an executor, and so runs only units.
static ONLY_UNITS: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Whether this thread runs units. Other threads of an executed program may still begin their
    /// own runs.
    static RUNS_UNITS: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread runs a unit of a research: in a worker, in an executor, or in a
/// leader whose experiments have isolation `none`.
#[must_use]
pub fn is_in_unit() -> bool {
    ONLY_UNITS.load(Ordering::Relaxed) || RUNS_UNITS.get()
}

/// Sets whether the calling thread runs units, and returns the previous value.
pub(crate) fn set_thread(runs_units: bool) -> bool {
    RUNS_UNITS.replace(runs_units)
}

/// Records that this process runs only units.
pub(crate) fn set_process() {
    ONLY_UNITS.store(true, Ordering::Relaxed);
}
