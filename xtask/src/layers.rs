//! The layers of ARCHITECTURE.md: the crates that each crate may use.

use serde_json::Value;

use crate::shell::{Failure, cargo, metadata, output};

/// Each crate with the crates of the workspace that it may use.
const LAYERS: [(&str, &[&str]); 11] = [
    ("research-domain", &[]),
    ("research-core", &["research-domain"]),
    ("research-process", &[]),
    (
        "research-storage",
        &["research-core", "research-domain", "research-process"],
    ),
    ("research-results", &["research-core", "research-domain"]),
    (
        "research-plot",
        &["research-core", "research-domain", "research-results"],
    ),
    ("research-monitor", &["research-core", "research-domain"]),
    (
        "research-exec",
        &["research-core", "research-domain", "research-process"],
    ),
    (
        "research",
        &[
            "research-core",
            "research-domain",
            "research-storage",
            "research-results",
            "research-plot",
            "research-monitor",
            "research-exec",
            "research-process",
        ],
    ),
    ("research-cli", &["research"]),
    ("xtask", &[]),
];

/// Crates that a program which embeds the domain alone must not get.
const NOT_IN_DOMAIN: [&str; 5] = ["ipc-channel", "indicatif", "console", "arrow-array", "nix"];

/// Finds dependencies that break the layers.
pub(crate) fn problems() -> Result<Vec<String>, Failure> {
    let mut problems = wrong_uses(&metadata()?);
    let tree = output(&mut cargo([
        "tree",
        "--package=research-domain",
        "--edges=normal",
        "--prefix=none",
        "--locked",
    ]))?;
    for banned in NOT_IN_DOMAIN {
        if tree
            .lines()
            .any(|line| line.split(' ').next() == Some(banned))
        {
            problems.push(format!("research-domain pulls in {banned}"));
        }
    }
    Ok(problems)
}

/// Finds the crates in the output of `cargo metadata` that use a crate above or beside them.
fn wrong_uses(metadata: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == name) else {
            problems.push(format!(
                "{name} is in no layer: add it to xtask/src/layers.rs"
            ));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let used = dependency["name"].as_str().unwrap_or_default();
            let is_ours = LAYERS.iter().any(|(layer, _)| *layer == used);
            // Includes build and test dependencies: each crate is tested alone.
            if is_ours && !allowed.contains(&used) {
                problems.push(format!("{name} must not use {used}"));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::shell::root;

    #[test]
    fn a_crate_that_uses_one_above_or_beside_it_is_found() {
        let package = |name: &str, uses: &str| {
            let dependencies = [
                json!({"name": "serde"}),
                json!({"name": uses, "kind": "dev"}),
            ];
            json!({"name": name, "dependencies": dependencies})
        };
        let packages = [
            package("research-core", "research-domain"),
            package("research-core", "research"),
            package("research-storage", "research-monitor"),
            package("research-new", "serde"),
        ];
        let problems = wrong_uses(&json!({"packages": packages}));
        assert_eq!(
            problems,
            [
                "research-core must not use research",
                "research-storage must not use research-monitor",
                "research-new is in no layer: add it to xtask/src/layers.rs",
            ]
        );
    }

    /// The third column of the table of crates in ARCHITECTURE.md lists the crates that each may
    /// use.
    #[test]
    fn the_layers_are_those_of_the_architecture() {
        let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
        let rows = text.lines().filter(|line| {
            line.starts_with("| `") && line.split('|').filter(|cell| !cell.is_empty()).count() == 3
        });
        let mut told = Vec::new();
        for row in rows {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let uses = match cells[3] {
                "–" => Vec::new(),
                "all above" => told
                    .iter()
                    .map(|(name, _): &(String, Vec<String>)| name.clone())
                    .collect(),
                uses => uses.split(", ").map(full_name).collect(),
            };
            told.push((cells[1].trim_matches('`').to_owned(), uses));
        }
        assert_eq!(told.len(), LAYERS.len(), "{told:?}");
        for (name, uses) in told {
            let (_, allowed) = LAYERS.iter().find(|(layer, _)| *layer == name).unwrap();
            let sorted = |mut names: Vec<String>| {
                names.sort();
                names
            };
            let allowed = allowed.iter().map(|&one| one.to_owned()).collect();
            assert_eq!(sorted(uses), sorted(allowed), "{name}");
        }
    }

    /// Returns the full name of a crate; the table has `core` for `research-core`.
    fn full_name(short: &str) -> String {
        match short.strip_prefix('`').and_then(|it| it.strip_suffix('`')) {
            Some(name) => name.to_owned(),
            None => format!("research-{short}"),
        }
    }
}
