//! The files to which the rules apply.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::code::{self, Code};
use crate::shell::Failure;

/// The owner of files that belong to no crate.
const DOCUMENTS: &str = "documents";

/// All Rust and Markdown files, sorted by path.
pub(super) struct Sources(Vec<SourceFile>);

/// A Rust or Markdown file.
pub(super) struct SourceFile {
    /// The path from the workspace's root.
    pub(super) path: String,
    pub(super) text: String,
    /// The name of the crate, or `documents`.
    pub(super) owner: String,
    /// Whether only tests, benches and examples use the file.
    pub(super) is_test: bool,
    code: OnceCell<Code>,
}

impl SourceFile {
    /// Returns the findings in the file's tokens, which are parsed once.
    pub(super) fn code(&self) -> &Code {
        self.code
            .get_or_init(|| code::check(&self.text, self.is_test))
    }

    pub(super) fn is_markdown(&self) -> bool {
        self.path.ends_with(".md")
    }

    /// Whether the file is part of the crate itself.
    pub(super) fn is_in_src(&self) -> bool {
        self.path.contains("/src/")
    }
}

impl Sources {
    pub(super) fn read(root: &Path) -> Result<Self, Failure> {
        let mut files = Vec::new();
        for path in paths(root)? {
            let text = std::fs::read_to_string(&path)?;
            let path = path.strip_prefix(root).unwrap_or(&path);
            files.push((path.display().to_string(), text));
        }
        let is_crate = |folder: &str| root.join(folder).join("Cargo.toml").exists();
        Ok(Self::new(files, is_crate))
    }

    /// Creates sources for tests, in which every folder is a crate.
    #[cfg(test)]
    pub(super) fn of_files<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let files = files
            .into_iter()
            .map(|(path, text)| (path.to_owned(), text.to_owned()));
        Self::new(files.collect(), |_| true)
    }

    fn new(mut files: Vec<(String, String)>, is_crate: impl Fn(&str) -> bool) -> Self {
        files.sort();
        let tests = test_modules(&files);
        let file = |(path, text): (String, String)| {
            let folder = path.split_once('/').map(|(folder, _)| folder.to_owned());
            SourceFile {
                owner: folder
                    .filter(|folder| is_crate(folder))
                    .unwrap_or_else(|| DOCUMENTS.to_owned()),
                is_test: is_test(&path, &tests),
                path,
                text,
                code: OnceCell::new(),
            }
        };
        Self(files.into_iter().map(file).collect())
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &SourceFile> {
        self.0.iter()
    }

    pub(super) fn rust(&self) -> impl Iterator<Item = &SourceFile> {
        self.0.iter().filter(|file| !file.is_markdown())
    }

    /// Returns the names of the crates, and `documents`.
    pub(super) fn owners(&self) -> BTreeSet<&str> {
        self.0.iter().map(|file| file.owner.as_str()).collect()
    }
}

fn is_test(path: &str, test_modules: &[String]) -> bool {
    let in_folder = |name: &str| path.contains(&format!("/{name}/"));
    ["tests", "benches", "examples", "fuzz_targets"]
        .into_iter()
        .any(in_folder)
        || test_modules.iter().any(|module| {
            let rest = path.strip_prefix(module.as_str()).unwrap_or_default();
            rest == ".rs" || rest.starts_with('/')
        })
}

/// Returns the paths, without `.rs`, of modules that only tests use.
fn test_modules(files: &[(String, String)]) -> Vec<String> {
    let mut modules = Vec::new();
    // Parse only files that may declare such modules.
    let declares = |text: &str| text.contains("cfg(") && text.contains("mod ");
    for (path, text) in files.iter().filter(|(_, text)| declares(text)) {
        if !path.ends_with(".rs") {
            continue;
        }
        let path = Path::new(path);
        let owns_its_folder = ["lib.rs", "main.rs", "mod.rs"]
            .iter()
            .any(|name| path.ends_with(name));
        let folder = if owns_its_folder {
            path.parent().unwrap_or(path).to_owned()
        } else {
            path.with_extension("")
        };
        let names = code::check(text, true).test_modules;
        modules.extend(
            names
                .iter()
                .map(|name| folder.join(name).display().to_string()),
        );
    }
    modules
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
        } else if name.ends_with(".rs") || name.ends_with(".md") {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_tests_are_known() {
        let unwraps = "fn f() { x.unwrap() }";
        let root = "//! A.\n#[cfg(test)]\nmod model;\nmod real;";
        let sources = Sources::of_files([
            ("a/src/lib.rs", root),
            ("a/src/model.rs", unwraps),
            ("a/src/model/part.rs", unwraps),
            ("a/src/real.rs", unwraps),
            ("a/tests/all.rs", unwraps),
        ]);
        let problems: Vec<_> = sources
            .rust()
            .flat_map(|file| file.code().problems.iter().map(|_| file.path.as_str()))
            .collect();
        assert_eq!(problems, ["a/src/real.rs"]);
    }
}
