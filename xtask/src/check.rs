//! `cargo xtask test`.

use crate::shell::{Failure, cargo, run};
use crate::tidy;
use crate::tools;

/// Everything.
pub(crate) fn all() -> Result<(), Failure> {
    run(&mut cargo(["fmt", "--all", "--check"]))?;
    run(&mut cargo([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))?;
    tools::docs(false)?;
    tools::check(false)?;
    fast()
}

/// House rules and tests.
pub(crate) fn fast() -> Result<(), Failure> {
    tidy::check()?;
    // The program first: the tests of the command line start it.
    run(&mut cargo(["build", "--workspace", "--locked"]))?;
    run(&mut cargo(["test", "--workspace", "--locked"]))
}

/// Runs that are disturbed at random, each from a seed of its own.
pub(crate) fn chaos(runs: u64, seed: u64) -> Result<(), Failure> {
    let (runs, seed) = (runs.to_string(), seed.to_string());
    run(&mut cargo([
        "test",
        "--locked",
        "--package=research-cli",
        "--test=chaos",
        "--",
        "--runs",
        &runs,
        "--seed",
        &seed,
    ]))
}
