//! Creates virtual environments of Python in `target`, with packages from the package index.

use std::path::PathBuf;
use std::process::Command;

use crate::shell::{Failure, root, run};
use crate::tools;

/// Checks that Python is installed: without it, tests of documents and examples would pass without
/// checking anything.
pub(crate) fn is_there() -> Result<(), Failure> {
    match tools::is_there(Command::new("python3").arg("--version")) {
        true => Ok(()),
        false => Err(Failure(
            "python3 not found: the tests of documents and examples need it".into(),
        )),
    }
}

/// Creates the environment `target/NAME`, installs packages, and returns its interpreter.
pub(crate) fn environment(name: &str, packages: &[&str]) -> Result<PathBuf, Failure> {
    let folder = root().join("target").join(name);
    let python = folder.join("bin/python");
    if !python.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    }
    run(Command::new(&python)
        .args(["-m", "pip", "--quiet", "--disable-pip-version-check"])
        .args(["--retries=1", "--timeout=15", "install"])
        .args(packages)
        .current_dir(root()))?;
    Ok(python)
}
