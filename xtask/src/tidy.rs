//! House rules that a machine can hold.

use std::path::{Path, PathBuf};

use crate::layers;
use crate::shell::{Failure, root};

/// A file longer than this is hard to find one's way in.
const MOST_LINES: usize = 450;

/// Files that may be longer, each with the reason.
const LONGER: [(&str, &str); 0] = [];

/// Checks all house rules.
pub(crate) fn check() -> Result<(), Failure> {
    let mut problems = layers::problems()?;
    for path in sources(&root())? {
        let text = std::fs::read_to_string(&path)?;
        let shown = path
            .strip_prefix(root())
            .unwrap_or(&path)
            .display()
            .to_string();
        problems.extend(file_problems(&shown, &text));
    }
    if problems.is_empty() {
        eprintln!("house rules hold");
        return Ok(());
    }
    Err(Failure(format!(
        "house rules do not hold:\n  {}",
        problems.join("\n  ")
    )))
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
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let is_allowance = trimmed.starts_with("#[allow(") || trimmed.starts_with("#![allow(");
        let rest_of_file = text
            .lines()
            .skip(number)
            .take(10)
            .collect::<Vec<_>>()
            .join(" ");
        if is_allowance
            && !rest_of_file
                .split(']')
                .next()
                .unwrap_or_default()
                .contains("reason")
        {
            problems.push(format!(
                "{path}:{} allows something without a reason",
                number + 1
            ));
        }
        let marks = [
            ["TO", "DO"].concat(),
            ["FIX", "ME"].concat(),
            ["todo", "!("].concat(),
        ];
        if marks.iter().any(|mark| line.contains(mark.as_str())) {
            problems.push(format!("{path}:{} leaves something open", number + 1));
        }
    }
    problems
}

/// All Rust files of the workspace.
fn sources(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            if name != "target" && !name.starts_with('.') {
                files.extend(sources(&path)?);
            }
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
    Ok(files)
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
        assert_eq!(
            file_problems("a/src/b.rs", &"\n".repeat(MOST_LINES + 1)).len(),
            1
        );
        assert_eq!(
            file_problems("a/src/b.rs", "#[allow(unused)]\nfn f() {}\n").len(),
            1
        );
        assert!(file_problems("a/src/b.rs", "#[allow(unused, reason = \"so\")]\n").is_empty());
    }
}
