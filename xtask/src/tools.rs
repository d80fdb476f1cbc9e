//! Checks by programs that are not part of the toolchain: each is left out, with the line that
//! installs it, where it is not there.

use std::process::{Command, Stdio};

use crate::shell::{Failure, cargo, root, run};

/// A program that checks something.
struct Tool {
    /// What it looks for.
    checks: &'static str,
    /// Whether it is there is known by running this.
    probe: &'static [&'static str],
    run: &'static [&'static str],
    /// How to get it.
    install: &'static str,
}

const TOOLS: [Tool; 3] = [
    Tool {
        checks: "spelling",
        probe: &["typos", "--version"],
        run: &["typos"],
        install: "pip install typos",
    },
    Tool {
        checks: "dependencies that nothing uses",
        probe: &["cargo", "machete", "--version"],
        run: &["cargo", "machete", "--with-metadata"],
        install: "cargo install --locked cargo-machete",
    },
    // Advisories are in a database on the network: `cargo deny check advisories` asks it.
    Tool {
        checks: "licenses, sources and duplicates of dependencies",
        probe: &["cargo", "deny", "--version"],
        run: &[
            "cargo",
            "deny",
            "--offline",
            "check",
            "bans",
            "licenses",
            "sources",
        ],
        install: "cargo install --locked cargo-deny",
    },
];

/// Runs those that are there; where `all` are asked for, one that is not there is a failure.
pub(crate) fn check(all: bool) -> Result<(), Failure> {
    let mut missing = Vec::new();
    for tool in &TOOLS {
        if is_there(tool) {
            run(&mut command(tool.run))?;
        } else {
            eprintln!("not checked: {} ({})", tool.checks, tool.install);
            missing.push(tool.install);
        }
    }
    if all && !missing.is_empty() {
        return Err(Failure(format!(
            "to check everything: {}",
            missing.join("; ")
        )));
    }
    Ok(())
}

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).current_dir(root());
    command
}

fn is_there(tool: &Tool) -> bool {
    command(tool.probe)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Builds with the oldest Rust that is promised to work.
pub(crate) fn oldest_rust() -> Result<(), Failure> {
    let version = env!("CARGO_PKG_RUST_VERSION");
    let current = crate::shell::output(Command::new("rustc").arg("--version"))?;
    if current
        .split(' ')
        .nth(1)
        .is_some_and(|found| found.starts_with(version))
    {
        // This toolchain is that one.
        return run(&mut cargo([
            "check",
            "--workspace",
            "--all-targets",
            "--locked",
        ]));
    }
    run(Command::new("rustup")
        .args(["run", version, "cargo"])
        .args(["check", "--workspace", "--all-targets", "--locked"]))
}

/// Fuzzes each target, or one, for so many seconds.
pub(crate) fn fuzz(target: Option<&str>, seconds: u64) -> Result<(), Failure> {
    let targets = match target {
        Some(target) => vec![target.to_owned()],
        None => fuzz_targets()?,
    };
    let time = format!("-max_total_time={seconds}");
    for target in targets {
        // cargo-fuzz passes flags that stable Rust takes only like this.
        run(cargo(["fuzz", "run", &target, "--", &time])
            .env("RUSTC_BOOTSTRAP", "1")
            .current_dir(root().join("fuzz")))?;
    }
    Ok(())
}

fn fuzz_targets() -> Result<Vec<String>, Failure> {
    let mut targets = Vec::new();
    for entry in std::fs::read_dir(root().join("fuzz/fuzz_targets"))? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        targets.extend(name.strip_suffix(".rs").map(str::to_owned));
    }
    targets.sort();
    Ok(targets)
}

/// Measures which lines the tests come through.
pub(crate) fn coverage() -> Result<(), Failure> {
    run(&mut cargo([
        "tarpaulin",
        "--engine=llvm",
        "--follow-exec",
        "--workspace",
        "--exclude=xtask",
        "--locked",
        "--skip-clean",
        "--out=Html",
        "--out=Lcov",
        "--output-dir=target/coverage",
    ]))
}

/// The documentation of the interfaces, with warnings as errors.
pub(crate) fn docs(open: bool) -> Result<(), Failure> {
    let mut command = cargo(["doc", "--workspace", "--no-deps", "--locked"]);
    if open {
        command.arg("--open");
    }
    run(command.env("RUSTDOCFLAGS", "-D warnings"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fuzz_target_has_a_corpus() {
        for target in fuzz_targets().unwrap() {
            let corpus = root().join("fuzz/corpus").join(&target);
            assert!(corpus.is_dir(), "{} is missing", corpus.display());
        }
    }
}
