//! `cargo xtask test`: runs the checks and tests of the workspace.

use crate::python;
use crate::shell::{Failure, cargo, metadata, run};
use crate::tidy;
use crate::tools;

/// The Python packages of the spelling check, and of the tests that read Parquet files.
const PACKAGES: [&str; 5] = ["pandas", "pyarrow", "polars", "duckdb", "typos"];

/// Checks format, lints, docs and rules, and runs all tests.
pub(crate) fn all() -> Result<(), Failure> {
    python::is_there()?;
    // Checks that need a missing package are skipped with a note.
    if let Err(failure) = python::environment("python", &PACKAGES) {
        let packages = PACKAGES.join(" ");
        eprintln!("cannot install {packages} into target/python: {failure}");
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
    tests()
}

/// Checks the rules of the project, and runs all tests.
pub(crate) fn fast() -> Result<(), Failure> {
    python::is_there()?;
    tidy::check()?;
    build()?;
    tests()
}

/// Runs all tests, in more threads than there are processors, because most tests wait for
/// processes.
fn tests() -> Result<(), Failure> {
    let doctests = ["test", "--workspace", "--locked", "--doc"];
    if tools::is_there(&mut cargo(["nextest", "--version"])) {
        let flags = ["--workspace", "--locked", "--no-fail-fast"];
        run(cargo(["nextest", "run"]).args(flags))?;
        return run(&mut cargo(doctests));
    }
    let threads = 2 * std::thread::available_parallelism().map_or(1, usize::from);
    let mut command = cargo(["test", "--workspace", "--locked", "--no-fail-fast"]);
    run(command.env("RUST_TEST_THREADS", threads.to_string()))
}

/// Builds the executables that the tests start, above all the `research` program.
fn build() -> Result<(), Failure> {
    run(&mut cargo(["build", "--workspace", "--locked"]))
}

/// Disturbs runs at random, each with its own seed, and kills writers of logs five times as often.
pub(crate) fn chaos(runs: u64, seed: u64) -> Result<(), Failure> {
    let kills = runs.saturating_mul(5).to_string();
    run(cargo([
        "test",
        "--locked",
        "--package=research-storage",
        "--test=processes",
        "--",
        "killed_writer::",
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

/// Injects faults into runs, each case with its own seed.
pub(crate) fn faults(kind: Option<&str>, runs: u64, seed: u64) -> Result<(), Failure> {
    let mut command = cargo([
        "test",
        "--locked",
        "--package=research-cli",
        "--test=all",
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

/// Simulates the scheduler: one history for each seed.
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
        "scheduler::simulation::long",
    ]);
    command
        .env("SIM_SEEDS", seeds.to_string())
        .env("SIM_SEED", seed.to_string())
        .env("SIM_WORKERS", workers.to_string())
        .env("SIM_CONFIGS", configs.to_string());
    run(&mut command)
}

/// Lists the features of `research-results`.
fn features_of_results() -> Result<Vec<String>, Failure> {
    let metadata = metadata()?;
    let mut packages = metadata["packages"].as_array().into_iter().flatten();
    let results = packages.find(|package| package["name"] == "research-results");
    let features = results.and_then(|package| package["features"].as_object());
    let features =
        features.ok_or_else(|| Failure("cargo reports no features of research-results".into()))?;
    let names = features.keys().filter(|name| *name != "default");
    Ok(names.cloned().collect())
}

/// Builds with each feature alone and with none, and tests the features that no crate of the
/// workspace enables. Building polars takes minutes.
pub(crate) fn features() -> Result<(), Failure> {
    let none = String::new();
    for feature in features_of_results()?.iter().chain([&none]) {
        run(&mut cargo([
            "clippy",
            "--package=research-results",
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
        "--package=research-domain",
        "--locked",
        "--features=rayon",
        "--doc",
    ]))?;
    run(&mut cargo([
        "test",
        "--package=research-results",
        "--locked",
        "--features=arrow,polars",
        "--test=all",
        "--",
        "arrow::",
        "polars::",
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_what_cargo_says() {
        let features = features_of_results().unwrap();
        for feature in ["arrow", "parquet", "polars", "query"] {
            assert!(features.iter().any(|one| one == feature), "{features:?}");
        }
    }
}
