//! Calls of the program's code, whose panics are caught.

use std::panic::{AssertUnwindSafe, catch_unwind};

use research_core::Subscriber;

/// Calls a function and converts a panic into an error with its message.
pub(super) fn caught<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call))
        .map_err(|panic| format!("it panicked: {}", panic_message(&*panic)))
}

/// Returns the message of a panic.
fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// Calls a subscriber.
///
/// # Errors
/// The subscriber panicked; it must not be called again.
pub fn call_subscriber(
    subscriber: &mut dyn Subscriber,
    call: impl FnOnce(&mut dyn Subscriber),
) -> Result<(), String> {
    let called = catch_unwind(AssertUnwindSafe(|| call(&mut *subscriber)));
    called.map_err(|panic| {
        format!(
            "the subscriber `{}` panicked and receives no more events: {}",
            subscriber.name(),
            panic_message(&*panic)
        )
    })
}
