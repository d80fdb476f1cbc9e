//! A panic of a unit becomes an error with its message and backtrace.

use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

use research_core::{FailureKind, UnitError};

thread_local! {
    static IN_UNIT: Cell<bool> = const { Cell::new(false) };
    static LAST_PANIC: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// Runs a unit's code. While it runs, a panic of this thread is kept instead of printed: it
/// reaches people as the experiment's exception.
#[inline]
pub(super) fn catch<T>(call: impl FnOnce() -> Result<T, UnitError>) -> Result<T, UnitError> {
    install_hook();
    IN_UNIT.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    IN_UNIT.set(false);
    match result {
        Ok(result) => result,
        Err(payload) => Err(panic_error(payload.as_ref())),
    }
}

fn panic_error(payload: &(dyn std::any::Any + Send)) -> UnitError {
    let (message, backtrace) = LAST_PANIC
        .take()
        .unwrap_or_else(|| (payload_text(payload), String::new()));
    UnitError::of_kind(FailureKind::Panic, message).with_backtrace(backtrace)
}

fn install_hook() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if IN_UNIT.get() {
                LAST_PANIC.set(Some((
                    message(info),
                    Backtrace::force_capture().to_string(),
                )));
            } else {
                previous(info);
            }
        }));
    });
}

fn message(info: &PanicHookInfo<'_>) -> String {
    let text = payload_text(info.payload());
    match info.location() {
        Some(location) => format!("{text} (at {location})"),
        None => text,
    }
}

fn payload_text(payload: &(dyn std::any::Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}
