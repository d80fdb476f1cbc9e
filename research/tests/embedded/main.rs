//! Programs that embed a research, each as a separate process whose `main` is known: with one
//! thread, so that workers are forked, or with several, so that they are executed.
//!
//! There is no test harness, because its threads would be threads of the program. Started with
//! `program NAME FOLDER`, this executable is one of the programs; otherwise it runs the tests, with
//! the arguments that cargo and nextest use.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod forked;
mod garbage;
mod killed;
mod lost;
mod nested;
mod programs;
mod stopped;
mod usage;

use std::env::args;

/// Flags of a test harness that are followed by a value.
const HAS_VALUE: [&str; 5] = ["--format", "--test-threads", "--color", "--logfile", "-Z"];

/// A test, by its name.
type Test = (&'static str, fn());

fn main() {
    let arguments: Vec<String> = args().skip(1).collect();
    if let [program, name, folder, rest @ ..] = arguments.as_slice()
        && program == "program"
    {
        return programs::run(name, folder.as_ref(), rest);
    }
    let tests = [
        forked::TESTS,
        garbage::TESTS,
        killed::TESTS,
        lost::TESTS,
        nested::TESTS,
        stopped::TESTS,
        usage::TESTS,
    ]
    .concat();
    let has = |flag: &str| arguments.iter().any(|one| one == flag);
    let filters: Vec<_> = arguments
        .iter()
        .zip([""].into_iter().chain(arguments.iter().map(String::as_str)))
        .filter(|(one, before)| !one.starts_with('-') && !HAS_VALUE.contains(before))
        .map(|(one, _)| one)
        .collect();
    let is_meant = |name: &str| match has("--exact") {
        true => filters.iter().any(|filter| *filter == name),
        false => filters.is_empty() || filters.iter().any(|filter| name.contains(*filter)),
    };
    // No test is ignored.
    let tests = tests.into_iter().filter(|_| !has("--ignored"));
    for (name, test) in tests.filter(|(name, _)| is_meant(name)) {
        if has("--list") {
            println!("{name}: test");
            continue;
        }
        test();
        eprintln!("test {name} ... ok");
    }
}
