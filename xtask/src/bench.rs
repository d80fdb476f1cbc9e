//! `cargo xtask bench`: runs the benches of the workspace.

use crate::shell::{Failure, cargo, run};

/// The packages with benches, and the features that the benches need.
const PACKAGES: [(&str, &str); 4] = [
    ("research-domain", ""),
    ("research-storage", ""),
    ("research-exec", ""),
    ("research", "plot,query"),
];

/// Runs all benches whose name contains the filter.
pub(crate) fn run_all(filter: Option<&str>) -> Result<(), Failure> {
    for (package, features) in PACKAGES {
        let mut command = cargo(["bench", "--locked", "--package", package]);
        command.args(["--features", features]);
        if let Some(filter) = filter {
            command.args(["--", filter]);
        }
        run(&mut command)?;
    }
    Ok(())
}
