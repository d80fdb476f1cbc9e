//! `cargo xtask test`.

use crate::python;
use crate::shell::{Failure, cargo, metadata, run};
use crate::side_by_side;
use crate::tidy;
use crate::tools;

/// What checks spelling, and what reads our Parquet files in the tests.
const PACKAGES: [&str; 5] = ["pandas", "pyarrow", "polars", "duckdb", "typos"];

/// Everything.
pub(crate) fn all() -> Result<(), Failure> {
    python::is_there()?;
    // What runs without them is run all the same, and says what it leaves out.
    if let Err(failure) = python::environment("python", &PACKAGES) {
        let packages = PACKAGES.join(" ");
        eprintln!("not in target/python: {packages} (python3 -m venv, pip install): {failure}");
    }
    run(&mut cargo(["fmt", "--all", "--check"]))?;
    run(&mut cargo([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))?;
    tools::docs(false)?;
    tools::installed()?;
    tidy::check()?;
    build()?;
    run(&mut cargo(["test", "--workspace", "--locked"]))
}

/// House rules and tests.
pub(crate) fn fast() -> Result<(), Failure> {
    python::is_there()?;
    tidy::check()?;
    build()?;
    side_by_side::test()
}

/// The program first: the tests of the command line start it.
fn build() -> Result<(), Failure> {
    run(&mut cargo(["build", "--workspace", "--locked"]))
}

/// Runs that are disturbed at random, each from a seed of its own; and writers of a log, five times as
/// many, that are killed while they write.
pub(crate) fn chaos(runs: u64, seed: u64) -> Result<(), Failure> {
    let kills = runs.saturating_mul(5).to_string();
    run(cargo([
        "test",
        "--locked",
        "--package=research-storage",
        "--test=killed_writer",
    ])
    .env("RESEARCH_TEST_KILLS", kills))?;
    let (runs, seed) = (runs.to_string(), seed.to_string());
    run(&mut cargo([
        "test",
        "--locked",
        "--package=research-cli",
        "--test=chaos",
        "--",
        "--runs",
        &runs,
        "--seed",
        &seed,
    ]))
}

/// Faults that are injected from outside, each case from a seed of its own.
pub(crate) fn faults(kind: Option<&str>, runs: u64, seed: u64) -> Result<(), Failure> {
    let mut command = cargo([
        "test",
        "--locked",
        "--package=research-cli",
        "--test=cli",
        "--",
        "--nocapture",
        "faults::",
    ]);
    command
        .env("RESEARCH_TEST_FAULTS", runs.to_string())
        .env("RESEARCH_TEST_SEED", seed.to_string());
    if let Some(kind) = kind {
        command.env("RESEARCH_TEST_KIND", kind);
    }
    run(&mut command)
}

/// The distributor under simulation, each seed a history of its own.
pub(crate) fn simulate(seeds: u64, seed: u64, workers: u32, configs: u64) -> Result<(), Failure> {
    let mut command = cargo([
        "test",
        "--release",
        "--locked",
        "--package=research-exec",
        "--lib",
        "--",
        "--ignored",
        "--exact",
        "--nocapture",
        "distributor::simulation::long",
    ]);
    command
        .env("SIM_SEEDS", seeds.to_string())
        .env("SIM_SEED", seed.to_string())
        .env("SIM_WORKERS", workers.to_string())
        .env("SIM_CONFIGS", configs.to_string());
    run(&mut command)
}

/// The features of `research-storage`, each of which must build alone.
fn features_of_storage() -> Result<Vec<String>, Failure> {
    let metadata = metadata()?;
    let mut packages = metadata["packages"].as_array().into_iter().flatten();
    let storage = packages.find(|package| package["name"] == "research-storage");
    let features = storage.and_then(|package| package["features"].as_object());
    let features = features.ok_or_else(|| Failure("cargo tells of no features".into()))?;
    let names = features.keys().filter(|name| *name != "default");
    Ok(names.cloned().collect())
}

/// What the workspace's own builds leave out: each feature alone and none, and the tests of those
/// that nothing in the workspace asks for. Building polars takes minutes.
pub(crate) fn features() -> Result<(), Failure> {
    let none = String::new();
    for feature in features_of_storage()?.iter().chain([&none]) {
        run(&mut cargo([
            "clippy",
            "--package=research-storage",
            "--locked",
            "--all-targets",
            "--no-default-features",
            &format!("--features={feature}"),
            "--",
            "-D",
            "warnings",
        ]))?;
    }
    run(&mut cargo([
        "clippy",
        "--package=research",
        "--locked",
        "--no-default-features",
        "--",
        "-D",
        "warnings",
    ]))?;
    run(&mut cargo([
        "test",
        "--package=research-storage",
        "--locked",
        "--features=arrow,polars",
        "--test=arrow",
        "--test=frame",
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_what_cargo_says() {
        let features = features_of_storage().unwrap();
        for feature in ["arrow", "parquet", "plot", "polars", "query"] {
            assert!(features.iter().any(|one| one == feature), "{features:?}");
        }
    }
}
