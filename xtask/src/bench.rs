//! `cargo xtask bench`.

use crate::shell::{Failure, cargo, run};

/// The packages that have benches.
const PACKAGES: [&str; 4] = [
    "research-domain",
    "research-storage",
    "research-exec",
    "research",
];

/// Runs all benches whose name contains the filter.
pub(crate) fn run_all(filter: Option<&str>) -> Result<(), Failure> {
    for package in PACKAGES {
        let mut command = cargo(["bench", "--locked", "--package", package]);
        if let Some(filter) = filter {
            command.args(["--", filter]);
        }
        run(&mut command)?;
    }
    Ok(())
}
