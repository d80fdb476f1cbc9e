//! Messages of panics.

use super::*;

#[test]
fn a_runtime_in_a_runtime_comes_with_a_hint() {
    let fails = |text: &'static str| catch::<()>(|| panic!("{text}"));
    let error = fails("Cannot start a runtime from within a runtime.").err();
    let message = error.map(|error| error.message().to_owned());
    assert!(message.is_some_and(|message| message.contains("spawn_blocking")));
    let other = fails("something else").err();
    let message = other.map(|error| error.message().to_owned());
    assert!(message.is_some_and(|message| !message.contains("spawn_blocking")));
}
