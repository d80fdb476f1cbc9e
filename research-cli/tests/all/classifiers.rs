//! The example study of scikit-learn models: each failure can be understood from `status` and
//! `show`, and an extension runs only what is new.

use std::env;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::python_with;

/// A domain of three fits, two of which fail.
const SMALL: &str = "model=[\"neighbors\"] * n_neighbors=[5, 500] + model=[\"logistic\"] * \
                     solver=[\"lbfgs\"] * l1_ratio=[1]";

/// Runs the program in a folder, with `python` as `python3`.
fn research(folder: &Path, python: &Path, arguments: &[&str]) -> Output {
    let programs = env::var_os("PATH").unwrap_or_default();
    let own = python.parent().unwrap().to_owned();
    let path = env::join_paths([own].into_iter().chain(env::split_paths(&programs)));
    Command::new(env!("CARGO_BIN_EXE_research"))
        .args(arguments)
        .env("PATH", path.unwrap())
        .current_dir(folder)
        .output()
        .unwrap()
}

fn text(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn failures_of_the_classifiers_are_explained_and_an_extension_runs_what_is_new() {
    let Some(python) = python_with("sklearn") else {
        return;
    };
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/classifiers");
    let folder = tempfile::tempdir().unwrap();
    for file in ["research.toml", "fit.py"] {
        std::fs::copy(example.join(file), folder.path().join(file)).unwrap();
    }
    let run = |arguments: &[&str]| research(folder.path(), &python, arguments);
    let dry_run = text(&run(&["run", "research.toml", "--dry-run"]), 0);
    assert!(
        dry_run.starts_with("classifiers: 198 experiments\n"),
        "{dry_run}"
    );

    let (small, long) = (format!("domain={SMALL}"), "timeout=10m");
    let once = ["--set", "n_reps=1", "--set", &small, "--set", long];
    text(
        &run(&[["run", "research.toml"].as_slice(), &once].concat()),
        1,
    );
    let status = text(&run(&["status", "classifiers"]), 0);
    for reason in [
        "1 × failed: ValueError: Expected n_neighbors <= n_samples_fit",
        "1 × failed: ValueError: Solver lbfgs supports only",
    ] {
        assert!(status.contains(reason), "{status}");
    }
    let question = "select id from experiments where n_neighbors = 500";
    let id = text(
        &run(&["query", "classifiers", question, "--format", "csv"]),
        0,
    );
    let shown = text(
        &run(&["show", "classifiers", id.lines().nth(1).unwrap()]),
        0,
    );
    for part in [
        "n_neighbors=500",
        "python3 fit.py 0",
        "ValueError: Expected n_neighbors",
        "research reproduce",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }

    // The linear SVM takes minutes, so the timeout expires, perhaps while scikit-learn is imported.
    let extended =
        format!("{small} + model=[\"svm\"] * scaled=[false] * kernel=[\"linear\"] * C=[1e9]");
    let resume = ["resume", "classifiers", "--file", "research.toml"];
    let settings = [
        "--set",
        "n_reps=1",
        "--set",
        &extended,
        "--set",
        "timeout=100ms",
    ];
    text(&run(&[resume.as_slice(), &settings].concat()), 1);
    let status = text(&run(&["status", "classifiers"]), 0);
    assert!(status.contains("4/4 experiments"), "{status}");
    assert!(status.contains("1 × timed out"), "{status}");
    let accuracies = text(
        &run(&[
            "results",
            "classifiers",
            "--var",
            "accuracy",
            "--format",
            "csv",
        ]),
        0,
    );
    assert_eq!(accuracies.lines().count(), 1 + 1, "{accuracies}");
}
