//! `cargo xtask tidy`: the rules of the project that a program can check.
//!
//! No file may break a hard rule. A ratcheted rule has an allowance for each crate in
//! `xtask/allowances.txt`: the number of hits may only fall.

mod allowances;
mod circles;
mod code;
mod figures;
mod hit;
mod paths;
mod sources;
mod width;
mod words;

use crate::layers;
use crate::shell::{Failure, cargo, metadata, root};
use allowances::Allowances;
use hit::Hit;
use sources::{SourceFile, Sources};

/// The limit on the lines of a Rust file.
const MAX_LINES: usize = 450;

/// A rule with an allowance for each crate.
struct Rule {
    name: &'static str,
    find: fn(&Sources) -> Vec<Hit>,
}

const RULES: [Rule; 5] = [
    Rule {
        name: "width",
        find: width::find,
    },
    Rule {
        name: "words",
        find: words::find,
    },
    Rule {
        name: "paths",
        find: paths::find,
    },
    Rule {
        name: "circles",
        find: circles::find,
    },
    Rule {
        name: "libraries",
        find: code::find_program_code,
    },
];

/// Checks all rules.
pub(crate) fn check() -> Result<(), Failure> {
    let sources = Sources::read(&root())?;
    let mut problems = layers::problems()?;
    problems.extend(crates_without_lints()?);
    problems.extend(outdated_lock()?);
    for file in sources.rust() {
        problems.extend(file_problems(file).iter().map(Hit::to_string));
    }
    let allowances = Allowances::read()?;
    for rule in &RULES {
        problems.extend(allowances.exceeded(rule.name, &(rule.find)(&sources)));
    }
    if problems.is_empty() {
        eprintln!("tidy: all rules hold");
        return Ok(());
    }
    Err(Failure(format!("tidy:\n  {}", problems.join("\n  "))))
}

/// Prints every hit of a ratcheted rule, including those that are allowed.
pub(crate) fn show(name: &str) -> Result<(), Failure> {
    let Some(rule) = RULES.iter().find(|rule| rule.name == name) else {
        let names: Vec<_> = RULES.iter().map(|rule| rule.name).collect();
        let names = names.join(", ");
        return Err(Failure(format!("no rule `{name}` (available: {names})")));
    };
    for hit in (rule.find)(&Sources::read(&root())?) {
        println!("{hit}");
    }
    Ok(())
}

/// Lowers each allowance to the current number of hits.
pub(crate) fn lower() -> Result<(), Failure> {
    let sources = Sources::read(&root())?;
    let mut allowances = Allowances::read()?;
    for rule in &RULES {
        allowances.lower(rule.name, &(rule.find)(&sources));
    }
    allowances.write()
}

/// Prints the size of each crate: lines, public names, and hits of the ratcheted rules.
pub(crate) fn figures() -> Result<(), Failure> {
    let sources = Sources::read(&root())?;
    let hits = RULES.map(|rule| (rule.name, (rule.find)(&sources)));
    print!("{}", figures::table(&sources, &hits));
    Ok(())
}

/// Finds crates without the workspace's lints, which require the docs of every public item.
fn crates_without_lints() -> Result<Vec<String>, Failure> {
    let metadata = metadata()?;
    let mut problems = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let manifest = package["manifest_path"].as_str().unwrap_or_default();
        let text = std::fs::read_to_string(manifest)?;
        if !text.contains("[lints]\nworkspace = true\n") {
            problems.push(format!("{manifest} does not use the workspace's lints"));
        }
    }
    Ok(problems)
}

/// Checks that the lock file of the fuzz targets, which are a separate workspace, matches the
/// crates.
fn outdated_lock() -> Result<Option<String>, Failure> {
    let arguments = [
        "metadata",
        "--format-version=1",
        "--locked",
        "--offline",
        "--manifest-path=fuzz/Cargo.toml",
    ];
    let output = cargo(arguments).output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        return Ok(None);
    }
    if errors.contains("--locked was passed") {
        let update = "cargo metadata --manifest-path fuzz/Cargo.toml";
        return Ok(Some(format!("fuzz/Cargo.lock is outdated: run `{update}`")));
    }
    // Crates that only the fuzz targets use may not have been fetched yet.
    eprintln!("not checked: fuzz/Cargo.lock ({})", errors.trim());
    Ok(None)
}

fn file_problems(file: &SourceFile) -> Vec<Hit> {
    let mut problems = Vec::new();
    let lines = file.text.lines().count();
    if lines > MAX_LINES {
        let problem = format!("has {lines} lines, more than {MAX_LINES}: split it");
        problems.push(Hit::new(file, lines, problem));
    }
    let is_root = file.path.ends_with("src/lib.rs") || file.path.ends_with("src/main.rs");
    if is_root && !file.text.starts_with("//! ") {
        problems.push(Hit::new(file, 1, "does not begin with docs of the crate"));
    }
    // The words are split so that this file passes the check.
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat()];
    for (index, line) in file.text.lines().enumerate() {
        if marks.iter().any(|mark| line.contains(mark.as_str())) {
            problems.push(Hit::new(file, index + 1, "leaves something open"));
        }
    }
    let found = &file.code().problems;
    problems.extend(
        found
            .iter()
            .map(|(line, problem)| Hit::new(file, *line, problem)),
    );
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rules_hold() {
        check().unwrap();
    }

    #[test]
    fn problems_of_files_are_found() {
        let problems = |path: &str, text: &str| {
            let sources = Sources::of_files([(path, text)]);
            let file = sources.rust().next().unwrap();
            file_problems(file).len()
        };
        assert_eq!(problems("a/src/lib.rs", "fn main() {}\n"), 1);
        let long = "\n".repeat(MAX_LINES + 1);
        assert_eq!(problems("a/src/b.rs", &long), 1);
        let open = ["// TO", "DO\n"].concat();
        assert_eq!(problems("a/src/b.rs", &open), 1);
        assert_eq!(problems("a/src/lib.rs", "//! A crate.\n"), 0);
    }
}
