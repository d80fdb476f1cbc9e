//! Runs checks by programs that are not part of the toolchain. A missing program is skipped, with a
//! note that shows how to install it.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use crate::shell::{Failure, cargo, output, root, run};

/// A program that checks something.
struct Tool {
    /// The subject of the check.
    checks: &'static str,
    /// A command that succeeds if the program is installed.
    probe: &'static [&'static str],
    run: &'static [&'static str],
    /// The command that installs it.
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
    // Advisories are left out, because `cargo deny check advisories` needs the network.
    Tool {
        checks: "licenses, sources and duplicates of dependencies",
        probe: &["cargo", "deny", "--version"],
        run: &[
            "cargo",
            "deny",
            "--offline",
            "check",
            "--hide-inclusion-graph",
            "bans",
            "licenses",
            "sources",
        ],
        install: "cargo install --locked cargo-deny",
    },
];

/// Runs all checks, also with the oldest Rust; a missing program is a failure.
pub(crate) fn all() -> Result<(), Failure> {
    let mut missing = installed()?;
    missing.extend(oldest_rust()?);
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure(format!("not installed: {}", missing.join("; "))))
}

/// Runs the installed programs, and returns the commands that install the others.
pub(crate) fn installed() -> Result<Vec<String>, Failure> {
    let mut missing = Vec::new();
    for tool in &TOOLS {
        if is_there(&mut command(tool.probe)) {
            run(&mut command(tool.run))?;
        } else {
            eprintln!("not checked: {} ({})", tool.checks, tool.install);
            missing.push(tool.install.to_owned());
        }
    }
    Ok(missing)
}

/// Returns a command that also finds the programs which `cargo xtask test` has installed. It unsets
/// `CARGO_PKG_NAME`, which `cargo run` sets: with it, cargo-machete mistakes its own name for a
/// folder.
fn command(words: &[&str]) -> Command {
    let own = root().join("target/python/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = [own.into_os_string(), path].join(&OsString::from(":"));
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .current_dir(root())
        .env("PATH", path)
        .env_remove("CARGO_PKG_NAME");
    command
}

/// Whether a command succeeds, without output.
pub(crate) fn is_there(probe: &mut Command) -> bool {
    probe
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Builds with the oldest supported Rust, or returns the command that installs it.
fn oldest_rust() -> Result<Option<String>, Failure> {
    const CHECK: [&str; 4] = ["check", "--workspace", "--all-targets", "--locked"];
    let version = env!("CARGO_PKG_RUST_VERSION");
    let current = output(Command::new("rustc").arg("--version"))?;
    if current
        .split(' ')
        .nth(1)
        .is_some_and(|found| is_of(found, version))
    {
        run(&mut cargo(CHECK))?;
        return Ok(None);
    }
    // Without rustup there is only the current toolchain.
    let toolchains = output(Command::new("rustup").args(["toolchain", "list"])).unwrap_or_default();
    match toolchains
        .split_whitespace()
        .find(|name| is_of(name, version))
    {
        Some(toolchain) => {
            run(Command::new("rustup")
                .args(["run", toolchain, "cargo"])
                .args(CHECK)
                .current_dir(root()))?;
            Ok(None)
        }
        None => {
            let install = format!("rustup toolchain install --profile minimal {version}");
            eprintln!("not checked: a build with Rust {version} ({install})");
            Ok(Some(install))
        }
    }
}

/// Whether a toolchain or compiler (`1.95.0`, `1.95-x86_64-unknown-linux-gnu`) has a version.
fn is_of(toolchain: &str, version: &str) -> bool {
    toolchain
        .strip_prefix(version)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
}

/// Fuzzes each target, or one, for `seconds`.
pub(crate) fn fuzz(target: Option<&str>, seconds: u64) -> Result<(), Failure> {
    if !is_there(&mut cargo(["fuzz", "--version"])) {
        return Err(Failure("to fuzz: cargo install --locked cargo-fuzz".into()));
    }
    let all = fuzz_targets()?;
    let targets = match target {
        Some(target) if all.iter().any(|name| name == target) => vec![target.to_owned()],
        Some(target) => {
            let all = all.join(", ");
            return Err(Failure(format!(
                "no fuzz target `{target}` (available: {all})"
            )));
        }
        None => all,
    };
    let time = format!("-max_total_time={seconds}");
    for target in targets {
        // cargo-fuzz passes flags that stable Rust accepts only with this variable.
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

/// Builds the API documentation, with warnings as errors.
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

    #[test]
    fn versions_are_compared_by_their_parts() {
        for toolchain in [
            "1.95",
            "1.95.0",
            "1.95.1-x86_64-unknown-linux-gnu",
            "1.95-aarch64",
        ] {
            assert!(is_of(toolchain, "1.95"), "{toolchain}");
        }
        for toolchain in ["1.9", "1.950.0", "stable-1.95", ""] {
            assert!(!is_of(toolchain, "1.95"), "{toolchain}");
        }
    }
}
