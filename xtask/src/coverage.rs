//! `cargo xtask coverage`: measures the lines that the tests cover.
//!
//! Executors are forked and end without running exit handlers, and tests kill processes. So lines
//! are counted in files mapped into memory, which forked children share and which survive a kill.
//! The usual coverage programs for cargo write the counts in an exit handler, which would lose
//! them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::shell::{Failure, cargo, output, root, run, target};

/// A wrapper of rustc that instruments the crates of the workspace, but not their dependencies.
const WRAPPER: &str = "#!/bin/sh
exec \"$@\" -C instrument-coverage -C llvm-args=-runtime-counter-relocation
";

/// Files that are not measured.
const LEFT_OUT: &str = "/(registry|rustc|tests|benches|examples|xtask)/";

/// Runs all tests, writes `target/coverage/html`, and prints the coverage of each crate.
pub(crate) fn coverage() -> Result<(), Failure> {
    let llvm = llvm_tools()?;
    let folder = target()?.join("coverage");
    let counts = folder.join("counts");
    // Removes the counts of an earlier run, if there was one.
    let _ = fs::remove_dir_all(&counts);
    fs::create_dir_all(&counts)?;
    let wrapper = folder.join("rustc");
    fs::write(&wrapper, WRAPPER)?;
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755))?;
    let test = |more: &[&str]| {
        let mut command = cargo(["test", "--workspace", "--exclude=xtask", "--locked"]);
        command
            .args(more)
            .env("RUSTC_WORKSPACE_WRAPPER", &wrapper)
            .env("LLVM_PROFILE_FILE", counts.join("%m%c.profraw"));
        command
    };
    let programs = programs(&output(&mut test(&["--no-run", "--message-format=json"]))?);
    // The counts are shown also if a test fails.
    let tested = run(&mut test(&["--no-fail-fast"]));
    let merged = folder.join("merged.profdata");
    run(Command::new(llvm.join("llvm-profdata"))
        .args(["merge", "--sparse", "-o"])
        .args([&merged, &counts]))?;
    let report = |arguments: &[&str]| {
        let mut command = Command::new(llvm.join("llvm-cov"));
        command
            .args(arguments)
            .arg(format!("--ignore-filename-regex={LEFT_OUT}"))
            .arg("--instr-profile")
            .arg(&merged)
            .args(
                programs
                    .iter()
                    .flat_map(|program| [Path::new("--object"), program]),
            );
        command
    };
    let html = folder.join("html");
    run(report(&["show", "--format=html"])
        .arg("--output-dir")
        .arg(&html))?;
    let summary = output(&mut report(&["export", "--summary-only"]))?;
    let summary = serde_json::from_str(&summary).map_err(|error| Failure(error.to_string()))?;
    print!("{}", table(&summary, &root()));
    eprintln!("written: {}", html.join("index.html").display());
    tested
}

/// Finds the folder of the programs that read the counts; their version is the compiler's.
fn llvm_tools() -> Result<PathBuf, Failure> {
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let libraries = Path::new(sysroot.trim()).join("lib/rustlib");
    for entry in fs::read_dir(&libraries)? {
        let programs = entry?.path().join("bin");
        if programs.join("llvm-profdata").exists() {
            return Ok(programs);
        }
    }
    let install = "to measure coverage: rustup component add llvm-tools";
    Err(Failure(install.into()))
}

/// Returns the executables named in cargo's JSON messages.
fn programs(messages: &str) -> Vec<PathBuf> {
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let programs =
        messages.filter_map(|message: Value| Some(message["executable"].as_str()?.into()));
    programs.collect()
}

/// Formats a table in Markdown: the lines of each crate and the covered share, and the files with
/// the most uncovered lines.
fn table(summary: &Value, root: &Path) -> String {
    let mut crates: BTreeMap<String, [u64; 2]> = BTreeMap::new();
    let mut files = Vec::new();
    for file in summary["data"][0]["files"].as_array().into_iter().flatten() {
        let name = Path::new(file["filename"].as_str().unwrap_or_default());
        let name = name
            .strip_prefix(root)
            .unwrap_or(name)
            .display()
            .to_string();
        let count = |what: &str| file["summary"]["lines"][what].as_u64().unwrap_or(0);
        let (lines, covered) = (count("count"), count("covered"));
        let owner = name.split('/').next().unwrap_or_default().to_owned();
        let [all, reached] = crates.entry(owner).or_default();
        *all += lines;
        *reached += covered;
        files.push((lines.saturating_sub(covered), name));
    }
    let mut text = "| crate | lines | covered |\n|---|---|---|\n".to_owned();
    for (name, [lines, covered]) in &crates {
        let percent = *covered as f64 / (*lines).max(1) as f64 * 100.0;
        text.push_str(&format!("| `{name}` | {lines} | {percent:.1}% |\n"));
    }
    files.sort_by(|one, other| other.cmp(one));
    text.push_str("\n| not covered | lines |\n|---|---|\n");
    for (lines, name) in files.iter().take(40) {
        text.push_str(&format!("| `{name}` | {lines} |\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_summed_by_crate() {
        let file = |name: &str, count: u64, covered: u64| {
            serde_json::json!({"filename": name,
                "summary": {"lines": {"count": count, "covered": covered}}})
        };
        let files = [
            file("/w/a/src/x.rs", 60, 40),
            file("/w/a/src/y.rs", 40, 40),
            file("/w/b/src/z.rs", 0, 0),
        ];
        let summary = serde_json::json!({"data": [{"files": files}]});
        let text = table(&summary, Path::new("/w"));
        assert!(text.contains("| `a` | 100 | 80.0% |"), "{text}");
        assert!(text.contains("| `b` | 0 | 0.0% |"), "{text}");
        assert!(text.contains("| `a/src/x.rs` | 20 |"), "{text}");
    }

    #[test]
    fn programs_are_those_that_can_be_started() {
        let messages = "{\"executable\": \"/a\"}\n{\"executable\": null}\nnoise\n";
        assert_eq!(programs(messages), [PathBuf::from("/a")]);
    }
}
