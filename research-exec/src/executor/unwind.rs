//! Converts a panic of a unit to an error with its message and backtrace.

use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

use research_core::{FailureKind, UnitError};

/// A part of the panic message of an async runtime, if a unit blocks on it in a thread that runs
/// async code.
const NESTED_RUNTIME: &str = "from within a runtime";
/// The hint that is appended to this message.
const IN_ASYNC: &str = "\nThe research was run in async code: call its `run` in \
     `tokio::task::spawn_blocking` \
     (see docs/embedding.md).";

thread_local! {
    static IN_UNIT: Cell<bool> = const { Cell::new(false) };
    static LAST_PANIC: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

/// The panic as the panic hook has seen it.
struct Panic {
    text: String,
    place: String,
    backtrace: String,
}

/// Runs the code of a unit. A panic of this thread is not printed, but returned as an error, which
/// becomes the exception of the experiment.
#[inline]
pub(super) fn catch<T>(call: impl FnOnce() -> Result<T, UnitError>) -> Result<T, UnitError> {
    install_hook();
    // A unit may itself use an executor that runs units.
    let was_in_unit = IN_UNIT.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    IN_UNIT.set(was_in_unit);
    match result {
        Ok(result) => result,
        Err(payload) => Err(panic_error(payload.as_ref())),
    }
}

/// Calls code that may panic, without printing the panic.
///
/// # Errors
/// The message of the panic.
pub(crate) fn catch_quietly<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    install_hook();
    let was_in_unit = IN_UNIT.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    IN_UNIT.set(was_in_unit);
    result.map_err(|payload| {
        LAST_PANIC.take();
        payload_text(payload.as_ref())
    })
}

fn panic_error(payload: &(dyn std::any::Any + Send)) -> UnitError {
    let text = payload_text(payload);
    // The last panic of this thread may be another one, which the unit has caught itself; the
    // payload then comes from another thread.
    let last = LAST_PANIC.take().filter(|last| last.text == text);
    let (message, backtrace) = match last {
        Some(Panic {
            place, backtrace, ..
        }) => (text + &place, backtrace),
        None => (text, String::new()),
    };
    let message = match message.contains(NESTED_RUNTIME) {
        true => message + IN_ASYNC,
        false => message,
    };
    UnitError::of_kind(FailureKind::Panic, message).with_backtrace(backtrace)
}

fn install_hook() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if IN_UNIT.get() {
                LAST_PANIC.set(Some(Panic {
                    text: payload_text(info.payload()),
                    place: place(info),
                    backtrace: Backtrace::force_capture().to_string(),
                }));
            } else {
                previous(info);
            }
        }));
    });
}

fn place(info: &PanicHookInfo<'_>) -> String {
    let location = info.location();
    location.map_or_else(String::new, |location| format!(" (at {location})"))
}

fn payload_text(payload: &(dyn std::any::Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(test)]
#[path = "../../tests/unit/unwind.rs"]
mod tests;
