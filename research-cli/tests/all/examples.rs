//! Runs the last config of each example in one executor.

use std::env;
use std::path::Path;
use std::process::Command;

use research::base::{Event, Status};
use research::domain::Iteration;
use research::exec::Executor;
use research::file::ResearchFile;

/// Returns the status, the iterations and the values of the last config of an example.
fn run_last(name: &str) -> (Status, u64, Vec<(String, usize)>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(name);
    // Programs start in the current directory.
    env::set_current_dir(folder).unwrap();
    let file = ResearchFile::load("research.toml".as_ref(), &[]).unwrap_or_else(|e| panic!("{e}"));
    let configs = file.domain.configs(&Iteration::default()).unwrap();
    let last = configs.size().unwrap().finite().unwrap() - 1;
    let config = configs.get(last).unwrap().unwrap().config;
    let mut events = Vec::new();
    let endings = Executor::new(file.experiment().unwrap())
        .options(&file.options)
        .run_configs([config], &mut events)
        .unwrap();
    let mut saved: Vec<(String, usize)> = Vec::new();
    for event in &events {
        if let Event::Values {
            variable, column, ..
        } = event
        {
            match saved.iter_mut().find(|(name, _)| **name == **variable) {
                Some((_, count)) => *count += column.len(),
                None => saved.push((variable.to_string(), column.len())),
            }
        }
    }
    saved.sort();
    (endings[0].status, endings[0].iterations, saved)
}

fn saved(names: &[(&str, usize)]) -> Vec<(String, usize)> {
    let pairs = names
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count));
    pairs.collect()
}

// This is one test, because the current folder belongs to the whole process.
#[test]
fn the_examples_run() {
    if Command::new("python3").arg("--version").output().is_err() {
        return;
    }
    assert_eq!(
        run_last("power"),
        (Status::Finished, 1, saved(&[("power", 1)]))
    );
    assert_eq!(
        run_last("compression"),
        (
            Status::Finished,
            1,
            saved(&[("ratio", 1), ("seconds", 1), ("size", 1)])
        )
    );
    assert_eq!(
        run_last("training"),
        (
            Status::Finished,
            20,
            saved(&[("converged", 1), ("loss", 20), ("slope", 20)])
        )
    );
}
