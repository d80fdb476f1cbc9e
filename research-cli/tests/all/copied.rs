//! Projects that were copied or moved: commands run where people expect it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::place::{Done, Place};

/// Experiments fail until there is a file, and then save where they ran.
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
fn project() -> Place {
    let place = Place::new();
    fs::create_dir(place.path("a")).unwrap();
    place.write("a/research.toml", FILE);
    place.script("a/where.sh", SCRIPT);
    let done = research(&place.path("a"), &["run", "research.toml"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    place.write("a/ready", "");
    place
}

fn research(folder: &Path, arguments: &[&str]) -> Done {
    let output = Command::new(env!("CARGO_BIN_EXE_research"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Done {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-r").args([from, to]).status();
    assert!(status.unwrap().success());
}

/// Where the experiments of a research ran.
#[track_caller]
fn assert_ran(research_folder: &Path, expected: &Path) {
    let name = research_folder.file_name().unwrap().to_str().unwrap();
    let base = research_folder.parent().unwrap();
    let results = research(base, &["results", name, "--format", "csv"]);
    let expected = format!(",{}\n", expected.canonicalize().unwrap().display());
    assert_eq!(
        results.out.matches(&expected).count(),
        2,
        "{expected}: {results:?}"
    );
}

/// Makes a record as earlier versions wrote it, which know the folder by its absolute path alone.
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
    let place = project();
    let (a, b) = (place.path("a"), place.path("b"));
    copy(&a, &b);
    let done = research(&b, &["resume", "s", "--failed"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(!done.err.contains("commands run in"), "{done:?}");
    assert_ran(&b.join("s"), &b);
    let results = research(&a, &["results", "s", "--format", "csv"]);
    assert!(
        !results.out.contains("/b"),
        "the original is as it was: {results:?}"
    );

    // From elsewhere it is said where.
    copy(&a, &place.path("c"));
    let done = research(&place.path(""), &["resume", "c/s", "--failed"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let said = format!(
        "commands run in {}",
        place.path("c").canonicalize().unwrap().display()
    );
    assert!(
        done.err.contains(&said) && done.err.contains("--here"),
        "{done:?}"
    );
    assert_ran(&place.path("c/s"), &place.path("c"));

    let id = fs::read_to_string(place.path("c/s/research.json")).unwrap();
    assert!(id.contains("\"directory_from_folder\": \"..\""), "{id}");
}

#[test]
fn a_project_that_was_moved_runs_where_it_is() {
    let place = project();
    fs::rename(place.path("a"), place.path("b")).unwrap();
    let b = place.path("b");
    let done = research(&b, &["resume", "s", "--failed"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_ran(&b.join("s"), &b);
    // Results alone, elsewhere in the project.
    fs::create_dir(place.path("b/old")).unwrap();
    fs::rename(place.path("b/s"), place.path("b/old/s")).unwrap();
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
    let id = id.out.lines().nth(1).unwrap().to_owned();
    let here = research(&b, &["reproduce", "old/s", &id, "--here"]);
    assert_eq!(here.code, Some(0), "{here:?}");
}

#[test]
fn here_is_where_commands_run_if_people_say_so() {
    let place = project();
    let elsewhere = place.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    place.script("elsewhere/where.sh", SCRIPT);
    place.write("elsewhere/ready", "");
    let done = research(&elsewhere, &["resume", "../a/s", "--failed", "--here"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(!done.err.contains("commands run in"), "{done:?}");
    assert_ran(&place.path("a/s"), &elsewhere);
}

#[test]
fn what_earlier_versions_have_recorded_runs_where_it_was_begun_and_says_so() {
    let place = project();
    let (a, b) = (place.path("a"), place.path("b"));
    age(&a.join("s"));
    copy(&a, &b);
    let done = research(&b, &["resume", "s", "--failed"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let said = format!("commands run in {}", a.display());
    assert!(
        done.err.contains(&said) && done.err.contains("--here"),
        "{done:?}"
    );
    assert_ran(&b.join("s"), &a);

    let quiet = research(&place.path(""), &["resume", "a/s", "--failed", "--quiet"]);
    assert_eq!((quiet.code, &*quiet.err), (Some(0), ""), "{quiet:?}");

    // Nothing is run in a folder that only happens to be the current one.
    fs::rename(&a, place.path("c")).unwrap();
    let c = place.path("c");
    fs::remove_dir_all(c.join("s")).unwrap();
    fs::remove_file(c.join("ready")).unwrap();
    let done = research(&c, &["run", "research.toml"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    age(&c.join("s"));
    place.write("c/ready", "");
    fs::rename(&c, place.path("d")).unwrap();
    let d = place.path("d");
    let gone = research(&d, &["resume", "s", "--failed"]);
    assert_eq!(gone.code, Some(2), "{gone:?}");
    assert!(
        gone.err.contains("does not exist") && gone.err.contains("--here"),
        "{gone:?}"
    );
    let here = research(&d, &["resume", "s", "--failed", "--here"]);
    assert_eq!(here.code, Some(0), "{here:?}");
    assert_ran(&d.join("s"), &d);
}

#[test]
fn results_that_were_copied_alone_run_in_the_project() {
    let place = project();
    let (a, backup) = (place.path("a"), place.path("backup"));
    fs::create_dir(&backup).unwrap();
    copy(&a.join("s"), &backup);
    let done = research(&a, &["resume", "../backup/s", "--failed"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(!done.err.contains("commands run in"), "{done:?}");
    assert_ran(&backup.join("s"), &a);
}
