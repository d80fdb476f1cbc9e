//! House rules that a machine can hold.

mod code;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::layers;
use crate::shell::{Failure, cargo, metadata, root};

/// A file longer than this is hard to find one's way in.
const MOST_LINES: usize = 450;

/// Files that may be longer, each with the reason.
const LONGER: [(&str, &str); 0] = [];

/// Checks all house rules.
pub(crate) fn check() -> Result<(), Failure> {
    let files = sources(&root())?;
    let mut problems = layers::problems()?;
    problems.extend(unchecked_crates()?);
    problems.extend(old_lock()?);
    for (path, text) in &files {
        problems.extend(file_problems(path, text));
    }
    problems.extend(code_problems(&files));
    if problems.is_empty() {
        eprintln!("house rules hold");
        return Ok(());
    }
    Err(Failure(format!(
        "house rules do not hold:\n  {}",
        problems.join("\n  ")
    )))
}

/// Crates without the workspace's lints, which ask for the docs of every public item.
fn unchecked_crates() -> Result<Vec<String>, Failure> {
    let metadata = metadata()?;
    let mut problems = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let manifest = package["manifest_path"].as_str().unwrap_or_default();
        let text = std::fs::read_to_string(manifest)?;
        if !text.contains("[lints]\nworkspace = true\n") {
            problems.push(format!("{manifest} does not take the workspace's lints"));
        }
    }
    Ok(problems)
}

/// That the lock file of the fuzz targets, a workspace of their own, goes with the crates as they are.
fn old_lock() -> Result<Option<String>, Failure> {
    let arguments = [
        "metadata",
        "--format-version=1",
        "--locked",
        "--offline",
        "--manifest-path=fuzz/Cargo.toml",
    ];
    let asked = cargo(arguments).output()?;
    let said = String::from_utf8_lossy(&asked.stderr);
    if asked.status.success() {
        return Ok(None);
    }
    if said.contains("--locked was passed") {
        let update = "cargo metadata --manifest-path fuzz/Cargo.toml";
        return Ok(Some(format!("fuzz/Cargo.lock is old: {update}")));
    }
    // Crates that only they use may not have been fetched yet.
    eprintln!("not checked: fuzz/Cargo.lock ({})", said.trim());
    Ok(None)
}

fn file_problems(path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let lines = text.lines().count();
    let may_be_longer = LONGER.iter().any(|(file, _)| *file == path);
    if lines > MOST_LINES && !may_be_longer {
        problems.push(format!(
            "{path} has {lines} lines: split it, or give a reason in tidy.rs"
        ));
    }
    let opens_a_crate = path.ends_with("src/lib.rs") || path.ends_with("src/main.rs");
    if opens_a_crate && !text.starts_with("//! ") {
        problems.push(format!("{path} does not say what the crate is for"));
    }
    // Apart, so that this file can be looked at, too.
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat()];
    for (number, line) in text.lines().enumerate() {
        if marks.iter().any(|mark| line.contains(mark.as_str())) {
            problems.push(format!("{path}:{} leaves something open", number + 1));
        }
    }
    problems
}

fn code_problems(files: &BTreeMap<String, String>) -> Vec<String> {
    let tests = test_modules(files);
    let is_test = |path: &str| {
        let in_folder = |name: &str| path.contains(&format!("/{name}/"));
        ["tests", "benches", "examples", "fuzz_targets"]
            .into_iter()
            .any(in_folder)
            || tests.iter().any(|module| {
                let rest = path.strip_prefix(module.as_str()).unwrap_or_default();
                rest == ".rs" || rest.starts_with('/')
            })
    };
    let mut problems = Vec::new();
    for (path, text) in files {
        let found = code::look_at(text, is_test(path)).problems;
        problems.extend(
            found
                .iter()
                .map(|(line, what)| format!("{path}:{line} {what}")),
        );
    }
    problems
}

/// The modules in files of their own that only tests have: their paths, without `.rs`.
fn test_modules(files: &BTreeMap<String, String>) -> Vec<String> {
    let mut modules = Vec::new();
    for (path, text) in files {
        let path = Path::new(path);
        let owns_its_folder = ["lib.rs", "main.rs", "mod.rs"]
            .iter()
            .any(|name| path.ends_with(name));
        let folder = if owns_its_folder {
            path.parent().unwrap_or(path).to_owned()
        } else {
            path.with_extension("")
        };
        let names = code::look_at(text, true).test_modules;
        modules.extend(
            names
                .iter()
                .map(|name| folder.join(name).display().to_string()),
        );
    }
    modules
}

/// All Rust files of the workspace: their paths from its root, and what is in them.
fn sources(folder: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let mut files = BTreeMap::new();
    for path in paths(folder)? {
        let shown = path.strip_prefix(folder).unwrap_or(&path);
        files.insert(shown.display().to_string(), std::fs::read_to_string(&path)?);
    }
    Ok(files)
}

fn paths(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            if name != "target" && !name.starts_with('.') {
                found.extend(paths(&path)?);
            }
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn house_rules_hold() {
        check().unwrap();
    }

    #[test]
    fn problems_are_found() {
        assert_eq!(file_problems("a/src/lib.rs", "fn main() {}\n").len(), 1);
        let long = "\n".repeat(MOST_LINES + 1);
        assert_eq!(file_problems("a/src/b.rs", &long).len(), 1);
        let open = ["// TO", "DO\n"].concat();
        assert_eq!(file_problems("a/src/b.rs", &open).len(), 1);
        assert!(file_problems("a/src/lib.rs", "//! A crate.\n").is_empty());
    }

    #[test]
    fn code_that_only_tests_have_may_panic() {
        let unwraps = "fn f() { x.unwrap() }";
        let files = [
            (
                "a/src/lib.rs",
                "//! A.\n#[cfg(test)]\nmod model;\nmod real;",
            ),
            ("a/src/model.rs", unwraps),
            ("a/src/model/part.rs", unwraps),
            ("a/src/real.rs", unwraps),
            ("a/tests/all.rs", unwraps),
        ];
        let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let problems = code_problems(&BTreeMap::from(files));
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with("a/src/real.rs:1 "), "{problems:?}");
    }
}
