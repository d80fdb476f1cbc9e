//! Descriptions of failed programs.

use super::*;

#[test]
fn a_program_that_was_killed_for_want_of_memory_is_told_apart() {
    let reason = |wants_memory| {
        let failure = Failure::Signal {
            program: "train".to_owned(),
            signal: 9,
            wants_memory,
        };
        failure.into_unit_error(None).message().to_owned()
    };
    let killed = "killed by signal 9 (SIGKILL)";
    assert_eq!(reason(false), format!("{killed}: `train`"));
    let why = "the system was out of memory (its control group has counted a kill)";
    assert_eq!(reason(true), format!("{killed}: {why}: `train`"));
}
