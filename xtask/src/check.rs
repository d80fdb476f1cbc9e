//! `cargo xtask test`.

use crate::shell::{Failure, cargo, run};
use crate::tidy;

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
    run(cargo(["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-D warnings"))?;
    fast()
}

/// House rules and tests.
pub(crate) fn fast() -> Result<(), Failure> {
    tidy::check()?;
    // The program first: the tests of the command line start it.
    run(&mut cargo(["build", "--workspace", "--locked"]))?;
    run(&mut cargo(["test", "--workspace", "--locked"]))
}
