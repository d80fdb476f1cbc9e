//! Every example runs and prints its results. `cargo test` builds them; a single
//! `cargo test -p research --test all` needs `cargo build --examples` before.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

/// Each example, and parts of its expected output.
const EXAMPLES: [(&str, &[&str]); 12] = [
    ("branches", &["the same errors: true", "8 branches: "]),
    (
        "domains",
        &[
            "a zip: a=[1, 2] @ b=[\"x\", \"y\"]\n    a=1, b=\"x\" (repetition 0)\n    a=2, b=\"y\"",
            "repetitions: a=[1, 2]\n    a=1 (repetition 0)\n    a=2 (repetition 0)\n    a=1 \
             (repetition 1)",
            "repeated at once: a=[1, 2]\n    a=1 (repetition 0)\n    a=1 (repetition 1)",
            "of Finite(1000000000000) configs:\n    the last is p0=999, p1=999, p2=999, p3=999",
        ],
    ),
    (
        "executor",
        &["a=1, b=10: 11, 12, 13 (finished)\na=2, b=10: 12, 13, 14 (finished)"],
    ),
    ("expressions", &["place", "difference", "expressions"]),
    ("generators", &["converged", "10 iterations with 0.4"]),
    (
        "hooks",
        &[
            "task: ",
            "  iteration 1 of ",
            "    half: Ok(Some(Value(Float(2.0))))",
            "task done",
        ],
    ),
    ("instances", &["end"]),
    ("pipelines", &["train_loss", "test_loss"]),
    ("power", &["power", "increment", "82"]),
    ("profile", &["(iteration)", "page_faults", "step", "epoch"]),
    ("progress", &["experiment 0 failed", "8 of 8", "root"]),
    (
        "results",
        &[
            "c_two-d_1",
            "y_mean",
            "its artifact: 1 x + 1",
            "id,c,d,iteration,y\n",
        ],
    ),
];

#[test]
fn every_example_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files = std::fs::read_dir(folder).unwrap();
    let files: BTreeSet<_> = files
        .map(|file| file.unwrap().path())
        // Examples with tests of their own are excluded.
        .filter(|path| {
            !std::fs::read_to_string(path)
                .unwrap()
                .contains("#[cfg(test)]")
        })
        .map(|path| path.file_stem().unwrap().to_owned())
        .collect();
    let listed = EXAMPLES.iter().map(|(name, _)| (*name).into());
    assert_eq!(files, listed.collect());
}

#[test]
fn every_example_runs() {
    // This program is in `deps`; the folder of the examples is beside that.
    let here = std::env::current_exe().unwrap();
    let folder = here.parent().unwrap().with_file_name("examples");
    let started: Vec<_> = EXAMPLES
        .iter()
        .map(|(name, expected)| {
            let example = Command::new(folder.join(name))
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap_or_else(|error| panic!("{name}: {error}: cargo build --examples"));
            (name, expected, example)
        })
        .collect();
    for (name, expected, example) in started {
        let output = example.wait_with_output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{name}: {errors}");
        for text in *expected {
            assert!(
                printed.contains(text),
                "{name} does not print {text:?}:\n{printed}{errors}"
            );
        }
    }
}
