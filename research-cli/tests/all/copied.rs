//! Copied and moved projects: the directory in which commands run.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{CommandOutput, Project};

/// Experiments fail until a file exists, and then save their directory.
const FILE: &str = r#"
name = "s"
seed = 1
[domain]
x = [1, 2]
[[unit]]
name = "where"
run = "./where.sh"
output = "text"
save_to = "where"
"#;

const SCRIPT: &str = "[ -e ready ] || exit 1\npwd\n";

/// A project in the folder `a`, whose research has failed.
fn project() -> Project {
    let project = Project::new();
    fs::create_dir(project.path("a")).unwrap();
    project.write("a/research.toml", FILE);
    project.script("a/where.sh", SCRIPT);
    let done = research(&project.path("a"), &["run", "research.toml"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    project.write("a/ready", "");
    project
}

fn research(folder: &Path, arguments: &[&str]) -> CommandOutput {
    let output = Command::new(env!("CARGO_BIN_EXE_research"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    CommandOutput {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-r").args([from, to]).status();
    assert!(status.unwrap().success());
}

/// The directories in which experiments ran.
#[track_caller]
fn assert_ran(research_folder: &Path, expected: &Path) {
    let name = research_folder.file_name().unwrap().to_str().unwrap();
    let base = research_folder.parent().unwrap();
    let results = research(base, &["results", name, "--format", "csv"]);
    let expected = format!(",{}\n", expected.canonicalize().unwrap().display());
    assert_eq!(
        results.stdout.matches(&expected).count(),
        2,
        "{expected}: {results:?}"
    );
}

/// Writes a record of earlier versions, which have only the absolute path of the directory.
fn age(research_folder: &Path) {
    let path = research_folder.join("research.json");
    let record = fs::read_to_string(&path).unwrap();
    let mut record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let removed = record
        .as_object_mut()
        .unwrap()
        .remove("directory_from_folder");
    assert!(removed.is_some(), "{record}");
    fs::write(path, record.to_string()).unwrap();
}

#[test]
fn a_copy_of_a_project_runs_in_the_copy() {
    let project = project();
    let (a, b) = (project.path("a"), project.path("b"));
    copy(&a, &b);
    let done = research(&b, &["resume", "s", "--failed"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(!done.stderr.contains("commands run in"), "{done:?}");
    assert_ran(&b.join("s"), &b);
    let results = research(&a, &["results", "s", "--format", "csv"]);
    assert!(
        !results.stdout.contains("/b"),
        "the original is as it was: {results:?}"
    );

    // In another directory, a message names the directory of the commands.
    copy(&a, &project.path("c"));
    let done = research(&project.path(""), &["resume", "c/s", "--failed"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let said = format!(
        "commands run in {}",
        project.path("c").canonicalize().unwrap().display()
    );
    assert!(
        done.stderr.contains(&said) && done.stderr.contains("--here"),
        "{done:?}"
    );
    assert_ran(&project.path("c/s"), &project.path("c"));

    let id = fs::read_to_string(project.path("c/s/research.json")).unwrap();
    assert!(id.contains("\"directory_from_folder\": \"..\""), "{id}");
}

#[test]
fn a_project_that_was_moved_runs_where_it_is() {
    let project = project();
    fs::rename(project.path("a"), project.path("b")).unwrap();
    let b = project.path("b");
    let done = research(&b, &["resume", "s", "--failed"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_ran(&b.join("s"), &b);
    // Only the folder of results moves, to another folder of the project.
    fs::create_dir(project.path("b/old")).unwrap();
    fs::rename(project.path("b/s"), project.path("b/old/s")).unwrap();
    let id = research(
        &b,
        &[
            "query",
            "old/s",
            "select id from experiments",
            "--format",
            "csv",
        ],
    );
    let id = id.stdout.lines().nth(1).unwrap().to_owned();
    let here = research(&b, &["reproduce", "old/s", &id, "--here"]);
    assert_eq!(here.code, Some(0), "{here:?}");
}

#[test]
fn here_runs_commands_in_the_current_directory() {
    let project = project();
    let elsewhere = project.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    project.script("elsewhere/where.sh", SCRIPT);
    project.write("elsewhere/ready", "");
    let done = research(&elsewhere, &["resume", "../a/s", "--failed", "--here"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(!done.stderr.contains("commands run in"), "{done:?}");
    assert_ran(&project.path("a/s"), &elsewhere);
}

#[test]
fn records_of_earlier_versions_run_in_the_original_directory_with_a_note() {
    let project = project();
    let (a, b) = (project.path("a"), project.path("b"));
    age(&a.join("s"));
    copy(&a, &b);
    let done = research(&b, &["resume", "s", "--failed"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let said = format!("commands run in {}", a.display());
    assert!(
        done.stderr.contains(&said) && done.stderr.contains("--here"),
        "{done:?}"
    );
    assert_ran(&b.join("s"), &a);

    let quiet = research(&project.path(""), &["resume", "a/s", "--failed", "--quiet"]);
    assert_eq!((quiet.code, &*quiet.stderr), (Some(0), ""), "{quiet:?}");

    // No command runs in the current directory by accident.
    fs::rename(&a, project.path("c")).unwrap();
    let c = project.path("c");
    fs::remove_dir_all(c.join("s")).unwrap();
    fs::remove_file(c.join("ready")).unwrap();
    let done = research(&c, &["run", "research.toml"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    age(&c.join("s"));
    project.write("c/ready", "");
    fs::rename(&c, project.path("d")).unwrap();
    let d = project.path("d");
    let gone = research(&d, &["resume", "s", "--failed"]);
    assert_eq!(gone.code, Some(2), "{gone:?}");
    assert!(
        gone.stderr.contains("does not exist") && gone.stderr.contains("--here"),
        "{gone:?}"
    );
    let here = research(&d, &["resume", "s", "--failed", "--here"]);
    assert_eq!(here.code, Some(0), "{here:?}");
    assert_ran(&d.join("s"), &d);
}

#[test]
fn copied_results_run_in_the_project() {
    let project = project();
    let (a, backup) = (project.path("a"), project.path("backup"));
    fs::create_dir(&backup).unwrap();
    copy(&a.join("s"), &backup);
    let done = research(&a, &["resume", "../backup/s", "--failed"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(!done.stderr.contains("commands run in"), "{done:?}");
    assert_ran(&backup.join("s"), &a);
}
