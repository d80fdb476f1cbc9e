//! Starting the programs, and their shared functions.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use research::{CompletedRun, Research};

use crate::{forked, garbage, killed, lost, nested, stopped, usage};

/// A program: its name, and its function of its folder and its other arguments.
pub(crate) type Program = (&'static str, fn(&Path, &[String]));

/// The maximum number of processes of a program, more than any of them needs. Processes beyond it
/// exit at once, so that a fault cannot fill the machine with processes.
const MOST_STARTS: u64 = 40;

/// Runs a program by its name.
pub(crate) fn run(name: &str, folder: &Path, rest: &[String]) {
    count_start(folder);
    let programs = [
        forked::PROGRAMS,
        garbage::PROGRAMS,
        killed::PROGRAMS,
        lost::PROGRAMS,
        nested::PROGRAMS,
        stopped::PROGRAMS,
        usage::PROGRAMS,
    ]
    .concat();
    let program = programs.iter().find(|(known, _)| *known == name);
    let (_, program) = program.unwrap_or_else(|| panic!("there is no program `{name}`"));
    program(folder, rest);
}

fn starts_file(folder: &Path) -> PathBuf {
    folder.join("starts")
}

fn count_start(folder: &Path) {
    let mut file = OpenOptions::new();
    let mut file = file
        .create(true)
        .append(true)
        .open(starts_file(folder))
        .unwrap();
    file.write_all(b"*").unwrap();
    if file.metadata().unwrap().len() > MOST_STARTS {
        std::process::abort();
    }
}

/// Returns the number of times that `main` of a program began.
pub(crate) fn starts(folder: &Path) -> u64 {
    fs::metadata(starts_file(folder)).unwrap().len()
}

/// Returns a folder that is empty when a test begins.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("embedded")
        .join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

pub(crate) fn command(name: &str, folder: &Path, rest: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["program", name])
        .arg(folder)
        .args(rest)
        .stdin(Stdio::null());
    command
}

/// Starts a program in its own folder, and waits for its end.
pub(crate) fn start(name: &str, rest: &[&str]) -> (PathBuf, Output) {
    let folder = folder(&[&[name], rest].concat().join("-"));
    let output = command(name, &folder, rest).output().unwrap();
    (folder, output)
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Starts a second thread, which waits until the program ends, so that workers cannot be forked.
pub(crate) fn start_thread() {
    std::thread::spawn(|| {
        loop {
            std::thread::park();
        }
    });
}

/// Starts a second thread if the arguments request it.
pub(crate) fn thread_if_asked(rest: &[String]) {
    if rest.iter().any(|one| one == "threads") {
        start_thread();
    }
}

/// Ends the program with the error of the run, if there is one.
pub(crate) fn finish(research: Research) -> CompletedRun {
    research.run().unwrap_or_else(|error| {
        eprintln!("error: {error}");
        std::process::exit(2);
    })
}

/// Returns the values of a variable, in the order of the domain.
pub(crate) fn values(finished: &CompletedRun, variable: &str) -> Vec<String> {
    let results = finished.results().load().unwrap();
    let values = results.experiments().map(|one| {
        let value = one
            .variable(variable)
            .and_then(|variable| variable.column().get(0));
        value.map_or_else(|| "-".to_owned(), |value| value.to_string())
    });
    values.collect()
}
