//! Python packages from the package index, in environments of their own below `target`.

use std::path::PathBuf;
use std::process::Command;

use crate::shell::{Failure, root, run};
use crate::tools;

/// That there is Python at all: without it, tests of the documents and of the example study pass
/// without having looked.
pub(crate) fn is_there() -> Result<(), Failure> {
    match tools::is_there(Command::new("python3").arg("--version")) {
        true => Ok(()),
        false => Err(Failure(
            "the documents are tested with python3, which is not there".into(),
        )),
    }
}

/// Makes the environment `target/NAME` with what the arguments of pip name, where it is not there;
/// its interpreter.
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
