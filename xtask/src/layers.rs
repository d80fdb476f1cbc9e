//! Which crate may use which: the layers of ARCHITECTURE.md.

use crate::shell::{Failure, cargo, metadata, output};

/// Each crate with the workspace's crates that it may use.
const LAYERS: [(&str, &[&str]); 8] = [
    ("research-domain", &[]),
    ("research-core", &["research-domain"]),
    ("research-storage", &["research-core", "research-domain"]),
    ("research-monitor", &["research-core", "research-domain"]),
    ("research-exec", &["research-core", "research-domain"]),
    (
        "research",
        &[
            "research-core",
            "research-domain",
            "research-storage",
            "research-monitor",
            "research-exec",
        ],
    ),
    ("research-cli", &["research"]),
    ("xtask", &[]),
];

/// What an embedder of the domain alone must not get.
const NOT_IN_DOMAIN: [&str; 5] = ["ipc-channel", "indicatif", "console", "arrow-array", "nix"];

/// What is wrong with the layers.
pub(crate) fn problems() -> Result<Vec<String>, Failure> {
    let metadata = metadata()?;
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
            // To build and to test itself, too: each crate is tested alone.
            if is_ours && !allowed.contains(&used) {
                problems.push(format!("{name} must not use {used}"));
            }
        }
    }
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
